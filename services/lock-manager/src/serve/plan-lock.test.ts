import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLock, type Lock } from '@millrace/lock'
import { monotonicMs } from '@millrace/runtime'
import type { FreshRequest, LoadedLock } from '@millrace/store'
import { planLock, withoutGrants } from './plan-lock.ts'

const request = (executionId: string, over: Partial<FreshRequest> = {}): FreshRequest => ({
  executionId,
  generation: 1,
  seq: 1,
  action: 'acquire',
  capacity: 1,
  isOpen: true,
  ageMs: 1,
  ...over,
})
const loaded = (over: Partial<LoadedLock> = {}): LoadedLock => ({
  workspaceId: 'w',
  key: 'semaphore:a',
  lock: createLock(1),
  isCut: false,
  behind: [],
  endedHolders: [],
  goneWaiters: [],
  fresh: [],
  expiresInMs: null,
  ...over,
})
const held = (by: string, waiting: string[] = []): Lock => ({
  capacity: 1,
  lastTicket: 10,
  lastToken: 7,
  holders: [{ executionId: by, token: 7, depth: 1 }],
  queue: waiting.map((executionId, index) => ({
    executionId,
    generation: 1,
    seq: 1,
    ticket: index + 1,
  })),
})
const who = (plan: { grants: readonly { executionId: string; token: number }[] }) =>
  plan.grants.map(({ executionId, token }) => [executionId, token])

test('the first request gets the lock, the others wait in the order in which they came', () => {
  const plan = planLock(loaded({ fresh: ['a', 'b', 'c'].map((id) => request(id)) }))
  assert.deepEqual(who(plan), [['a', 1]])
  assert.deepEqual(
    plan.next.queue.map((waiter) => [waiter.executionId, waiter.ticket]),
    [
      ['b', 2],
      ['c', 3],
    ],
  )
  assert.deepEqual(plan.done, [{ executionId: 'a', generation: 1, seq: 1 }])
})

test('a holder that ended makes room for the next that still waits', () => {
  const lock = held('a', ['b', 'c'])
  const plan = planLock(loaded({ lock, endedHolders: ['a'], goneWaiters: lock.queue.slice(0, 1) }))
  assert.deepEqual(who(plan), [['c', 8]])
})

test('a release and a new request of one execution let the queue go first', () => {
  const fresh = [request('a', { seq: 2, action: 'release' }), request('a', { seq: 3 })]
  const plan = planLock(loaded({ lock: held('a', ['b']), fresh }))
  assert.deepEqual(who(plan), [['b', 8]])
  assert.deepEqual(
    plan.next.queue.map((waiter) => waiter.seq),
    [3],
  )
})

test('a holder that asks again is granted at once, and then needs two releases', () => {
  const again = planLock(loaded({ lock: held('a', ['b']), fresh: [request('a', { seq: 2 })] }))
  assert.deepEqual(who(again), [['a', 7]])
  const once = planLock(
    loaded({ lock: again.next, fresh: [request('a', { seq: 3, action: 'release' })] }),
  )
  assert.deepEqual(who(once), [])
  const twice = planLock(
    loaded({ lock: once.next, fresh: [request('a', { seq: 4, action: 'release' })] }),
  )
  assert.deepEqual(who(twice), [['b', 8]])
})

test('a release that comes before its grant is kept until the grant is given', () => {
  const fresh = [request('b', { seq: 1 }), request('b', { seq: 2, action: 'release' })]
  const waiting = planLock(loaded({ lock: held('a'), fresh }))
  assert.deepEqual(waiting.done, [], 'nothing is dealt with yet')
  const granted = planLock(
    loaded({ lock: waiting.next, endedHolders: ['a'], fresh: fresh.slice(1) }),
  )
  assert.deepEqual(who(granted), [['b', 8]])
  assert.deepEqual(granted.next.holders, [], 'and given back right away')
})

test('requests that nobody waits for, and releases of nothing, are only cleared away', () => {
  const fresh = [request('x', { isOpen: false }), request('y', { action: 'release' })]
  const plan = planLock(loaded({ fresh }))
  assert.deepEqual([plan.grants, plan.next.queue, plan.done.length], [[], [], 2])
})

test('the newest capacity holds, and lets more in at once', () => {
  const fresh = ['b', 'c', 'd'].map((id) => request(id, { capacity: 3 }))
  assert.deepEqual(who(planLock(loaded({ lock: held('a'), fresh }))), [
    ['b', 8],
    ['c', 9],
  ])
})

test('a grant that nobody takes goes to the next', () => {
  const plan = planLock(loaded({ lock: held('a', ['b', 'c']), endedHolders: ['a'] }))
  const further = withoutGrants(plan, plan.grants)
  assert.deepEqual(who(further), [['c', 9]])
  assert.deepEqual(
    further.done.map((one) => one.executionId),
    ['b', 'c'],
  )
})

test('who is new behind a queue that was not read whole gets a ticket, and no free slot', () => {
  const fresh = ['x', 'y'].map((id) => request(id, { capacity: 2 }))
  const plan = planLock(loaded({ lock: held('a', ['b']), isCut: true, fresh }))
  assert.deepEqual(who(plan), [['b', 8]])
  assert.deepEqual(plan.next.queue, [])
  assert.deepEqual(
    plan.joined.map((waiter) => [waiter.executionId, waiter.ticket]),
    [
      ['x', 11],
      ['y', 12],
    ],
  )
  assert.equal(plan.next.lastTicket, 12)
})

test('what a holder asked for further back, or asks for anew, passes a queue that was not read whole', () => {
  const behind = ['a', 'c'].map((executionId) => ({
    executionId,
    generation: 1,
    seq: 5,
    ticket: 90,
  }))
  const fresh = [
    request('a', { seq: 6 }),
    request('c', { seq: 7, action: 'release' }),
    request('a', { seq: 7, action: 'release' }),
  ]
  const plan = planLock(loaded({ lock: held('a', ['b']), isCut: true, behind, fresh }))
  assert.deepEqual(
    plan.grants.map(({ executionId, seq }) => [executionId, seq]),
    [
      ['a', 5],
      ['a', 6],
    ],
  )
  assert.deepEqual(plan.next.holders, [{ executionId: 'a', token: 7, depth: 2 }])
  assert.ok(
    plan.done.every(({ executionId }) => executionId === 'a'),
    'the release of c waits for its grant',
  )
})

test('thousands of holders that end at once, and of waiters that leave, are dealt with in a moment', () => {
  const size = 1_000
  const names = (of: string) => Array.from({ length: size }, (_, at) => `${of}${String(at)}`)
  const lock = {
    ...held('', [...names('gone'), ...names('next'), ...names('later')]),
    capacity: size,
    lastToken: size,
    holders: names('held').map((executionId, at) => ({ executionId, token: at + 1, depth: 1 })),
  }
  const startedAt = monotonicMs()
  const plan = planLock(
    loaded({ lock, endedHolders: names('held'), goneWaiters: lock.queue.slice(0, size) }),
  )
  // Microseconds each; by walking through all of them for each of them it is many seconds.
  assert.ok(monotonicMs() - startedAt < 2_000)
  assert.deepEqual(
    plan.grants.map(({ executionId }) => executionId),
    names('next'),
  )
  assert.deepEqual([plan.next.queue.length, plan.done.length], [size, 2 * size])
})
