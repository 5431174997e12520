import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideRuns, type OpenRun, type RunsDecision, type RunsFacts } from './decide-runs.ts'
import type { Overlap } from './overlap.ts'

function decide(facts: Partial<RunsFacts>): RunsDecision {
  let made = 0
  return decideRuns({
    open: [],
    due: [],
    own: { kind: 'open' },
    refusal: null,
    newId: () => `new-${(made += 1)}`,
    ...facts,
  })
}

const due = (overlap: Overlap, ...times: number[]) =>
  times.map((plannedMs) => ({ plannedMs, overlap }))

const running = (id: string, more: Partial<OpenRun> = {}): OpenRun => ({
  id,
  lane: null,
  plannedMs: 1,
  overlap: 'skip',
  executionId: `x-${id}`,
  isLive: true,
  ...more,
})

const queued = (id: string, more: Partial<OpenRun> = {}): OpenRun =>
  running(id, { overlap: 'queue_all', executionId: null, isLive: false, ...more })

const states = ({ booked }: RunsDecision) =>
  booked.map(({ plannedMs, state }) => [plannedMs, state])

describe('a time that is due', () => {
  test('is started when nothing runs', () => {
    const decision = decide({ due: due('skip', 10) })
    assert.deepEqual(decision, {
      ended: [],
      started: [],
      skipped: [],
      booked: [
        {
          plannedMs: 10,
          overlap: 'skip',
          id: 'new-1',
          state: 'STARTED',
          reason: null,
          executionId: 'new-2',
        },
      ],
      cancelled: [],
      running: ['new-2'],
    })
  })

  test('is skipped while another runs, also one that was started a moment ago', () => {
    assert.deepEqual(states(decide({ open: [running('a')], due: due('skip', 10) })), [
      [10, 'SKIPPED'],
    ])
    const both = decide({ due: due('skip', 10, 20) })
    assert.deepEqual(states(both), [
      [10, 'STARTED'],
      [20, 'SKIPPED'],
    ])
    assert.match(both.booked[1]?.reason ?? '', /has not ended, and overlap is skip/)
  })

  test('is started beside others with allow', () => {
    const decision = decide({ open: [running('a')], due: due('allow', 10, 20) })
    assert.deepEqual(states(decision), [
      [10, 'STARTED'],
      [20, 'STARTED'],
    ])
    assert.deepEqual(decision.running, ['x-a', 'new-2', 'new-4'])
  })

  test('waits with queue_one, and the one after it does not', () => {
    assert.deepEqual(states(decide({ open: [running('a')], due: due('queue_one', 10, 20) })), [
      [10, 'QUEUED'],
      [20, 'SKIPPED'],
    ])
  })

  test('waits for its turn with queue_all', () => {
    assert.deepEqual(states(decide({ due: due('queue_all', 10, 20, 30) })), [
      [10, 'STARTED'],
      [20, 'QUEUED'],
      [30, 'QUEUED'],
    ])
  })

  test('waits for the end of what it cancels', () => {
    const decision = decide({
      open: [running('a'), queued('b')],
      due: due('cancel_running', 10),
    })
    assert.deepEqual(decision.cancelled, ['x-a'])
    assert.deepEqual(decision.skipped, [{ id: 'b', reason: 'a newer run took its place' }])
    assert.deepEqual(states(decision), [[10, 'QUEUED']])
  })

  test('is started at once with what it terminates', () => {
    const decision = decide({ open: [running('a')], due: due('terminate_running', 10, 20) })
    assert.deepEqual(states(decision), [
      [10, 'SKIPPED'],
      [20, 'STARTED'],
    ])
    assert.deepEqual(decision.cancelled, ['x-a'])
    assert.deepEqual(decision.running, ['new-4'])
    // The same without anything to wait for.
    const fresh = decide({ due: due('cancel_running', 10, 20) })
    assert.deepEqual([states(fresh)[1], fresh.cancelled], [[20, 'STARTED'], []])
  })

  test('that nobody can run says why', () => {
    const refusal = 'its flow is in the trash or gone'
    const decision = decide({ open: [queued('b')], due: due('skip', 10), refusal })
    assert.deepEqual(states(decision), [[10, 'SKIPPED']])
    assert.equal(decision.booked[0]?.reason, refusal)
    assert.deepEqual(decision.skipped, [{ id: 'b', reason: refusal }])
  })
})

describe('a run that waits', () => {
  test('is started when those before it have ended, one at a time', () => {
    const ended = running('a', { isLive: false })
    const decision = decide({ open: [ended, queued('b'), queued('c')] })
    assert.deepEqual(decision.ended, ['a'])
    assert.deepEqual(
      decision.started.map(({ run, executionId }) => [run.id, executionId]),
      [['b', 'new-1']],
    )
  })

  test('stays while its schedule is paused, and is given up when that is disabled', () => {
    const open = [queued('b')]
    assert.deepEqual(decide({ open, own: { kind: 'held' } }).started, [])
    const closed = decide({ open, own: { kind: 'closed', reason: 'the schedule was disabled' } })
    assert.deepEqual(closed.skipped, [{ id: 'b', reason: 'the schedule was disabled' }])
  })

  test('of a backfill waits for those of the backfill alone, whatever becomes of the schedule', () => {
    const lane = 'backfill'
    const open = [running('a'), queued('b', { lane }), queued('c', { lane })]
    const own = { kind: 'closed', reason: 'the schedule was disabled' } as const
    const decision = decide({ open, own })
    assert.deepEqual(
      decision.started.map(({ run }) => run.id),
      ['b'],
    )
    const all = [queued('d', { lane, overlap: 'allow' }), queued('e', { lane, overlap: 'allow' })]
    assert.equal(decide({ open: all, own }).started.length, 2)
  })
})
