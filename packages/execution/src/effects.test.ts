import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create } from './create.ts'
import type { Effect } from './effects.ts'
import { effectsOf } from './effects.ts'
import type { Execution } from './execution.ts'
import { decide } from './execution.ts'
import type { Event } from './event.ts'
import type { State } from './state.ts'

const lock = { seq: 1, kind: 'LOCK' } as const
const timer = { seq: 2, kind: 'TIMER' } as const

function execution(state: State, waits: Execution['waits'] = []): Execution {
  return { version: 5, epoch: 2, generation: 1, recoveries: 0, answered: 3, waits, state }
}

function follow(before: Execution, event: Event): readonly Effect[] {
  const decision = decide(before, event)
  assert.ok('next' in decision, JSON.stringify(decision))
  return effectsOf(before, decision.next)
}

const atEngine = execution({ status: 'AT_ENGINE', processId: 'p' }, [lock])
const announce = (status: State['status']) => ({ kind: 'announce', status, version: 6 }) as const

describe('what follows', () => {
  test('creation: a dispatch, or a watch on its start, or nothing yet', () => {
    assert.deepEqual(effectsOf(null, create({ scheduledFor: null, paused: false })), [
      { kind: 'dispatch', version: 1 },
      { kind: 'announce', status: 'WAITING_ENGINE', version: 1 },
    ])
    assert.deepEqual(effectsOf(null, create({ scheduledFor: 1, paused: false })), [
      { kind: 'watchWait', wait: { seq: 0, kind: 'START' } },
      { kind: 'announce', status: 'SCHEDULED', version: 1 },
    ])
    assert.deepEqual(effectsOf(null, create({ scheduledFor: null, paused: true })), [
      { kind: 'announce', status: 'PAUSED', version: 1 },
    ])
  })

  test('parking: a watch on each new wait', () => {
    const event: Event = { type: 'parked', version: 5, consumed: 3, opened: [timer] }
    assert.deepEqual(follow(atEngine, event), [
      { kind: 'watchWait', wait: timer },
      announce('WAITING_LOCK'),
    ])
  })

  test('an answer: a dispatch when it was parked, an offer to whoever runs it otherwise', () => {
    const event: Event = { type: 'lockGranted', generation: 1, seq: 1 }
    const dispatch = [{ kind: 'dispatch', version: 6 }, announce('WAITING_ENGINE')]
    assert.deepEqual(follow(execution({ status: 'WAITING_LOCK' }, [lock]), event), dispatch)
    assert.deepEqual(follow(atEngine, event), [{ kind: 'offerAnswer', processId: 'p' }])
    assert.deepEqual(follow(execution({ status: 'WAITING_ENGINE' }, [lock]), event), [
      { kind: 'offerAnswer', processId: null },
    ])
    assert.deepEqual(effectsOf(atEngine, atEngine), [])
  })

  test('an end: its waits and locks go, and those who wait for it are woken', () => {
    assert.deepEqual(follow(atEngine, { type: 'succeeded', version: 5 }), [
      { kind: 'dropWaits', generation: 1, waits: [lock] },
      { kind: 'releaseLocks' },
      { kind: 'wakeDependents' },
      announce('ENDED_SUCCESS'),
    ])
  })

  test('a cancel: its process stops and its children are cancelled', () => {
    assert.deepEqual(follow(execution({ status: 'WAITING_ENGINE' }), { type: 'cancelRequested' }), [
      { kind: 'releaseLocks' },
      { kind: 'stopProcess', processId: null },
      { kind: 'wakeDependents' },
      { kind: 'cancelChildren' },
      announce('ENDED_CANCELLED'),
    ])
  })

  test('a pause and a loss: its process lets go, its waits and locks stay', () => {
    const stop = { kind: 'stopProcess', processId: 'p' } as const
    assert.deepEqual(follow(atEngine, { type: 'pauseRequested' }), [stop, announce('PAUSED')])
    assert.deepEqual(follow(atEngine, { type: 'leaseExpired', epoch: 2 }), [stop, announce('LOST')])
  })

  test('an answer under a pause stops nobody again', () => {
    const paused = execution({ status: 'PAUSED', beneath: 'WAITING_LOCK' }, [lock])
    const event: Event = { type: 'lockGranted', generation: 1, seq: 1 }
    assert.deepEqual(follow(paused, event), [announce('PAUSED')])
  })

  test('a revert: what the former generation waited for and held goes, and it runs again', () => {
    const paused = execution({ status: 'PAUSED', beneath: 'WAITING_LOCK' }, [lock])
    const again = [{ kind: 'dispatch', version: 6 }, announce('WAITING_ENGINE')] as const
    const stop = { kind: 'stopProcess', processId: null } as const
    assert.deepEqual(follow(paused, { type: 'reverted', generation: 1 }), [
      { kind: 'dropWaits', generation: 1, waits: [lock] },
      { kind: 'releaseLocks' },
      stop,
      ...again,
    ])
    assert.deepEqual(
      follow(execution({ status: 'ENDED_ERROR' }), { type: 'reverted', generation: 1 }),
      [stop, ...again],
    )
    const running = execution({ status: 'AT_ENGINE', processId: 'p' }, [lock])
    assert.deepEqual(follow(running, { type: 'reverted', generation: 1, kept: 1 }), [
      { kind: 'dropWaits', generation: 1, waits: [lock] },
      { kind: 'releaseLocks' },
      { kind: 'stopProcess', processId: 'p' },
      ...again,
    ])
  })
})
