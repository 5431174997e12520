import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { ConnectionFailure } from '../failure.ts'
import { tooLargeMessage } from '../output-limit.ts'
import { type Base64, toBase64 } from '../values/binary.ts'
import { parseJson } from '../values/parse-json.ts'
import type { HttpResponse } from './exchange.ts'
import type { RestInput } from './rest-input.ts'

/** The answer's body under the key that says what it is; none: it is empty. */
export type DecodedBody = { json: unknown } | { text: string } | Base64 | Record<string, never>

/** Throws ConnectionFailure PROTOCOL or TOO_LARGE; the outcome is known by then. */
export async function decodeBody(
  response: HttpResponse,
  input: Pick<RestInput, 'parse' | 'json_big_numbers' | 'max_output_size'>,
): Promise<DecodedBody> {
  const bytes = await decompress(response, input.max_output_size)
  if (bytes.length === 0) return {}
  const type = contentType(response)
  const kind = input.parse === 'auto' ? kindOf(type.media, type.charset, bytes) : input.parse
  if (kind === 'base64') return toBase64(bytes)
  const text = decodeText(bytes, type.charset)
  if (kind === 'text') return { text }
  try {
    return { json: parseJson(text, input.json_big_numbers) }
  } catch (cause) {
    throw new ConnectionFailure(
      'PROTOCOL',
      'The answer calls itself JSON and is not. Set parse: text to get it as it is.',
      {
        outcome: 'known',
        phase: 'receive',
        peerText: text.slice(0, 4_096),
        nativeCode: `http: ${response.status}`,
        cause,
      },
    )
  }
}

const DECODERS: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  // Servers send both of the formats that are called deflate.
  deflate: (bytes, options) =>
    promisify(inflate)(bytes, options).catch(() => promisify(inflateRaw)(bytes, options)),
}

async function decompress(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const encodings = valueOf(response, 'content-encoding')
    .split(',')
    .map((name) => name.trim().toLowerCase())
  let bytes = response.body
  for (const encoding of encodings.toReversed()) {
    if (encoding === '' || encoding === 'identity' || bytes.length === 0) continue
    const decode = DECODERS[encoding]
    if (decode === undefined)
      throw undecodable(`content-encoding ${encoding} is not known`, response)
    const limit = Math.max(bytes.length * BOMB_RATIO, BOMB_FREE_BYTES)
    try {
      bytes = await decode(bytes, { maxOutputLength: Math.min(limit, maxBytes) })
    } catch (error) {
      const isFull = error instanceof RangeError
      if (isFull && limit > maxBytes)
        throw new ConnectionFailure('TOO_LARGE', tooLargeMessage(maxBytes), { outcome: 'known' })
      throw undecodable(
        isFull ? `the answer grows more than ${BOMB_RATIO} times when unpacked` : String(error),
        response,
      )
    }
  }
  return bytes
}

// A hundred times is more than honest text packs; below a mebibyte nobody is harmed.
const BOMB_RATIO = 100
const BOMB_FREE_BYTES = 1_048_576

const undecodable = (why: string, response: HttpResponse): ConnectionFailure =>
  new ConnectionFailure('PROTOCOL', `The answer could not be unpacked: ${why}.`, {
    outcome: 'known',
    phase: 'receive',
    nativeCode: `http: ${response.status}`,
  })

export const valueOf = (response: Pick<HttpResponse, 'headers'>, header: string): string =>
  response.headers.find(({ name }) => name === header)?.value ?? ''

function contentType(response: HttpResponse): { media: string; charset: string | null } {
  const [media = '', ...parameters] = valueOf(response, 'content-type').split(';')
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)"?/i.exec(parameter)?.[1])
    .find(Boolean)
  return { media: media.trim().toLowerCase(), charset: charset ?? null }
}

function kindOf(media: string, charset: string | null, bytes: Buffer): 'json' | 'text' | 'base64' {
  if (/^application\/json$|\+json$|^text\/json$/.test(media)) return 'json'
  if (
    charset !== null ||
    /^text\/|[/+]xml$|javascript$|x-www-form-urlencoded$|[/+]yaml$/.test(media)
  )
    return 'text'
  if (media === '') return isUtf8(bytes) ? 'text' : 'base64'
  return 'base64'
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return !bytes.includes(0)
  } catch {
    return false
  }
}

/** The charset of the header, then the byte order mark, then UTF-8. */
function decodeText(bytes: Buffer, charset: string | null): string {
  if (charset !== null)
    try {
      return new TextDecoder(charset).decode(bytes)
    } catch {
      // A charset that nobody knows is treated as none.
    }
  if (bytes[0] === 255 && bytes[1] === 254) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 254 && bytes[1] === 255) return new TextDecoder('utf-16be').decode(bytes)
  return new TextDecoder('utf-8').decode(bytes)
}
