import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decideOverlap,
  nextQueued,
  OVERLAP,
  type Overlap,
  type OverlapDecision,
} from './overlap.ts'

const replace = (
  stop: 'cancel' | 'terminate',
  executionIds: readonly string[],
  start: 'now' | 'ended',
  droppedMs: readonly number[],
): OverlapDecision => ({ kind: 'replace', stop, executionIds, start, droppedMs })
const skip = (reason: string): OverlapDecision => ({ kind: 'skip', reason })
const start: OverlapDecision = { kind: 'start' }
const queue: OverlapDecision = { kind: 'queue' }

/** What each policy does: while one runs, while one runs and one waits, and while one waits to start. */
const grid: Readonly<Record<Overlap, readonly OverlapDecision[]>> = {
  skip: [
    skip('execution a has not ended, and overlap is skip'),
    skip('execution a has not ended, and overlap is skip'),
    skip('an earlier run waits to start, and overlap is skip'),
  ],
  queue_one: [
    queue,
    skip('one run waits already, and overlap is queue_one'),
    skip('one run waits already, and overlap is queue_one'),
  ],
  queue_all: [queue, queue, queue],
  allow: [start, start, start],
  cancel_running: [
    replace('cancel', ['a'], 'ended', []),
    replace('cancel', ['a'], 'ended', [5]),
    replace('cancel', [], 'now', [5]),
  ],
  terminate_running: [
    replace('terminate', ['a'], 'now', []),
    replace('terminate', ['a'], 'now', [5]),
    replace('terminate', [], 'now', [5]),
  ],
}

for (const overlap of OVERLAP)
  test(`overlap ${overlap} decides as the grid says`, () => {
    assert.deepEqual(
      [
        decideOverlap({ overlap, runningIds: ['a'], queuedMs: [] }),
        decideOverlap({ overlap, runningIds: ['a'], queuedMs: [5] }),
        decideOverlap({ overlap, runningIds: [], queuedMs: [5] }),
      ],
      grid[overlap],
    )
    assert.deepEqual(decideOverlap({ overlap, runningIds: [], queuedMs: [] }), start)
  })

test('a queue has an end, and the reason says where', () => {
  const facts = { overlap: 'queue_all', runningIds: ['a'], queuedMs: [1, 2] } as const
  assert.deepEqual(decideOverlap({ ...facts, queueMax: 3 }), queue)
  assert.deepEqual(decideOverlap({ ...facts, queueMax: 2 }), skip('2 runs wait already, 2 at most'))
  const hundred = Array.from({ length: 100 }, (_, index) => index)
  assert.equal(decideOverlap({ ...facts, queuedMs: hundred }).kind, 'skip')
})

test('who is in the way is named', () => {
  const decision = decideOverlap({ overlap: 'skip', runningIds: ['a', 'b', 'c'], queuedMs: [] })
  assert.deepEqual(decision, skip('execution a and 2 more have not ended, and overlap is skip'))
})

test('the oldest that waits starts when nothing runs any more', () => {
  assert.equal(nextQueued({ runningIds: ['a'], queuedMs: [5, 6] }), null)
  assert.equal(nextQueued({ runningIds: [], queuedMs: [5, 6] }), 5)
  assert.equal(nextQueued({ runningIds: [], queuedMs: [] }), null)
})
