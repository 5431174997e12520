import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExplainFacts, Why } from './explain.ts'
import { explain } from './explain.ts'
import type { WaitFacts } from './explain-wait.ts'
import type { State } from './state.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const AT = '2026-01-02 03:04:35 UTC'
const DUE = NOW + 30_000

function wait(facts: Partial<WaitFacts> & Pick<WaitFacts, 'kind'>): WaitFacts {
  return {
    seq: 1,
    since: NOW - 60_000,
    dueAt: null,
    ref: null,
    subject: null,
    holders: [],
    position: null,
    members: [],
    returnWhen: null,
    needed: null,
    ...facts,
  }
}

function why(state: State, facts: Partial<ExplainFacts> = {}, recoveries = 0): Why {
  const counters = { version: 3, epoch: 1, generation: 1, answered: 0 }
  return explain({
    executionId: 'me',
    type: 'FLOW',
    execution: { ...counters, recoveries, waits: [], state },
    now: NOW,
    movedAt: NOW - 60_000,
    startedAt: NOW - 90_000,
    isProcessAlive: null,
    processesAlive: null,
    waits: [],
    ...facts,
  })
}

function waiting(facts: Partial<WaitFacts> & Pick<WaitFacts, 'kind'>) {
  const [first] = why({ status: 'WAITING_LOCK' }, { waits: [wait(facts)] }).waits
  assert.ok(first)
  return first
}

const reason = (facts: Partial<WaitFacts> & Pick<WaitFacts, 'kind'>) => waiting(facts).reason

describe('why', () => {
  test('says whose place it waits for before it may start', () => {
    const gate = { flow: 'import', value: '"acme"', limit: 2, perSeconds: null, startsAt: null }
    const facts = {
      kind: 'LOCK',
      seq: 0,
      subject: 'concurrency:1:"acme"',
      position: 3,
      holders: [
        { executionId: 'one', status: 'AT_ENGINE' },
        { executionId: 'two', status: 'PAUSED' },
      ],
      gate,
    } as const
    assert.equal(
      reason(facts),
      `It waits for one of the 2 places of flow 'import' for the key "acme", held by execution one, which is AT_ENGINE and 1 more; it is number 3 in the queue.`,
    )
    assert.deepEqual(waiting(facts).unblock, [
      { action: 'resume', ref: 'two' },
      { action: 'cancel', ref: 'one' },
    ])
    assert.equal(
      reason({ ...facts, holders: [], gate: { ...gate, limit: 1, value: null, flow: null } }),
      'It waits for the only place of its flow, which is about to be given to it.',
    )
  })

  test('says when the rate of its flow lets it start', () => {
    const startsAt = NOW + 30_000
    const gate = { flow: 'import', value: null, limit: 10, perSeconds: 60, startsAt }
    const facts = { kind: 'LOCK', seq: 0, subject: 'rate:1', position: 1, gate } as const
    assert.equal(
      reason(facts),
      `It waits for its turn in the rate of flow 'import', 10 starts in 60 s; it is next. It starts at about ${AT}.`,
    )
    assert.deepEqual(
      [waiting(facts).until, waiting(facts).unblock],
      [startsAt, [{ action: 'cancel', ref: 'me' }]],
    )
  })

  test('has no reason for what moves or has ended', () => {
    const moving = why({ status: 'AT_ENGINE', processId: 'p' }, { isProcessAlive: true })
    assert.deepEqual([moving.moving, moving.reason], [true, null])
    for (const status of ['ENDED_SUCCESS', 'ENDED_ERROR', 'ENDED_CANCELLED'] as const) {
      const ended = why({ status }, { waits: [wait({ kind: 'LOCK' })] })
      assert.deepEqual([ended.moving, ended.reason, ended.waits], [false, null, []])
    }
  })

  test('says that its process is silent', () => {
    const silent = why({ status: 'AT_ENGINE', processId: 'p' }, { isProcessAlive: false })
    assert.equal(silent.moving, false)
    assert.equal(
      silent.reason,
      'The engine that runs it has stopped renewing its lease; it is taken over as soon as that is certain.',
    )
  })

  test('says what a ready one waits for', () => {
    const ready: State = { status: 'WAITING_ENGINE' }
    assert.equal(
      why(ready, { processesAlive: 2 }).reason,
      'It is ready to run and waits for the next free engine.',
    )
    assert.equal(
      why(ready, { processesAlive: 0, type: 'CONNECTION' }).reason,
      'It is ready to run, but no connector is alive: start one.',
    )
    assert.equal(
      why(ready, {}, 2).reason,
      'It is ready to run and waits for the next free engine. It lost its process 2 times since it last made progress.',
    )
  })

  test('says that a lost one is for a person, and what the person can do', () => {
    const lost = why({ status: 'LOST' }, {}, 0)
    assert.equal(
      lost.reason,
      'The engine that ran it was lost, once since it last made progress. It is not tried again by itself: resume it, or cancel it.',
    )
    assert.deepEqual(lost.unblock, [
      { action: 'resume', ref: 'me' },
      { action: 'cancel', ref: 'me' },
    ])
  })

  test('tells created and not started from paused, and what lies beneath', () => {
    const paused: State = { status: 'PAUSED', beneath: 'WAITING_ENGINE' }
    assert.equal(
      why(paused, { startedAt: null }).reason,
      'It has not started, and is held back: resume it to start it.',
    )
    assert.equal(why(paused).reason, 'It is paused: resume it to let it go on.')
    const over = why(
      { status: 'PAUSED', beneath: 'SCHEDULED' },
      { waits: [wait({ kind: 'TIMER', dueAt: DUE })] },
    )
    assert.equal(
      over.reason,
      `It is paused: resume it to let it go on. Beneath the pause: It sleeps. It goes on at ${AT}.`,
    )
    assert.equal(over.until, null)
  })

  test('gives the oldest wait first, and the first time at which it goes on', () => {
    const waits = [
      wait({ seq: 3, kind: 'LOCK', subject: 'deploy', dueAt: DUE + 1000 }),
      wait({ seq: 2, kind: 'TIMER', dueAt: DUE }),
      wait({ seq: 4, kind: 'LOCK', subject: 'b' }),
    ]
    const { reason: text, until, waits: explained } = why({ status: 'SCHEDULED' }, { waits })
    assert.equal(
      text,
      `It sleeps. It goes on at ${AT}. It also waits for 2 more things; whichever comes first lets it go on.`,
    )
    assert.equal(until, DUE)
    assert.deepEqual(
      explained.map(({ kind }) => kind),
      ['TIMER', 'LOCK', 'LOCK'],
    )
    const two = why({ status: 'WAITING_LOCK' }, { waits: waits.slice(0, 2) })
    assert.match(two.reason ?? '', /It also waits for one more thing; whichever/u)
  })

  test('survives an answer that came while the facts were read', () => {
    const none = why({ status: 'WAITING_RESPONSE' })
    assert.deepEqual(
      [none.reason, none.until],
      ['What it waited for has just been answered.', null],
    )
  })
})

