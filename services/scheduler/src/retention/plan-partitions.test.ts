import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Partition } from '@millrace/store'
import { planPartitions } from './plan-partitions.ts'

const HOUR = 3_600_000
const partition = (from: number | null, to: number): Partition => ({
  of: 'log',
  name: `log_${to}`,
  from,
  to,
})
const plan = (at: number, partitions: readonly Partition[], keepMs = 0) =>
  planPartitions('log', { at, partitions, periodMs: HOUR, keepMs })
const ranges = (at: number, partitions: readonly Partition[]) =>
  plan(at, partitions).add.map(({ from, to }) => [from / HOUR, to / HOUR])

test('partitions follow the last one without a gap, until one whole period is there ahead', () => {
  const first = partition(null, 10.1 * HOUR)
  assert.deepEqual(ranges(10 * HOUR, [first]), [[10.1, 11]])
  const second = partition(10.1 * HOUR, 11 * HOUR)
  assert.deepEqual(ranges(10 * HOUR, [first, second]), [])
  assert.deepEqual(ranges(10.2 * HOUR, [first, second]), [[11, 12]])
})

test('after a time without a scheduler they begin at the next round hour, never in the past', () => {
  const old = partition(null, 2 * HOUR)
  assert.deepEqual(ranges(10.5 * HOUR, [old]), [[11, 12]])
  assert.deepEqual(ranges(10.5 * HOUR, []), [[11, 12]])
})

test('a partition is dropped when all that was born in it had its time', () => {
  const old = partition(null, 2 * HOUR)
  const { drop } = plan(5 * HOUR, [old], 2 * HOUR)
  assert.deepEqual(drop, [old])
  assert.deepEqual(plan(4 * HOUR, [old], 2 * HOUR).drop, [])
  assert.deepEqual(plan(99 * HOUR, [old]).drop, [])
})

test('whenever it is asked, what it adds neither overlaps nor lies in the past', () => {
  const steps = fc.array(fc.nat(5 * HOUR), { maxLength: 20 })
  fc.assert(
    fc.property(steps, (waits) => {
      let at = 1_000_000 * HOUR
      const partitions = [partition(null, at + 300_000)]
      for (const wait of waits) {
        at += wait
        for (const { from, to } of plan(at, partitions).add) {
          const end = partitions.at(-1)?.to ?? 0
          assert.ok(from >= end && from >= at && to > from && to - from <= HOUR)
          partitions.push(partition(from, to))
        }
        assert.ok((partitions.at(-1)?.to ?? 0) >= at + HOUR)
      }
    }),
    { seed: 7 },
  )
})
