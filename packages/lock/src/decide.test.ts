import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LockEffect, LockEvent } from './decide.ts'
import { decide } from './decide.ts'
import type { Lock } from './lock.ts'
import { createLock, isSameRequest, positionOf } from './lock.ts'
import { createWorkingLock } from './working-lock.ts'

const ask = (executionId: string, seq = 1, generation = 1): LockEvent => ({
  type: 'acquireRequested',
  executionId,
  seq,
  generation,
})
const release = (executionId: string): LockEvent => ({ type: 'releaseRequested', executionId })
const grant = (executionId: string, token: number, seq = 1): LockEffect => ({
  kind: 'grant',
  executionId,
  seq,
  generation: 1,
  token,
})

function after(lock: Lock, events: readonly LockEvent[]): { lock: Lock; effects: LockEffect[] } {
  const effects: LockEffect[] = []
  let now = lock
  for (const event of events) {
    const decision = decide(now, event)
    effects.push(...decision.effects)
    now = decision.next
  }
  return { lock: now, effects }
}

describe('a lock', () => {
  test('goes to who asks first, then to the next in the order of asking', () => {
    const { effects } = after(createLock(1), [
      ask('a'),
      ask('b'),
      ask('c'),
      release('a'),
      release('b'),
    ])
    assert.deepEqual(effects, [grant('a', 1), grant('b', 2), grant('c', 3)])
  })

  test('is granted again to its holder, who releases it as often', () => {
    const { lock, effects } = after(createLock(1), [ask('a'), ask('b'), ask('a', 2), release('a')])
    assert.deepEqual(effects, [grant('a', 1), grant('a', 1, 2)])
    assert.deepEqual(lock.holders, [{ executionId: 'a', token: 1, depth: 1 }])
    assert.deepEqual(after(lock, [release('a')]).effects, [grant('b', 2)])
  })

  test('answers all requests of one execution with one grant', () => {
    const { lock, effects } = after(createLock(1), [
      ask('a'),
      ask('b'),
      ask('c'),
      ask('b', 2),
      release('a'),
    ])
    assert.deepEqual(effects, [grant('a', 1), grant('b', 2), grant('b', 2, 2)])
    assert.deepEqual(lock.holders, [{ executionId: 'b', token: 2, depth: 2 }])
    assert.equal(lock.queue.length, 1)
  })

  test('passes over a waiter that left', () => {
    const { effects } = after(createLock(1), [
      ask('a'),
      ask('b'),
      ask('c'),
      { type: 'waiterLeft', executionId: 'b', seq: 1, generation: 1 },
      release('a'),
    ])
    assert.deepEqual(effects, [grant('a', 1), grant('c', 2)])
  })

  test('is free of an execution that ended, whatever it held and wanted', () => {
    const { lock, effects } = after(createLock(1), [
      ask('a'),
      ask('a', 2),
      ask('b'),
      ask('c'),
      { type: 'holderEnded', executionId: 'b' },
      { type: 'holderEnded', executionId: 'a' },
    ])
    assert.deepEqual(effects, [grant('a', 1), grant('a', 1, 2), grant('c', 2)])
    assert.deepEqual(lock.queue, [])
  })

  test('can be taken away by force, and the release of the former holder is told apart', () => {
    const { lock, effects } = after(createLock(1), [
      ask('a'),
      ask('b'),
      { type: 'forceReleased', token: 1 },
      { type: 'forceReleased', token: 1 },
      release('a'),
    ])
    assert.deepEqual(effects, [grant('a', 1), grant('b', 2), { kind: 'notHeld', executionId: 'a' }])
    assert.deepEqual(lock.holders, [{ executionId: 'b', token: 2, depth: 1 }])
  })

  test('admits as many as its capacity, at once when it grows and fewer as they leave', () => {
    const full = after(createLock(2), [ask('a'), ask('b'), ask('c'), ask('d')])
    assert.deepEqual(full.effects, [grant('a', 1), grant('b', 2)])
    const wider = after(full.lock, [{ type: 'capacityChanged', capacity: 3 }])
    assert.deepEqual(wider.effects, [grant('c', 3)])
    const narrow = after(wider.lock, [{ type: 'capacityChanged', capacity: 0 }, release('a')])
    assert.deepEqual([narrow.lock.capacity, narrow.effects], [1, []])
    assert.deepEqual(after(narrow.lock, [release('b'), release('c')]).effects, [grant('d', 4)])
  })

  test('is the same object after what changes nothing', () => {
    const { lock } = after(createLock(1), [ask('a'), ask('b')])
    const nothing: LockEvent[] = [
      ask('b'),
      { type: 'waiterLeft', executionId: 'c', seq: 1, generation: 1 },
      { type: 'waiterLeft', executionId: 'b', seq: 1, generation: 2 },
      { type: 'waiterLeft', executionId: 'b', seq: 2, generation: 1 },
      { type: 'holderEnded', executionId: 'c' },
      { type: 'forceReleased', token: 9 },
      { type: 'capacityChanged', capacity: 1 },
      release('c'),
    ]
    for (const event of nothing) assert.equal(decide(lock, event).next, lock, event.type)
  })

  test('tells a waiter its position', () => {
    const { lock } = after(createLock(1), [ask('a'), ask('b'), ask('c')])
    assert.equal(positionOf(lock, { executionId: 'c', seq: 1, generation: 1 }), 2)
    assert.equal(positionOf(lock, { executionId: 'a', seq: 1, generation: 1 }), null)
  })
})

