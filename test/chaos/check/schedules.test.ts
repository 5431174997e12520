import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSchedules, type ScheduleRows } from './schedules.ts'

const NONE: ScheduleRows = { iterations: [], runs: [], flows: [], everySecond: [], oneByOne: [] }
const life = (id: string, createdAt: number, endedAt: number | null) => ({
  id,
  schedule: 's',
  createdAt,
  endedAt,
})
const flow = (
  id: string,
  scheduledAt: string | null,
  createdAt = 0,
  endedAt: number | null = 1,
) => ({
  ...life(id, createdAt, endedAt),
  scheduledAt,
})
const run = (second: number, more: Partial<ScheduleRows['runs'][number]> = {}) => ({
  schedule: 's',
  origin: 'TIMING',
  state: 'ENDED',
  plannedAt: second * 1_000,
  count: 1,
  execution: null,
  ...more,
})

const texts = (rows: Partial<ScheduleRows>): string[] =>
  checkSchedules({ ...NONE, ...rows }).map(({ invariant, text }) => `${invariant} ${text}`)

test('iterations that take turns are fine, two at a time are not', () => {
  assert.deepEqual(
    texts({ iterations: [life('a', 1, 2), life('b', 2, 3), life('c', 4, null)] }),
    [],
  )
  assert.deepEqual(texts({ iterations: [life('b', 2, 4), life('a', 1, 3)] }), [
    'I17 iterations a and b of s lived at the same time',
  ])
  assert.equal(texts({ iterations: [life('a', 1, null), life('b', 2, null)] }).length, 1)
  const other = { ...life('b', 2, null), schedule: 't' }
  assert.deepEqual(texts({ iterations: [life('a', 1, null), other] }), [])
})

test('a planned time that ran twice is found', () => {
  const runs = [run(1, { execution: 'a' }), run(2, { execution: 'b' })]
  assert.deepEqual(texts({ runs, flows: [flow('a', '1'), flow('b', '2')] }), [])
  assert.deepEqual(texts({ runs, flows: [flow('a', '1'), flow('b', '1')] }), [
    'I17 s 1 ran 2 times',
  ])
})

test('a second that nobody has decided about is found, and one that was decided twice', () => {
  const everySecond = ['s']
  assert.deepEqual(texts({ everySecond, runs: [run(3), run(1), run(2)] }), [])
  assert.deepEqual(texts({ everySecond, runs: [run(1, { count: 2 }), run(3)] }), [])
  assert.deepEqual(texts({ everySecond, runs: [run(1), run(4)] }), [
    'I17 2 seconds before 4 of s were never decided',
  ])
  assert.deepEqual(
    texts({ everySecond, runs: [run(1), run(1, { origin: 'TRIGGER' }), run(2)] }),
    [],
  )
  assert.deepEqual(texts({ everySecond, runs: [run(1), run(1)] }), [
    'I17 second 1 of s was decided twice',
  ])
})

test('runs that overlap where none may are found, and those that no book knows', () => {
  const flows = [flow('a', '1', 1, 5), flow('b', '2', 4, 6)]
  const runs = [run(1, { execution: 'a' }), run(2, { execution: 'b' })]
  assert.deepEqual(texts({ flows, runs }), [])
  assert.deepEqual(texts({ flows, runs, oneByOne: ['s'] }), ['I17 runs a and b of s overlap'])
  assert.deepEqual(texts({ flows: [flow('a', null)] }), ['I17 a is a run that no book knows'])
})
