import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Awaited, Blocked, BlockedLock } from './deadlock.ts'
import { findDeadlocks } from './deadlock.ts'
import type { LockEvent } from './decide.ts'
import { decide } from './decide.ts'
import type { Lock } from './lock.ts'
import { createLock } from './lock.ts'

const any = (...on: string[]): Awaited => ({ kind: 'any', on, canFail: true })
const all = (...on: string[]): Awaited => ({ kind: 'all', on, canFail: true })
const some = (needed: number, ...on: string[]): Awaited => ({
  kind: 'n',
  needed,
  on,
  canFail: true,
})
const node = (executionId: string, ...waits: Awaited[]): Blocked => ({ executionId, waits })

const victims = (blocked: readonly Blocked[]) =>
  findDeadlocks(blocked).map(({ victim }) => victim?.executionId)

describe('findDeadlocks', () => {
  test('finds nothing where somebody can move', () => {
    assert.deepEqual(findDeadlocks([]), [])
    assert.deepEqual(findDeadlocks([node('a', any('b')), node('b', any('running'))]), [])
    assert.deepEqual(findDeadlocks([node('a', all()), node('b', any())]), [])
  })

  test('names the ring in order, from its youngest member', () => {
    const [a, b, c] = [any('b'), any('c'), any('a')]
    assert.deepEqual(findDeadlocks([node('a', a), node('b', b), node('c', c)]), [
      {
        cycle: [
          { executionId: 'c', wait: c, next: 'a' },
          { executionId: 'a', wait: a, next: 'b' },
          { executionId: 'b', wait: b, next: 'c' },
        ],
        victim: { executionId: 'c', wait: c },
      },
    ])
  })

  test('finds an execution that waits for itself', () => {
    const wait = all('a')
    assert.deepEqual(findDeadlocks([node('a', wait)]), [
      { cycle: [{ executionId: 'a', wait, next: 'a' }], victim: { executionId: 'a', wait } },
    ])
  })

  test('leaves those alone who only hang on a ring, even when they are younger', () => {
    const ring = [node('a', any('b')), node('b', any('a'))]
    assert.deepEqual(victims([node('y', any('z')), node('z', all('a', 'running')), ...ring]), ['b'])
  })

  test('lets an execution go on by any one of its waits', () => {
    const other = node('b', any('a'))
    assert.deepEqual(victims([node('a', any('b'), any('running')), other]), [])
    assert.deepEqual(victims([node('a', any('b'), any('c')), other, node('c', any('a'))]), ['c'])
  })

  test('is stuck behind all holders of a semaphore, not behind one of them', () => {
    const [h, i] = [node('h', any('w')), node('i', any('w'))]
    assert.deepEqual(victims([h, node('w', any('h', 'running'))]), [])
    assert.deepEqual(victims([h, i, node('w', any('h', 'i'))]), ['w'])
  })

  test('counts the executions that a wait for n needs, at most all of them', () => {
    const ring = [node('a', any('b')), node('b', any('a'))]
    assert.deepEqual(victims([...ring, node('c', some(2, 'a', 'x', 'y'))]), ['b'])
    assert.deepEqual(victims([node('a', some(2, 'a', 'x'))]), ['a'])
    assert.deepEqual(victims([node('a', some(9, 'x', 'x'))]), [])
    assert.deepEqual(victims([node('a', some(1, 'a', 'x'))]), [])
  })

  test('breaks each ring once', () => {
    const pair = (x: string, y: string) => [node(x, any(y)), node(y, any(x))]
    assert.deepEqual(victims([...pair('a', 'b'), ...pair('c', 'd')]).toSorted(), ['b', 'd'])
  })

  test('prefers a victim that frees everybody to a younger one that does not', () => {
    const hub = [node('a', any('b')), node('b', all('a', 'c')), node('c', any('b'))]
    assert.deepEqual(victims(hub), ['b'])
    const core = [node('a', all('b', 'c')), node('b', all('a')), node('c', all('a', 'b'))]
    assert.deepEqual(victims(core), ['a'])
  })

  test('takes a second victim where one is not enough', () => {
    const knot = [node('a', all('a', 'b')), node('b', all('b', 'a'))]
    assert.deepEqual(victims(knot), ['b', 'a'])
  })

  test('spares those whose waits may not fail, and leaves a ring of such to a person', () => {
    const firm = (...on: string[]): Awaited => ({ kind: 'any', on, canFail: false })
    assert.deepEqual(victims([node('a', any('b')), node('b', firm('a'))]), ['a'])
    const [a, b] = [firm('b'), firm('a')]
    assert.deepEqual(findDeadlocks([node('a', a), node('b', b), node('c', any('a'))]), [
      {
        cycle: [
          { executionId: 'b', wait: b, next: 'a' },
          { executionId: 'a', wait: a, next: 'b' },
        ],
        victim: null,
      },
    ])
  })

  test('fails the wait that may, and goes round by it', () => {
    const firm: Awaited = { kind: 'any', on: ['a'], canFail: false }
    const soft = any('b')
    const ring = [node('a', any('c')), node('b', any('c')), node('c', firm, soft)]
    const [deadlock] = findDeadlocks(ring)
    assert.deepEqual(deadlock?.victim, { executionId: 'c', wait: soft })
    assert.deepEqual(
      deadlock.cycle.map(({ next }) => next),
      ['b', 'c'],
    )
  })

  test('takes a long chain without recursion', () => {
    const size = 20_000
    const name = (i: number) => String(i).padStart(6, '0')
    const chain = Array.from({ length: size }, (_, i) => node(name(i), any(name((i + 1) % size))))
    assert.equal(findDeadlocks(chain)[0]?.cycle.length, size)
  })

  test('names in a cycle who holds the lock, and not the lock', () => {
    const [a, b] = [any('x'), any('y')]
    const locks = [
      { id: 'x', holders: ['b'] },
      { id: 'y', holders: ['a'] },
    ]
    assert.deepEqual(findDeadlocks([node('a', a), node('b', b)], locks), [
      {
        cycle: [
          { executionId: 'b', wait: b, next: 'a' },
          { executionId: 'a', wait: a, next: 'b' },
        ],
        victim: { executionId: 'b', wait: b },
      },
    ])
  })

  test('takes thousands who wait for a lock that thousands hold', () => {
    const size = 20_000
    const holders = Array.from({ length: size }, (_, i) => `holder ${i}`)
    const waiters = Array.from({ length: size }, (_, i) => node(`waiter ${i}`, any('lock')))
    const locks = [{ id: 'lock', holders }]
    const stuck = holders.map((holder, i) => node(holder, any(`waiter ${i}`)))
    const [deadlock, ...more] = findDeadlocks([...waiters, ...stuck], locks)
    assert.deepEqual([deadlock?.cycle.length, more], [2, []])
    const onTheirWay = holders.map((holder) => node(holder, any()))
    assert.deepEqual(findDeadlocks([...waiters, ...onTheirWay], locks), [])
  })
})