const executionId = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const request = { executionId, seq: fc.integer({ min: 1, max: 3 }), generation: fc.constant(1) }
const event: fc.Arbitrary<LockEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('acquireRequested'), ...request }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('releaseRequested'), executionId }) },
  fc.record({ type: fc.constant('waiterLeft'), ...request }),
  fc.record({ type: fc.constant('holderEnded'), executionId }),
  fc.record({ type: fc.constant('forceReleased'), token: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ type: fc.constant('capacityChanged'), capacity: fc.integer({ min: 1, max: 3 }) }),
)
const history = fc.array(event, { maxLength: 60 })
const runs = { numRuns: 2000, seed: 7 }

function always(
  check: (before: Lock, event: LockEvent, decision: ReturnType<typeof decide>) => void,
) {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), history, (capacity, events) => {
      let lock = createLock(capacity)
      for (const one of events) {
        const decision = decide(lock, one)
        check(lock, one, decision)
        lock = decision.next
      }
    }),
    runs,
  )
}

describe('after any history', () => {
  test('L1: at most capacity holders, except those whom a smaller capacity found', () => {
    always((before, _event, { next }) => {
      assert.ok(next.holders.length <= Math.max(next.capacity, before.holders.length))
    })
  })

  test('L2: no slot is free beside a waiter', () => {
    always((_before, _event, { next }) => {
      assert.ok(next.queue.length === 0 || next.holders.length >= next.capacity)
    })
  })

  test('L3: slots are given in the order of tickets, to nobody before the head', () => {
    always((before, one, { next, effects }) => {
      const joined = decide({ ...before, capacity: 1, holders: full }, one).next.queue
      const slots = effects.flatMap((effect) =>
        effect.kind === 'grant' && effect.token > before.lastToken ? [effect] : [],
      )
      const tokens = [...new Set(slots.map(({ token }) => token))]
      const granted = tokens.map((token) => slots.find((slot) => slot.token === token))
      const tickets = granted.map(
        (slot) =>
          joined.find((w) => w.executionId === slot?.executionId && w.seq === slot.seq)?.ticket,
      )
      assert.deepEqual(
        tickets,
        tickets.toSorted((a = 0, b = 0) => a - b),
      )
      const last = tickets.at(-1) ?? 0
      assert.ok(next.queue.every(({ ticket }) => ticket > last))
    })
  })

  test('L4: fencing tokens rise with every slot given, and are never given twice', () => {
    always((before, _event, { next, effects }) => {
      const fresh = new Set<number>()
      for (const effect of effects) {
        if (effect.kind === 'grant' && effect.token > before.lastToken) fresh.add(effect.token)
      }
      const expected = Array.from({ length: fresh.size }, (_, i) => before.lastToken + 1 + i)
      assert.deepEqual([...fresh], expected)
      assert.equal(next.lastToken, before.lastToken + fresh.size)
      const tokens = next.holders.map(({ token }) => token)
      assert.deepEqual(
        tokens,
        [...new Set(tokens)].toSorted((a, b) => a - b),
      )
    })
  })

  test('L5: an execution holds once, as deep as it asked, and never waits for itself', () => {
    always((_before, _event, { next }) => {
      const holders = new Set(next.holders.map((holder) => holder.executionId))
      assert.equal(holders.size, next.holders.length)
      assert.ok(next.holders.every(({ depth }) => depth >= 1))
      assert.ok(next.queue.every((waiter) => !holders.has(waiter.executionId)))
    })
  })

  test('L6: every request ends as granted, left, or still in the queue, and never twice', () => {
    always((before, one, { next, effects }) => {
      const grants = effects.filter(({ kind }) => kind === 'grant').length
      const isNew = next.lastTicket - before.lastTicket
      const gone = before.queue.length + isNew - next.queue.length - grants
      const mayLeave = one.type === 'waiterLeft' || one.type === 'holderEnded'
      assert.ok(mayLeave ? gone >= 0 : gone === 0)
    })
  })
})