describe('why it waits', () => {
  test('for its time', () => {
    assert.equal(
      reason({ kind: 'START', dueAt: DUE }),
      `It is scheduled for later. It goes on at ${AT}.`,
    )
    assert.equal(
      reason({ kind: 'START', subject: 'nightly', dueAt: DUE }),
      `It waits for the next time of the schedule 'nightly'. It goes on at ${AT}.`,
    )
    assert.equal(
      reason({ kind: 'TIMER', dueAt: NOW - 5001 }),
      'It sleeps. Its time came at 2026-01-02 03:03:59 UTC, and the scheduler has not dealt with it yet.',
    )
  })

  test('for a lock: who holds it, and how far it is', () => {
    const a = { executionId: 'a', status: 'AT_ENGINE' } as const
    const b = { executionId: 'b', status: 'PAUSED' } as const
    const next = waiting({ kind: 'LOCK', subject: 'deploy', holders: [a], position: 1, dueAt: DUE })
    assert.deepEqual(next, {
      kind: 'LOCK',
      ref: 'deploy',
      holder: 'a',
      position: 1,
      since: NOW - 60_000,
      until: DUE,
      reason: `It waits for the lock 'deploy', held by execution a, which is AT_ENGINE; it is next. It gives up at ${AT}.`,
      unblock: [
        { action: 'cancel', ref: 'a' },
        { action: 'forceRelease', ref: 'deploy' },
      ],
    })
    const third = waiting({ kind: 'LOCK', subject: 's', holders: [a, b], position: 3, dueAt: 0 })
    assert.match(
      third.reason,
      /which is AT_ENGINE and 1 more; it is number 3 in the queue\. It ran out of time at 1970/u,
    )
    assert.deepEqual(third.unblock[0], { action: 'resume', ref: 'b' })
    // A setting of the same name is another lock.
    const place = { kind: 'LOCK', subject: 'pool', holders: [a], position: 1 } as const
    assert.deepEqual(waiting({ ...place, isSemaphore: true }).unblock, [
      { action: 'cancel', ref: 'a' },
    ])
    assert.match(
      reason({ kind: 'LOCK', subject: 's', holders: [b] }),
      /is on its way to the queue\.$/u,
    )
    assert.equal(
      reason({ kind: 'LOCK', ref: 'x' }),
      "It waits for the lock 'x', which is about to be granted.",
    )
  })

  test('for an execution', () => {
    const one = waiting({ kind: 'DEPENDENCY', members: [{ executionId: 'a', status: 'LOST' }] })
    assert.equal(one.reason, 'It waits for execution a, which is LOST.')
    assert.deepEqual(one.unblock, [{ action: 'resume', ref: 'a' }])
    assert.equal(reason({ kind: 'DEPENDENCY', ref: 'a' }), 'It waits for execution a.')
    assert.equal(reason({ kind: 'DEPENDENCY' }), 'It waits for execution unknown.')
    assert.equal(
      reason({ kind: 'DEPENDENCY', members: [{ executionId: 'a', status: null }] }),
      'It waits for execution a, which is not there any more.',
    )
  })

  test('for several executions: how many are missing, and the one to look at', () => {
    const members = [
      { executionId: 'a', status: 'ENDED_SUCCESS' },
      { executionId: 'b', status: 'AT_ENGINE' },
      { executionId: 'c', status: 'PAUSED' },
      { executionId: 'd', status: null },
    ] as const
    const all = waiting({ kind: 'DEPENDENCY', members, returnWhen: 'ALL_ENDED' })
    assert.equal(
      all.reason,
      'It waits for all of 4 executions to end; 2 have not ended, such as c, which is PAUSED.',
    )
    assert.deepEqual(all.unblock, [
      { action: 'resume', ref: 'c' },
      { action: 'cancel', ref: 'b' },
    ])
    const goal = (returnWhen: string, needed: number | null = null) =>
      reason({ kind: 'DEPENDENCY', members: members.slice(0, 2), returnWhen, needed })
    assert.match(
      goal('ALL_SUCCEEDED'),
      /all of 2 executions to succeed; 1 has not ended, such as b,/u,
    )
    assert.match(goal('FIRST_ENDED'), /the first of 2 executions to end;/u)
    assert.match(goal('N_SUCCEEDED', 2), /waits for 2 of 2 executions to succeed;/u)
    assert.match(goal('N_ENDED'), /waits for 1 of 2 executions to end;/u)
    const over = [members[0], members[3]]
    assert.equal(
      reason({ kind: 'DEPENDENCY', members: over }),
      'It waits for all of 2 executions to end; all have ended, and the answer is on its way.',
    )
  })

  test('for a person, and for its own request', () => {
    const message = waiting({ kind: 'RESPONSE', ref: 'm', subject: 'Go?' })
    assert.equal(message.reason, "It waits for a person to answer the message 'Go?'.")
    assert.deepEqual(message.unblock, [{ action: 'reply', ref: 'm' }])
    const nameless = waiting({ kind: 'RESPONSE' })
    assert.deepEqual(
      [nameless.reason, nameless.unblock],
      ["It waits for a person to answer the message 'unknown'.", []],
    )
    const ask = { kind: 'RESPONSE', subject: 'Go?' } as const
    const asked = (...assignees: string[]) => reason({ ...ask, assignees })
    assert.match(asked('anna'), /^It waits for anna to answer/)
    assert.match(asked('anna', 'ben'), /for anna or ben to answer/)
    assert.match(asked('anna', 'ben', 'cleo'), /for anna, ben or cleo to answer/)
    assert.match(asked('a', 'b', 'c', 'd', 'e'), /for a, b, c or one of 2 more to answer/)
    assert.equal(
      reason({ ...ask, expectedAt: DUE, dueAt: DUE }),
      `It waits for a person to answer the message 'Go?'. An answer is expected by ${AT}. It gives up at ${AT}.`,
    )
    assert.match(reason({ ...ask, expectedAt: NOW - 1 }), /An answer was expected by /)
    assert.equal(
      reason({ kind: 'CONTROL', subject: 'cancel', ref: 'c' }),
      'It asked to cancel execution c, which is being carried out.',
    )
    assert.equal(
      reason({ kind: 'CONTROL' }),
      'It asked to control execution unknown, which is being carried out.',
    )
    assert.equal(
      reason({ kind: 'RECORD', subject: 'save flow "a"\n{"type":"flow"}' }),
      'It asked to save flow "a", which is being carried out.',
    )
    assert.equal(waiting({ kind: 'RECORD', subject: 'list flows\n{}' }).ref, null)
    assert.equal(
      reason({ kind: 'RECORD' }),
      'It asked to read or change records, which is being carried out.',
    )
    assert.deepEqual(waiting({ kind: 'LOCK' }).unblock, [])
  })
})