const ids = ['a', 'b', 'c', 'd', 'e', 'f']
const id = fc.constantFrom(...ids, 'running')
const rest = { on: fc.array(id, { maxLength: 3 }), canFail: fc.boolean() }
const awaited: fc.Arbitrary<Awaited> = fc.oneof(
  fc.record({ kind: fc.constantFrom('any', 'all'), ...rest }),
  fc.record({ kind: fc.constant('n'), needed: fc.integer({ min: 1, max: 3 }), ...rest }),
)
const graph = fc
  .uniqueArray(fc.constantFrom(...ids), { maxLength: ids.length })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) => fc.array(awaited, { maxLength: 2 }).map((w) => node(name, ...w))),
    ),
  )
const runs = { numRuns: 4000, seed: 11 }

const soft = graph.map((blocked) =>
  blocked.map(({ executionId, waits }) =>
    node(executionId, ...waits.map((wait) => ({ ...wait, canFail: true }))),
  ),
)

/** By definition: the largest set in which nobody's wait can be answered from outside of it. */
function stuckByDefinition(blocked: readonly Blocked[]): Set<string> {
  const stuck = new Set<string>()
  for (let bits = 0; bits < 2 ** blocked.length; bits += 1) {
    const set = new Set(
      blocked.filter((_, i) => Math.floor(bits / 2 ** i) % 2 === 1).map((n) => n.executionId),
    )
    const isClosed = blocked.every(
      ({ executionId, waits }) =>
        !set.has(executionId) || (waits.length > 0 && waits.every((wait) => !isMet(wait, set))),
    )
    if (isClosed) for (const name of set) stuck.add(name)
  }
  return stuck
}

