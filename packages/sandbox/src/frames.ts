/**
 * One message between the engine's side and a sandbox process: the lengths of both parts as 32-bit
 * big-endian numbers, then a small JSON head, then a body that only its receiver reads.
 */
export interface Frame<Head> {
  readonly head: Head
  readonly body: string
}

const LENGTHS = 8
const HEAD_MAX = 1024 * 1024

export function encodeFrame(head: unknown, body: string): Buffer {
  const headText = JSON.stringify(head)
  const headBytes = Buffer.byteLength(headText)
  const bodyBytes = Buffer.byteLength(body)
  const frame = Buffer.allocUnsafe(LENGTHS + headBytes + bodyBytes)
  frame.writeUInt32BE(headBytes, 0)
  frame.writeUInt32BE(bodyBytes, 4)
  frame.write(headText, LENGTHS)
  frame.write(body, LENGTHS + headBytes)
  return frame
}

/** Puts frames together from chunks. Throws at a frame larger than `maxBytes` before keeping it. */
export class FrameReader<Head> {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #size = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  *push(chunk: Buffer): Generator<Frame<Head>> {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (this.#size >= LENGTHS) {
      const first = this.#joined(LENGTHS)
      const head = first.readUInt32BE(0)
      const body = first.readUInt32BE(4)
      if (head > HEAD_MAX || body > this.#maxBytes)
        throw new Error(`a frame of ${head + body} bytes is too large`)
      const size = LENGTHS + head + body
      if (this.#size < size) return
      const frame = this.#joined(size)
      this.#chunks = size < frame.length ? [frame.subarray(size)] : []
      this.#size = frame.length - size
      yield {
        head: JSON.parse(frame.toString('utf8', LENGTHS, LENGTHS + head)) as Head,
        body: frame.toString('utf8', LENGTHS + head, size),
      }
    }
  }

  /** All chunks as one when the first is shorter than `size`. */
  #joined(size: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && (first.length >= size || this.#chunks.length === 1)) {
      if (this.#chunks.length === 1) return first
    }
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
