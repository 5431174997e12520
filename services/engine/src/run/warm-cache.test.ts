import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Held, OpenWait } from './held.ts'
import { newHeld } from './held-fixture.ts'
import { createWarmCache } from './warm-cache.ts'

const MINUTE = 60_000

describe('the warm cache', () => {
  it('does not keep what sleeps for more than a minute', () => {
    const { cache, evicted } = at(0)
    cache.keep(held('hour', [{ kind: 'TIMER', dueAt: 60 * MINUTE }]))
    cache.keep(held('soon', [{ kind: 'TIMER', dueAt: MINUTE / 2 }]))
    assert.deepEqual(evicted, ['hour'])
    assert.equal(cache.take('hour'), null)
    assert.equal(cache.take('soon')?.executionId, 'soon')
  })

  it('keeps a sleeper that something else may wake before', () => {
    const { cache, evicted } = at(0)
    cache.keep(held('race', [timer(60 * MINUTE), { kind: 'DEPENDENCY', dueAt: null }]))
    cache.keep(held('two', [timer(60 * MINUTE), timer(1_000)]))
    assert.deepEqual(evicted, [])
    assert.equal(cache.size, 2)
  })

  it('lets go of what had no answer for a minute, unless it is due within the next', () => {
    const { cache, evicted, clock } = at(0)
    cache.keep(held('child', [{ kind: 'DEPENDENCY', dueAt: null }]))
    cache.keep(held('due', [{ kind: 'DEPENDENCY', dueAt: 1.5 * MINUTE }]))
    clock.time = 10_000
    cache.keep(held('recent', [{ kind: 'LOCK', dueAt: null }]))
    cache.coolDown()
    assert.deepEqual(evicted, [])
    clock.time = MINUTE
    cache.coolDown()
    assert.deepEqual(evicted, ['child'])
    assert.equal(cache.size, 2)
  })

  it('drops the one that was used least recently when there are too many', () => {
    const { cache, evicted } = at(0, 2)
    for (const id of ['a', 'b']) cache.keep(held(id, []))
    cache.keep(cache.take('a') ?? held('lost', []))
    cache.keep(held('c', []))
    assert.deepEqual(evicted, ['b'])
  })
})

const timer = (dueAt: number): OpenWait => ({ kind: 'TIMER', dueAt })

function at(time: number, max = 10) {
  const clock = { time }
  const evicted: string[] = []
  const cache = createWarmCache({
    max,
    onEvict: ({ executionId }) => evicted.push(executionId),
    clock: () => clock.time,
  })
  return { cache, evicted, clock }
}

const held = (executionId: string, waits: readonly OpenWait[]): Held =>
  newHeld({
    executionId,
    type: 'FLOW',
    waits: new Map(waits.map((wait, seq) => [seq, wait])),
    hadWaits: true,
  })
