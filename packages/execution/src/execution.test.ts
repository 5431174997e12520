import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create } from './create.ts'
import type { Event } from './event.ts'
import type { Decision, Execution } from './execution.ts'
import { decide } from './execution.ts'
import { cover, uncover } from './state.ts'
import { EXECUTION_TYPES, isIdle } from './status.ts'
import type { WaitKind } from './wait.ts'

const ready = create({ scheduledFor: null, paused: false })
const answer = (
  seq: number,
  type: 'dependenciesMet' | 'lockGranted' | 'waitTimedOut' = 'lockGranted',
) => ({ type, generation: 1, seq }) as const
const parked = (version: number, consumed: number, ...opened: [number, WaitKind][]): Event => ({
  type: 'parked',
  version,
  consumed,
  opened: opened.map(([seq, kind]) => ({ seq, kind })),
})

function after(start: Execution, ...events: Event[]): Execution {
  let now = start
  for (const event of events) {
    const decision = decide(now, event)
    assert.ok('next' in decision, `${event.type}: ${JSON.stringify(decision)}`)
    now = decision.next
  }
  return now
}

function refusal(decision: Decision): string {
  return decision.kind === 'refused' ? decision.why : decision.kind
}

describe('an execution', () => {
  test('is born ready, for later, or held back over either', () => {
    const base = { version: 1, epoch: 0, generation: 1, recoveries: 0, answered: 0 }
    const start = [{ seq: 0, kind: 'START' }]
    assert.deepEqual(ready, { ...base, waits: [], state: { status: 'WAITING_ENGINE' } })
    assert.deepEqual(create({ scheduledFor: 5, paused: false }), {
      ...base,
      waits: start,
      state: { status: 'SCHEDULED' },
    })
    assert.deepEqual(create({ scheduledFor: null, paused: true }), {
      ...base,
      waits: [],
      state: { status: 'PAUSED', beneath: 'WAITING_ENGINE' },
    })
    assert.deepEqual(create({ scheduledFor: 5, paused: true }), {
      ...base,
      waits: start,
      state: { status: 'PAUSED', beneath: 'SCHEDULED' },
    })
  })

  test('waits for its place before its start, and after the time of its start', () => {
    const place = [{ seq: 0, kind: 'LOCK' }]
    const gated = create({ scheduledFor: null, paused: false, gated: true })
    assert.deepEqual([gated.state, gated.waits], [{ status: 'WAITING_LOCK' }, place])
    const granted = decide(gated, { type: 'lockGranted', generation: 1, seq: 0 })
    assert.ok(granted.kind === 'moved')
    assert.deepEqual([granted.next.state.status, granted.next.answered], ['WAITING_ENGINE', 0])

    const due: Event = { type: 'gateReached', generation: 1 }
    const later = create({ scheduledFor: 5, paused: true, gated: true })
    assert.deepEqual(later.state, { status: 'PAUSED', beneath: 'SCHEDULED' })
    const held = after(later, due)
    assert.deepEqual(
      [held.state, held.waits],
      [{ status: 'PAUSED', beneath: 'WAITING_LOCK' }, place],
    )
    assert.deepEqual(decide(held, due), { kind: 'ignored', why: 'stale' })
  })

  test('ends in error at its maximum runtime, whatever it does', () => {
    const over: Event = { type: 'runtimeExceeded' }
    for (const paused of [true, false]) {
      const ended = after(create({ scheduledFor: 5, paused }), over)
      assert.deepEqual([ended.state.status, ended.waits], ['ENDED_ERROR', []])
      assert.deepEqual(decide(ended, over), { kind: 'ignored', why: 'noEffect' })
    }
  })

  test('spends no position among the answers on its start', () => {
    const due: Event = { type: 'startTimeReached', generation: 1, seq: 0 }
    const started = after(create({ scheduledFor: 5, paused: false }), due)
    assert.deepEqual(started, { ...ready, version: 2 })
    const held = after(create({ scheduledFor: 5, paused: true }), due)
    assert.deepEqual(
      [held.answered, held.state],
      [0, { status: 'PAUSED', beneath: 'WAITING_ENGINE' }],
    )
  })

  test('shows the oldest of its open waits, and goes on by any', () => {
    const both = after(ready, parked(1, 0, [2, 'LOCK'], [1, 'DEPENDENCY']))
    assert.equal(both.state.status, 'WAITING_DEPENDENCY')
    const one = after(both, answer(1, 'dependenciesMet'))
    assert.deepEqual([one.state.status, one.answered], ['WAITING_ENGINE', 1])
    const rest = after(one, parked(3, 1))
    assert.deepEqual([rest.state.status, rest.version], ['WAITING_LOCK', 4])
  })

  test('is run again at once when an answer came while it ran', () => {
    const running = after(
      ready,
      parked(1, 0, [1, 'LOCK'], [2, 'LOCK']),
      answer(1),
      { type: 'engineClaimed', version: 3, processId: 'p' },
      answer(2),
    )
    assert.deepEqual([running.version, running.answered, running.waits], [4, 2, []])
    assert.equal(after(running, parked(4, 1, [3, 'TIMER'])).state.status, 'WAITING_ENGINE')
    assert.equal(after(running, parked(4, 2, [3, 'TIMER'])).state.status, 'SCHEDULED')
  })

  test('refuses what would be a bug', () => {
    const waiting = after(ready, parked(1, 0, [1, 'LOCK']))
    assert.equal(refusal(decide(waiting, answer(1, 'dependenciesMet'))), 'wrongKind')
    assert.equal(refusal(decide(ready, parked(1, 0))), 'nothingToWaitFor')
    assert.equal(refusal(decide(ready, parked(1, 1, [1, 'LOCK']))), 'answerNotGiven')
    assert.equal(refusal(decide(ready, parked(1, 0, [1, 'LOCK'], [1, 'TIMER']))), 'waitNotNew')
    assert.equal(refusal(decide(ready, parked(1, 0, [1, 'START']))), 'waitNotNew')
    assert.equal(refusal(decide(waiting, parked(2, 0, [2, 'LOCK']))), 'notAllowed')
    const claim: Event = { type: 'engineClaimed', version: 2, processId: 'p' }
    assert.equal(refusal(decide(waiting, claim)), 'notAllowed')
  })

  test('keeps an answer that comes while it is lost', () => {
    const lost = after(
      ready,
      parked(1, 0, [1, 'LOCK'], [2, 'LOCK']),
      answer(2),
      { type: 'engineClaimed', version: 3, processId: 'p' },
      { type: 'leaseExpired', epoch: 1 },
      answer(1),
    )
    assert.deepEqual([lost.state.status, lost.version, lost.answered], ['LOST', 5, 2])
    const again = after(lost, { type: 'recovered' })
    assert.deepEqual([again.epoch, again.recoveries, again.version], [2, 1, 6])
    assert.equal(after(again, parked(6, 2, [3, 'LOCK'])).recoveries, 0)
    const lostAgain = after(
      again,
      { type: 'engineClaimed', version: 6, processId: 'q' },
      { type: 'leaseExpired', epoch: 3 },
    )
    const byHand = after(lostAgain, { type: 'resumeRequested' })
    assert.deepEqual([byHand.epoch, byHand.recoveries, byHand.version], [4, 0, 9])
    assert.equal(byHand.state.status, 'WAITING_ENGINE')
    assert.equal(after(again, { type: 'failed', version: 6 }).recoveries, 0)
    assert.equal(after(again, { type: 'cancelRequested' }).recoveries, 1)
    assert.equal(after(lost, { type: 'abandoned' }).state.status, 'ENDED_ERROR')
  })

  test('starts over when reverted: no answer and no process of before reaches it', () => {
    const waiting = after(ready, parked(1, 0, [1, 'LOCK'], [2, 'LOCK']), answer(1))
    const over = after(waiting, { type: 'cancelRequested' })
    assert.deepEqual(over.waits, [])
    const reverted = after(over, { type: 'reverted', generation: 1 })
    assert.deepEqual(reverted, { ...ready, version: 5, epoch: 1, generation: 2 })
    const fresh = after(reverted, parked(5, 0, [2, 'LOCK']))
    assert.deepEqual(decide(fresh, answer(2)), { kind: 'ignored', why: 'stale' })
  })

  test('goes back from every status, keeping the answers that the life to come inherits', () => {
    const waiting = after(ready, parked(1, 0, [1, 'LOCK'], [2, 'TIMER']), answer(1))
    const claimed = after(waiting, { type: 'engineClaimed', version: 3, processId: 'p' })
    const lost = after(claimed, { type: 'leaseExpired', epoch: 1 })
    const paused = after(claimed, { type: 'pauseRequested' })
    for (const now of [waiting, claimed, lost, paused]) {
      const reverted = after(now, { type: 'reverted', generation: 1, kept: 1 })
      const { epoch, generation, answered, waits, state } = reverted
      assert.deepEqual(
        { epoch, generation, answered, waits, state },
        {
          epoch: now.epoch + 1,
          generation: 2,
          answered: 1,
          waits: [],
          state: { status: 'WAITING_ENGINE' },
        },
      )
      assert.deepEqual(decide(reverted, { type: 'succeeded', version: now.version }), {
        kind: 'ignored',
        why: 'stale',
      })
    }
  })

  test('cannot be held back when it is lost or has ended', () => {
    assert.deepEqual(cover({ status: 'LOST' }), { status: 'LOST' })
    assert.deepEqual(uncover({ status: 'ENDED_ERROR' }), { status: 'ENDED_ERROR' })
    assert.equal(isIdle('AT_ENGINE'), false)
    assert.equal(EXECUTION_TYPES.length, 5)
  })
})
