import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { encodeFrame, FrameReader, type Frame } from './frames.ts'

const MAX_BYTES = 4_096

const read = (reader: FrameReader<unknown>, chunks: Iterable<Buffer>): Frame<unknown>[] =>
  [...chunks].flatMap((chunk) => [...reader.push(chunk)])

/** `bytes` in pieces that end at the places named, in any order. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

/** Bytes that are copied to put pieces together, from here to the end of the test. */
function countJoined(t: TestContext): () => number {
  const { concat } = Buffer
  let joined = 0
  t.mock.method(Buffer, 'concat', (...given: Parameters<typeof concat>) => {
    const all = concat(...given)
    joined += all.length
    return all
  })
  return () => joined
}

describe('frames', () => {
  const frames: Frame<unknown>[] = [
    { head: { type: 'done', id: 1 }, body: 'ünï ✓ 🦎' },
    { head: {}, body: '' },
    { head: { type: 'run', id: 2, realm: 3 }, body: '[1,2]' },
  ]
  const encoded = Buffer.concat(frames.map(({ head, body }) => encodeFrame(head, body)))

  it('are the same wherever they are cut', () => {
    for (let first = 0; first <= encoded.length; first += 1)
      for (let second = first; second <= encoded.length; second += 1) {
        const reader = new FrameReader(MAX_BYTES)
        assert.deepEqual(read(reader, cut(encoded, [first, second])), frames, `${first} ${second}`)
      }
  })

  it('are the same from one byte at a time', () => {
    const bytes = cut(encoded, [...encoded.keys()])
    assert.deepEqual(read(new FrameReader(MAX_BYTES), bytes), frames)
  })

  it('are the same in any pieces', () => {
    const frame = fc.record(
      {
        head: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        body: fc.string({ unit: 'binary' }),
      },
      { noNullPrototype: true },
    )
    const places = fc.array(fc.nat(), { maxLength: 40 })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), places, (sent, at) => {
        const bytes = Buffer.concat(sent.map(({ head, body }) => encodeFrame(head, body)))
        const chunks = cut(
          bytes,
          at.map((place) => place % (bytes.length + 1)),
        )
        assert.deepEqual(read(new FrameReader(MAX_BYTES), chunks), sent)
      }),
    )
  })

  it('go on where a reader that took only one of them stopped', () => {
    const reader = new FrameReader(MAX_BYTES)
    const [first, rest = Buffer.of()] = cut(encoded, [encoded.length - 1])
    for (const frame of reader.push(first ?? Buffer.of())) {
      assert.deepEqual(frame, frames[0])
      break
    }
    assert.deepEqual(read(reader, [rest]), frames.slice(1))
  })

  it('are joined once, when the last piece is there', (t) => {
    const bytes = encodeFrame({ id: 1 }, 'x'.repeat(256 * 1_024))
    const pieces = cut(
      bytes,
      Array.from({ length: 255 }, (_, index) => (index + 1) * 1_024),
    )
    const joined = countJoined(t)
    const reader = new FrameReader(bytes.length)
    assert.deepEqual(read(reader, pieces.slice(0, -1)), [])
    assert.equal(joined(), 0)
    assert.equal(read(reader, pieces.slice(-1)).length, 1)
    assert.equal(joined(), bytes.length)
  })

  it('are not copied when they come whole, however many in a piece', (t) => {
    const bytes = Buffer.concat(Array.from({ length: 200 }, () => encoded))
    const joined = countJoined(t)
    assert.equal(read(new FrameReader(MAX_BYTES), [bytes]).length, 600)
    assert.equal(joined(), 0)
  })

  it('copy nothing but their own bytes when they straddle two pieces', (t) => {
    const whole = Buffer.concat(Array.from({ length: 200 }, () => encoded))
    const bytes = Buffer.concat([encoded, whole])
    for (const place of [3, 20]) {
      const joined = countJoined(t)
      assert.equal(read(new FrameReader(MAX_BYTES), cut(bytes, [place])).length, 603)
      assert.ok(joined() <= encoded.length, `${joined()} of ${bytes.length} bytes`)
      t.mock.restoreAll()
    }
  })

  it('are refused by their lengths, before their bytes are kept', () => {
    const large = encodeFrame({}, 'x'.repeat(MAX_BYTES + 1))
    for (const chunk of [large.subarray(0, 8), large])
      assert.throws(() => read(new FrameReader(MAX_BYTES), [chunk]), /4099 bytes is too large/)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(1_024 * 1_024 + 1, 0)
    assert.throws(() => read(new FrameReader(MAX_BYTES), [head]), /too large/)
  })
})