function isMet(wait: Awaited, stuck: ReadonlySet<string>): boolean {
  const on = [...new Set(wait.on)]
  const out = on.filter((name) => !stuck.has(name)).length
  if (wait.kind === 'any') return on.length === 0 || out > 0
  return wait.kind === 'n' ? out >= Math.min(wait.needed, on.length) : out === on.length
}

test('thousands of rings are found in a few walks through the graph', () => {
  let reads = 0
  const size = 2_000
  const pairs = Array.from({ length: size }, (_, at) => {
    const waits = [any(String(at % 2 === 0 ? at + 1 : at - 1))]
    return {
      executionId: String(at),
      get waits() {
        reads += 1
        return waits
      },
    }
  })
  assert.equal(findDeadlocks(pairs).length, size / 2)
  assert.ok(reads < 30 * size, `${String(reads)} reads`)
})

describe('over random graphs', () => {
  test('D1: nobody is left stuck when the victims have moved, and nobody is hit for nothing', () => {
    fc.assert(
      fc.property(graph, (blocked) => {
        const found = findDeadlocks(blocked)
        let left: readonly Blocked[] = blocked
        for (const { cycle, victim } of found) {
          const stuck = stuckByDefinition(left)
          assert.ok(cycle.every(({ executionId }) => stuck.has(executionId)))
          const freed = new Set(
            victim ? [victim.executionId] : knotOf(cycle[0]?.executionId, left, stuck),
          )
          left = left.filter(({ executionId }) => !freed.has(executionId))
        }
        assert.equal(stuckByDefinition(left).size, 0)
      }),
      runs,
    )
  })

  test('D2: a cycle is closed, has nobody twice, follows real waits, and starts at the victim', () => {
    fc.assert(
      fc.property(graph, (blocked) => {
        for (const { cycle, victim } of findDeadlocks(blocked)) {
          const members = cycle.map(({ executionId }) => executionId)
          assert.ok(members.length > 0)
          assert.equal(new Set(members).size, members.length)
          assert.deepEqual(
            cycle.map(({ next }) => next),
            [...members.slice(1), members[0]],
          )
          for (const { executionId, wait, next } of cycle) {
            const waits = blocked.find((n) => n.executionId === executionId)?.waits
            assert.ok(waits?.includes(wait) && wait.on.includes(next))
          }
          if (victim !== null) {
            assert.equal(members[0], victim.executionId)
            assert.equal(cycle[0]?.wait, victim.wait)
            assert.ok(victim.wait.canFail)
          }
        }
      }),
      runs,
    )
  })

  test('D3: where one victim is enough for everybody, there is one', () => {
    fc.assert(
      fc.property(soft, (blocked) => {
        const isOneEnough = [...stuckByDefinition(blocked)].some(
          (name) => stuckByDefinition(blocked.filter((n) => n.executionId !== name)).size === 0,
        )
        const count = findDeadlocks(blocked).length
        assert.equal(count === 0, stuckByDefinition(blocked).size === 0)
        if (isOneEnough) assert.equal(count, 1)
      }),
      runs,
    )
  })

  test('D4: with real queues, exactly those are stuck whom no holder can ever let in', () => {
    const wanted = fc.record({ lock: fc.constantFrom(0, 1, 2), who: fc.constantFrom(...ids) })
    const capacities = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 2 })))
    fc.assert(
      fc.property(capacities, fc.array(wanted, { maxLength: 18 }), (sizes, asks) => {
        let locks = sizes.map(createLock)
        for (const [seq, { lock, who }] of asks.entries()) {
          locks = locks.map((one, index) => (index === lock ? acquire(one, who, seq) : one))
        }
        const found = findDeadlocks(blockedBy(locks))
        const stuck = new Set(ids.filter((name) => isWaiting(locks, name)))
        // Whoever waits for nothing ends; so does whoever got one of the locks it asked for.
        for (const name of endAll(locks)) stuck.delete(name)
        assert.equal(found.length > 0, stuck.size > 0)
        for (const { cycle } of found) assert.ok(cycle.every((link) => stuck.has(link.executionId)))
      }),
      runs,
    )
  })

  test('D5: who names a lock is as stuck, and as much a victim, as who names each of its holders', () => {
    fc.assert(
      fc.property(graph, (blocked) => {
        const told = findDeadlocks(...throughLocks(blocked))
        assert.deepEqual(
          told.map(({ victim }) => victim?.executionId),
          victims(blocked),
        )
        for (const { cycle } of told)
          for (const { executionId, next } of cycle) {
            const waits = blocked.find((one) => one.executionId === executionId)?.waits
            assert.ok(waits?.some(({ on }) => on.includes(next)))
          }
      }),
      runs,
    )
  })

  test('D6: they are those that are found when one after the other is broken', () => {
    fc.assert(
      fc.property(soft, (blocked) => {
        const inTurn: (string | undefined)[] = []
        let left: readonly Blocked[] = blocked
        for (;;) {
          const [first] = findDeadlocks(left)
          if (first === undefined) break
          const name = first.victim?.executionId
          inTurn.push(name)
          left = left.filter(({ executionId }) => executionId !== name)
        }
        assert.deepEqual(victims(blocked).toSorted(), inTurn.toSorted())
      }),
      runs,
    )
  })
})

