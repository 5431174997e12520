import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createPacketFilter, type JudgeRow } from './packet-filter.ts'

function packet(code: string, ...body: (Buffer | string)[]): Buffer {
  const whole = Buffer.concat([
    Buffer.from(`${code}....`),
    ...body.map((part) => Buffer.from(part)),
  ])
  whole.writeUInt32BE(whole.length - 1, 1)
  return whole
}
const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255])
const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value)])
const columns = (count: number): Buffer => packet('T', int16(count), Buffer.alloc(19 * count))
const row = (...values: (string | null)[]): Buffer =>
  packet(
    'D',
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
  )
const error = packet('E', 'SERROR\0C22012\0Mdivision by zero\0\0')
const notice = packet('N', 'SNOTICE\0Mhello\0\0')
const ready = packet('Z', 'I')

/** What passes of `bytes` when they come in pieces of `size`. */
function passed(bytes: Buffer, judgeRow: JudgeRow = () => true, size = bytes.length): Buffer[] {
  const filter = createPacketFilter()
  filter.expectRows(judgeRow)
  const packets: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size)
    filter.take(bytes.subarray(at, at + size), (one) => packets.push(Buffer.from(one)))
  return packets
}

test('packets pass whole, in order, whatever the pieces in which they come', () => {
  const kept = [columns(2), row('a', null), row('', 'long '.repeat(50)), error, ready]
  const [first, ...rest] = kept
  const sent = Buffer.concat([first ?? '', notice, ...rest].map((part) => Buffer.from(part)))
  for (let size = 1; size <= sent.length; size += 1)
    assert.deepEqual(
      passed(sent, () => true, size),
      kept,
      `pieces of ${size}`,
    )
})

test('a row is judged by its size before it comes, and dropped when nobody wants it', () => {
  const sizes: number[] = []
  const judge = (bytes: number): boolean => sizes.push(bytes) !== 1
  const [unwanted, wanted] = [row('x'.repeat(1_000)), row('y')]
  const sent = Buffer.concat([columns(1), unwanted, wanted, ready])
  assert.deepEqual(passed(sent, judge, 7), [columns(1), wanted, ready])
  assert.deepEqual(sizes, [unwanted.length - 1, wanted.length - 1])

  const refusal = new Error('too large')
  const head = Buffer.concat([columns(1), unwanted.subarray(0, 5)])
  const refuse = (): boolean => {
    throw refusal
  }
  assert.throws(() => passed(head, refuse), refusal)
})

suite('what pg would not survive is refused', () => {
  const BROKEN: readonly (readonly [string, Buffer])[] = [
    ['a packet shorter than its header', Buffer.from('Z\0\0\0\x03')],
    ['a row without a body', packet('D')],
    ['a row with other columns than announced', Buffer.concat([columns(2), row('a')])],
    [
      'a value that points back',
      Buffer.concat([columns(2), packet('D', int16(2), int32(4), 'abcd', int32(-12))]),
    ],
    [
      'a value past the end of its row',
      Buffer.concat([columns(1), packet('D', int16(1), int32(9))]),
    ],
    ['a row with more than its values', Buffer.concat([columns(0), packet('D', int16(0), 'more')])],
    ['an error without an end', packet('E', 'S')],
    ['an error whose last field has no end', packet('E', 'SERROR\0')],
    ['an error whose last field has no value', packet('E', 'SERROR\0M')],
    ['an error that would fill the memory', Buffer.from([69, 127, 255, 255, 255])],
    ['a description of columns that would', Buffer.from([84, 0, 16, 0, 1])],
    ['small packets without end', Buffer.concat(Array.from({ length: 200_000 }, () => ready))],
  ]
  for (const [name, bytes] of BROKEN)
    test(name, () => {
      assert.throws(() => passed(bytes))
    })

  test('rows before any statement', () => {
    const filter = createPacketFilter()
    const rows = Buffer.concat([
      columns(1),
      ...Array.from({ length: 1_100 }, () => row('x'.repeat(1_000))),
    ])
    assert.throws(() => filter.take(rows, () => undefined), { code: 'PROTOCOL' })
  })
})

test('what is sent beside rows is counted for each statement by itself, and what is dropped never', () => {
  const filter = createPacketFilter()
  const many = Buffer.concat(Array.from({ length: 150_000 }, () => ready))
  const notices = Buffer.concat(Array.from({ length: 100_000 }, () => notice))
  for (let statement = 0; statement < 3; statement += 1) {
    filter.expectRows(() => true)
    filter.take(Buffer.concat([notices, many]), () => undefined)
  }
})
