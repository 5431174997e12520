import { invalid, malformed } from '../problem.ts'

/** Bytes in other clothes, a piece at a time: contents are larger than memory. */

type Bytes = AsyncIterable<Uint8Array>

/** How a content is written over HTTP. */
export const FILE_ENCODINGS = ['bytes', 'text', 'base64'] as const
export type FileEncoding = (typeof FILE_ENCODINGS)[number]

export async function* toBase64(bytes: Bytes): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const part of bytes) {
    const all = rest.length === 0 ? Buffer.from(part) : Buffer.concat([rest, part])
    const whole = all.length - (all.length % 3)
    rest = all.subarray(whole)
    if (whole > 0) yield Buffer.from(all.toString('base64', 0, whole))
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'))
}

/** Throws `invalid` for what is no base64. Line breaks and blanks are passed over. */
export async function* fromBase64(bytes: Bytes): AsyncGenerator<Buffer> {
  let rest = ''
  let isOver = false
  for await (const part of bytes) {
    const text =
      rest +
      Buffer.from(part)
        .toString('latin1')
        .replaceAll(/[\t\n\r ]/g, '')
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || (isOver && text !== '')) throw notBase64()
    const whole = text.length - (text.length % 4)
    rest = text.slice(whole)
    // Nothing may follow a group that is filled up.
    isOver ||= text.slice(0, whole).endsWith('=')
    if (whole > 0) yield Buffer.from(text.slice(0, whole), 'base64')
  }
  if (rest === '') return
  const last = rest.replace(/=+$/, '')
  if (last.length < 2) throw notBase64()
  yield Buffer.from(last, 'base64')
}

/** The same bytes. Throws `invalid` as soon as they are no UTF-8. */
export async function* asText(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const part of bytes) {
    decodeOrThrow(decoder, part)
    yield part
  }
  decodeOrThrow(decoder, null)
}

/** Reads it to its end to see whether it is UTF-8; returns its length. */
export async function checkText(bytes: Bytes): Promise<number> {
  let size = 0
  for await (const part of asText(bytes)) size += part.length
  return size
}

/** What a client sends, with a sentence for a connection that breaks. */
export async function* received(bytes: Bytes): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch {
    throw malformed('The upload broke off. Nothing was changed; send it again.')
  }
}

/** Bytes of the base64 text of so many bytes. */
export const base64Length = (size: number): number => Math.ceil(size / 3) * 4

function decodeOrThrow(decoder: TextDecoder, part: Uint8Array | null): void {
  try {
    if (part === null) decoder.decode()
    else decoder.decode(part, { stream: true })
  } catch {
    throw invalid([
      { pointer: '/as', message: 'is text, and the content is not UTF-8; use bytes or base64' },
    ])
  }
}

const notBase64 = () =>
  invalid([{ pointer: '/as', message: 'is base64, and the body is not; send it as bytes' }])