/** The same, with a lock of its own in the place of what each wait for any of several names. */
function throughLocks(blocked: readonly Blocked[]): [readonly Blocked[], readonly BlockedLock[]] {
  const locks: BlockedLock[] = []
  const nodes = blocked.map(({ executionId, waits }) => ({
    executionId,
    waits: waits.map((wait, index) => {
      if (wait.kind !== 'any' || wait.on.length === 0) return wait
      const lock = { id: `${executionId}/${index}`, holders: wait.on }
      locks.push(lock)
      return { ...wait, on: [lock.id] }
    }),
  }))
  return [nodes, locks]
}

/** Everybody stuck whom a member of a cycle without a victim waits for in the end. */
function knotOf(
  start: string | undefined,
  blocked: readonly Blocked[],
  stuck: ReadonlySet<string>,
): ReadonlySet<string> {
  const knot = new Set(start === undefined ? [] : [start])
  for (const name of knot) {
    const waits = blocked.find(({ executionId }) => executionId === name)?.waits ?? []
    for (const on of waits.flatMap((wait) => wait.on)) if (stuck.has(on)) knot.add(on)
  }
  return knot
}

function acquire(lock: Lock, executionId: string, seq: number): Lock {
  const event: LockEvent = { type: 'acquireRequested', executionId, seq, generation: 1 }
  return decide(lock, event).next
}

const isWaiting = (locks: readonly Lock[], name: string) =>
  locks.some(({ queue }) => queue.some(({ executionId }) => executionId === name))

function blockedBy(locks: readonly Lock[]): readonly Blocked[] {
  return ids
    .filter((name) => isWaiting(locks, name))
    .map((name) =>
      node(
        name,
        ...locks
          .filter(({ queue }) => queue.some(({ executionId }) => executionId === name))
          .map(({ holders }) => any(...holders.map(({ executionId }) => executionId))),
      ),
    )
}

/** Ends, one after the other, everybody who can end, and says who did. */
function endAll(start: readonly Lock[]): ReadonlySet<string> {
  const ended = new Set<string>()
  const moving = new Set(ids.filter((name) => !isWaiting(start, name)))
  let locks = start
  for (const name of moving) {
    ended.add(name)
    const decisions = locks.map((lock) => decide(lock, { type: 'holderEnded', executionId: name }))
    locks = decisions.map(({ next }) => next)
    for (const { effects } of decisions) for (const grant of effects) moving.add(grant.executionId)
  }
  return ended
}