describe('a lock to which many events are applied', () => {
  // Rows are read that nobody has served yet: after a forced release, and of a queue read in parts.
  const unserved = fc.record({
    lock: fc.tuple(fc.integer({ min: 1, max: 3 }), history).map(([capacity, events]) => {
      const { lock } = after(createLock(capacity), events)
      return lock
    }),
    capacity: fc.integer({ min: 1, max: 4 }),
    asks: fc.array(fc.record(request), { maxLength: 4 }),
  })

  test('L7: it comes to what a walk through the whole queue after each event comes to', () => {
    fc.assert(
      fc.property(unserved, history, ({ lock, capacity, asks }, events) => {
        const asked = asks.filter(
          (ask, at) =>
            ![...lock.queue, ...asks.slice(0, at)].some((other) => isSameRequest(other, ask)),
        )
        const start = {
          ...lock,
          capacity,
          lastTicket: lock.lastTicket + asked.length,
          queue: [
            ...lock.queue,
            ...asked.map((ask, at) => ({ ...ask, ticket: lock.lastTicket + 1 + at })),
          ],
        }
        const working = createWorkingLock(start)
        let byDefinition: Lock = start
        for (const one of events) {
          const { next, effects } = decideByDefinition(byDefinition, one)
          assert.deepEqual(working.apply(one), effects)
          byDefinition = next
          assert.deepEqual(working.toLock(), next)
        }
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          const isIt = (other: { executionId: string }): boolean => other.executionId === name
          assert.equal(working.isHolder(name), byDefinition.holders.some(isIt))
          assert.deepEqual(working.requestsOf(name), byDefinition.queue.filter(isIt))
        }
      }),
      runs,
    )
  })
})

/** The rules as they read, however long that takes. */
function decideByDefinition(lock: Lock, one: LockEvent): { next: Lock; effects: LockEffect[] } {
  const { holders, queue } = lock
  switch (one.type) {
    case 'acquireRequested': {
      if (queue.some((waiter) => isSameRequest(waiter, one))) return { next: lock, effects: [] }
      const { executionId, seq, generation } = one
      const ticket = lock.lastTicket + 1
      const waiter = { executionId, seq, generation, ticket }
      return serveByDefinition({ ...lock, lastTicket: ticket, queue: [...queue, waiter] })
    }
    case 'releaseRequested': {
      const { executionId } = one
      if (holders.every((holder) => holder.executionId !== executionId))
        return { next: lock, effects: [{ kind: 'notHeld', executionId }] }
      const left = holders.map((holder) =>
        holder.executionId === executionId ? { ...holder, depth: holder.depth - 1 } : holder,
      )
      return serveByDefinition({ ...lock, holders: left.filter(({ depth }) => depth > 0) })
    }
    case 'waiterLeft':
      return serveByDefinition({ ...lock, queue: queue.filter((w) => !isSameRequest(w, one)) })
    case 'holderEnded':
      return serveByDefinition({
        ...lock,
        holders: holders.filter((holder) => holder.executionId !== one.executionId),
        queue: queue.filter((waiter) => waiter.executionId !== one.executionId),
      })
    case 'forceReleased':
      return serveByDefinition({
        ...lock,
        holders: holders.filter(({ token }) => token !== one.token),
      })
    case 'capacityChanged':
      return serveByDefinition({ ...lock, capacity: one.capacity })
  }
}

function serveByDefinition(lock: Lock): { next: Lock; effects: LockEffect[] } {
  const effects: LockEffect[] = []
  const holders = [...lock.holders]
  const queue = []
  let { lastToken } = lock
  for (const waiter of lock.queue) {
    const { executionId, seq, generation } = waiter
    const index = holders.findIndex((holder) => holder.executionId === executionId)
    const held = holders[index]
    if (held === undefined && holders.length >= lock.capacity) {
      queue.push(waiter)
      continue
    }
    if (held === undefined) {
      lastToken += 1
      holders.push({ executionId, token: lastToken, depth: 1 })
    } else holders[index] = { ...held, depth: held.depth + 1 }
    const token = held?.token ?? lastToken
    effects.push({ kind: 'grant', executionId, seq, generation, token })
  }
  return { next: { ...lock, lastToken, holders, queue }, effects }
}

/** Holders that none of the histories know, so that a request only joins the queue. */
const full = [{ executionId: 'somebody else', token: 0, depth: 1 }]
