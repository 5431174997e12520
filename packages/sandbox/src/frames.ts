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

/**
 * Puts frames together from chunks. Throws at a frame larger than `maxBytes` before keeping it. Chunks
 * are joined when a frame is whole, once: what one message costs grows with its size alone, however
 * small the pieces in which it comes.
 */
export class FrameReader<Head> {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  /** Bytes of all chunks. */
  #size = 0
  /** Bytes with which there is something to read: lengths, or the whole frame once they are known. */
  #needed = LENGTHS

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  *push(chunk: Buffer): Generator<Frame<Head>> {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (this.#size >= this.#needed) {
      const lengths = this.#first(LENGTHS)
      const head = lengths.readUInt32BE(0)
      const body = lengths.readUInt32BE(4)
      if (head > HEAD_MAX || body > this.#maxBytes)
        throw new Error(`a frame of ${head + body} bytes is too large`)
      const size = LENGTHS + head + body
      if (this.#size < size) {
        this.#needed = size
        return
      }
      const frame = this.#first(size)
      this.#drop(size)
      this.#needed = LENGTHS
      yield {
        head: JSON.parse(frame.toString('utf8', LENGTHS, LENGTHS + head)) as Head,
        body: frame.toString('utf8', LENGTHS + head, size),
      }
    }
  }

  /** The first `size` bytes, and what else their chunk has: copied when they are in several. */
  #first(size: number): Buffer {
    const [chunk] = this.#chunks
    return chunk !== undefined && chunk.length >= size ? chunk : Buffer.concat(this.#chunks, size)
  }

  #drop(size: number): void {
    this.#size -= size
    let left = size
    for (const [index, chunk] of this.#chunks.entries()) {
      if (left < chunk.length) {
        this.#chunks = [chunk.subarray(left), ...this.#chunks.slice(index + 1)]
        return
      }
      left -= chunk.length
    }
    this.#chunks = []
  }
}
