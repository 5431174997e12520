import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  diagnoseExecution,
  diagnoseWait,
  REPAIRS,
  STANDS_TOO_LONG_MS,
  type StandingExecution,
  type StandingWait,
  type Surroundings,
} from './diagnose.ts'

const LONG = STANDS_TOO_LONG_MS + 1_000

const around: Surroundings = {
  engines: 1,
  connectors: 1,
  isEngineBusy: false,
  isConnectorBusy: false,
}

const execution = (facts: Partial<StandingExecution>): StandingExecution => ({
  executionId: 'it',
  type: 'FLOW',
  status: 'SCHEDULED',
  beneath: null,
  ageMs: LONG,
  isHeld: true,
  isKnownThere: null,
  oldestWait: 'TIMER',
  maxRuntime: null,
  overrunMs: null,
  isWatched: true,
  isAbandoned: false,
  ...facts,
})

const wait = (facts: Partial<StandingWait>): StandingWait => ({
  executionId: 'it',
  seq: 1,
  kind: 'TIMER',
  subject: null,
  ageMs: LONG,
  overdueMs: null,
  isPaused: false,
  isStale: false,
  isDecided: false,
  isSettled: false,
  request: null,
  isPassedOver: false,
  ...facts,
})

const kindOf = (facts: Partial<StandingExecution>, by: Partial<Surroundings> = {}) =>
  diagnoseExecution(execution(facts), { ...around, ...by })?.kind ?? null
const waitKindOf = (facts: Partial<StandingWait>) => diagnoseWait(wait(facts))?.kind ?? null

describe('the doctor', () => {
  test('leaves alone what moves, has just moved, or waits for what has not come', () => {
    assert.equal(kindOf({}), null)
    assert.equal(kindOf({ status: 'WAITING_ENGINE', oldestWait: null, ageMs: 100 }), null)
    assert.equal(kindOf({ status: 'AT_ENGINE', oldestWait: null }), null)
    assert.equal(kindOf({ status: 'PAUSED', beneath: 'WAITING_ENGINE', oldestWait: null }), null)
    assert.equal(kindOf({ status: 'LOST', oldestWait: null }), null)
    assert.equal(kindOf({ status: 'ENDED_ERROR', isAbandoned: true }), null)
    for (const kind of ['START', 'TIMER', 'DEPENDENCY', 'RESPONSE'] as const)
      assert.equal(waitKindOf({ kind, ageMs: 1e9 }), null)
    assert.equal(waitKindOf({ kind: 'LOCK', request: 'queued' }), null)
  })

  test('finds what is ready and was not taken, unless there is a queue before it', () => {
    const ready = { status: 'WAITING_ENGINE', oldestWait: null } as const
    assert.equal(kindOf(ready), 'untaken')
    assert.equal(kindOf(ready, { isEngineBusy: true }), null)
    assert.equal(kindOf(ready, { engines: 0 }), 'noRunner')
    assert.equal(kindOf({ ...ready, type: 'CONNECTION' }, { connectors: 0 }), 'noRunner')
    assert.equal(
      diagnoseExecution(execution(ready), around)?.sentence,
      'Execution it has been ready for 11 s and no engine has taken it.',
    )
  })

  test('finds what is at a process that is gone or does not know it', () => {
    const held = { status: 'AT_ENGINE', oldestWait: null } as const
    assert.equal(kindOf({ ...held, isHeld: false }), 'lost')
    assert.equal(kindOf({ ...held, isKnownThere: false }), 'unheld')
    assert.equal(kindOf({ ...held, isKnownThere: true }), null)
  })

  test('finds what waits for nothing, also beneath a pause, or says something else', () => {
    assert.equal(kindOf({ oldestWait: null }), 'nothingToWaitFor')
    const paused = { status: 'PAUSED', beneath: 'WAITING_LOCK' } as const
    assert.equal(kindOf({ ...paused, oldestWait: null }), 'nothingToWaitFor')
    assert.equal(kindOf({ ...paused, oldestWait: 'LOCK' }), null)
    assert.equal(kindOf({ status: 'WAITING_LOCK', oldestWait: 'TIMER' }), 'wrongStatus')
  })

  test('finds what should have ended', () => {
    assert.equal(kindOf({ overrunMs: LONG }), 'overrun')
    assert.equal(kindOf({ overrunMs: -5 }), null)
    assert.equal(kindOf({ isWatched: false }), 'unwatched')
    assert.equal(kindOf({ isAbandoned: true }), 'abandoned')
  })

  test('finds waits whose time, executions or place came unnoticed', () => {
    assert.equal(waitKindOf({ overdueMs: LONG }), 'overdue')
    assert.equal(waitKindOf({ isStale: true }), 'staleWait')
    assert.equal(waitKindOf({ kind: 'DEPENDENCY', isDecided: true }), 'decided')
    assert.equal(waitKindOf({ kind: 'RESPONSE', isSettled: true }), 'settled')
    assert.equal(waitKindOf({ kind: 'RESPONSE', isSettled: true, ageMs: 100 }), null)
    assert.equal(waitKindOf({ kind: 'CONTROL', subject: 'cancel' }), 'control')
    assert.equal(waitKindOf({ kind: 'RECORD', subject: 'list flows\n{}' }), 'record')
    assert.equal(waitKindOf({ kind: 'RECORD', ageMs: 100 }), null)
    assert.equal(waitKindOf({ kind: 'BREAK' }), 'wrongStatus')
    assert.equal(waitKindOf({ kind: 'BREAK', isPaused: true }), null)
    assert.equal(waitKindOf({ kind: 'LOCK', request: 'missing' }), 'noRequest')
    assert.equal(waitKindOf({ kind: 'LOCK', request: 'missing', seq: 0, isPaused: true }), null)
    assert.equal(waitKindOf({ kind: 'LOCK', request: 'unseen' }), 'unseen')
    assert.equal(waitKindOf({ kind: 'LOCK', request: 'queued', isPassedOver: true }), 'passedOver')
  })

  test('has a word on the repair of everything it finds', () => {
    assert.deepEqual(
      Object.entries(REPAIRS).flatMap(([kind, repair]) => (repair === null ? [kind] : [])),
      ['noRunner', 'nothingToWaitFor', 'wrongStatus', 'noRequest'],
    )
  })
})
