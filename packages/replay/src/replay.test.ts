import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { AnswerQueue, childId, describeDivergence, fingerprint, seededRandom } from './index.ts'
import type { Outcome } from './index.ts'

const PARENT = '019aa000-0000-7000-8000-000000000001'
const outcome = (v: number): Outcome => ({ kind: 'value', value: { v } })

test('the id of a child is a UUIDv7 of its time, always the same', () => {
  const id = childId(PARENT, 1, 1, 1_700_000_000_000)
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(Number.parseInt(id.slice(0, 13).replace('-', ''), 16), 1_700_000_000_000)
  assert.equal(childId(PARENT, 1, 1, 1_700_000_000_000), id)
})

test('no two of many children have one id', () => {
  const ids = new Set<string>()
  for (let parent = 0; parent < 20; parent++) {
    for (let generation = 1; generation <= 5; generation++) {
      for (let seq = 1; seq <= 2_000; seq++)
        ids.add(childId(`${PARENT}${parent}`, generation, seq, 0))
    }
  }
  assert.equal(ids.size, 200_000)
})

test('one bit of difference changes about half of a fingerprint', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.nat(6), (text, bit) => {
      const other = String.fromCharCode((text.charCodeAt(0) || 0) ^ (1 << bit)) + text.slice(1)
      if (other === text) return
      const difference =
        BigInt(`0x${fingerprint('call', 'x', text)}`) ^
        BigInt(`0x${fingerprint('call', 'x', other)}`)
      const bits = difference.toString(2).replaceAll('0', '').length
      assert.ok(bits > 8 && bits < 56, `${bits} bits`)
    }),
    { seed: 7, numRuns: 2_000 },
  )
})

test('kind, label and arguments are told apart', () => {
  assert.notEqual(fingerprint('call', 'ab', 'c'), fingerprint('call', 'a', 'bc'))
  assert.notEqual(fingerprint('call', 'a', ''), fingerprint('start', 'a', ''))
})

test('chance is even and repeats with its seed', () => {
  const random = seededRandom('seed')
  const buckets = new Array<number>(10).fill(0)
  for (let i = 0; i < 100_000; i++) {
    const value = random()
    assert.ok(value >= 0 && value < 1)
    const bucket = Math.floor(value * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500)
  const [one, same] = [seededRandom('seed'), seededRandom('seed')]
  assert.equal(one(), same())
  assert.notEqual(seededRandom('a')(), seededRandom('b')())
})

test('steps come before own answers, those before positioned ones, each in its order', () => {
  const queue = new AnswerQueue()
  queue.addPositioned([
    { position: 1, seq: 9, outcome: outcome(9), at: 5 },
    { position: 2, seq: 1, outcome: outcome(1), at: 6 },
  ])
  queue.addOwn(4, outcome(4))
  queue.addOwn(2, outcome(2))
  queue.addStep(7, outcome(7))
  queue.addStep(6, outcome(6))
  const own: number[] = []
  for (let due = queue.takeOwn(); due !== null; due = queue.takeOwn()) own.push(due.seq)
  assert.deepEqual(own, [6, 7, 2, 4])
  assert.equal(queue.takePositioned()?.seq, 9)
  queue.addPositioned([{ position: 2, seq: 1, outcome: outcome(1), at: 6 }])
  assert.equal(queue.waiting, 1)
})

// One that moved all the others forward with each answer would take minutes. The loop turns in between,
// so that the guard can end it.
test('any number of answers come out one by one', { timeout: 10_000 }, async () => {
  const many = 400_000
  const queue = new AnswerQueue()
  const seqs = Array.from({ length: many }, (_, at) => at + 1)
  queue.addPositioned(seqs.map((seq) => ({ position: seq, seq, outcome: outcome(seq), at: 0 })))
  for (const seq of seqs) queue.addOwn(seq, outcome(seq))
  for (const seq of seqs) {
    if (seq % 1_000 === 0) await setImmediate()
    assert.ok(queue.takeOwn()?.seq === seq)
    assert.ok(queue.takePositioned()?.seq === seq)
    assert.ok(queue.waiting === many - seq)
    if (seq % 100_000 === 1) {
      queue.addOwn(seq - 1, outcome(-1))
      assert.ok(queue.takeOwn()?.seq === seq - 1, 'what comes late comes before those after it')
    }
  }
  assert.deepEqual([queue.hasOwn(), queue.takeOwn(), queue.takePositioned()], [false, null, null])
})

test('a divergence is told with both calls and their lines', () => {
  const entry = { seq: 3, kind: 'call', label: 'a', line: 4, digest: 'x' } as const
  const now = { kind: 'call', label: 'a', line: 5, digest: 'y' } as const
  assert.match(
    describeDivergence(3, entry, now),
    /call 3: recorded was call "a" \(line 4\), the code now makes call "a" \(line 5\) with other arguments/,
  )
  assert.match(describeDivergence(3, null, now), /recorded was no call/)
  assert.match(describeDivergence(3, entry, null), /makes no further call/)
})
