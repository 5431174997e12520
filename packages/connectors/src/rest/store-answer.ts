import { pipeline, Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { ServiceError } from '@millrace/runtime'
import { ConnectionFailure } from '../failure.ts'
import type { StoredContent, WorkspaceFiles } from '../workspace-files.ts'
import { valueOf } from './decode.ts'
import type { ResponseHead } from './exchange.ts'

/** What is told of an answer that became a file. */
export interface StoredAnswer extends StoredContent {
  readonly name: string
  readonly content_type: string | null
}

/**
 * Stores the body of an answer as a file while it arrives, unpacked; never more of it is in memory
 * than a few pieces. Rejects with what went wrong, and the file is then as it was.
 */
export async function storeAnswer(
  head: ResponseHead,
  body: Readable,
  { name, files }: { readonly name: string; readonly files: WorkspaceFiles },
): Promise<StoredAnswer> {
  const contentType = valueOf(head, 'content-type').slice(0, 256) || null
  try {
    const stored = await files.save({ name, bytes: unpacked(head, body), contentType })
    return { name, ...stored, content_type: contentType }
  } catch (error) {
    throw asFailure(error, head)
  }
}

function unpacked(head: ResponseHead, body: Readable): AsyncIterable<Uint8Array> {
  const encodings = valueOf(head, 'content-encoding')
    .split(',')
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== '' && encoding !== 'identity')
  if (encodings.length === 0) return body
  const packed = { bytes: 0 }
  let stream: Readable = Readable.from(counted(body, packed), { objectMode: false })
  for (const encoding of encodings.toReversed()) {
    const unpack = UNPACKERS[encoding]
    if (unpack === undefined) throw unreadable(`content-encoding ${encoding} is not known`, head)
    // Whatever fails ends all of them, and is thrown to whoever reads the last.
    stream = pipeline(stream, unpack(), () => undefined)
  }
  return guarded(stream, packed, head)
}

const UNPACKERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  deflate: () => createInflate(),
}

interface Count {
  bytes: number
}

async function* counted(body: AsyncIterable<Buffer>, count: Count): AsyncGenerator<Buffer> {
  for await (const part of body) {
    count.bytes += part.length
    yield part
  }
}

async function* guarded(
  bytes: AsyncIterable<Uint8Array>,
  packed: Readonly<Count>,
  head: ResponseHead,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const part of bytes) {
    size += part.length
    if (size > Math.max(packed.bytes * BOMB_RATIO, BOMB_FREE_BYTES))
      throw unreadable(`the answer grows more than ${BOMB_RATIO} times when unpacked`, head)
    yield part
  }
}

// As for answers in memory (decode.ts).
const BOMB_RATIO = 100
const BOMB_FREE_BYTES = 1_048_576

/** The far side has answered by then; what failed is on our side, or in what it sent. */
function asFailure(error: unknown, head: ResponseHead): unknown {
  if (error instanceof ServiceError && error.retryable)
    return new ConnectionFailure(
      'PROTOCOL',
      `The far side has done what it was asked for; the files of this workspace could not be written for a moment, and its answer was not kept (${error.message}).`,
      { outcome: 'known', phase: 'receive', ownAbsence: true, cause: error },
    )
  if (error instanceof ServiceError)
    return new ConnectionFailure(
      error.code === 'tooLarge' ? 'TOO_LARGE' : 'PROTOCOL',
      `The answer could not be stored as a file: ${error.message}`,
      { outcome: 'known', phase: 'receive', cause: error },
    )
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(?:Z_|ERR__ERROR_|ERR_BROTLI)/.test(code) ? unreadable(code, head) : error
}

const unreadable = (why: string, { status }: ResponseHead): ConnectionFailure =>
  new ConnectionFailure('PROTOCOL', `The answer could not be unpacked: ${why}.`, {
    outcome: 'known',
    phase: 'receive',
    nativeCode: `http: ${status}`,
  })
