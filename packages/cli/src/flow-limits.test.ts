import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLimit, parseRate, parseRuntime, toLimits } from './flow-limits.ts'
import { renderFlowLimits } from './render/flow-limits.ts'

test('limits are read as people write them', () => {
  assert.deepEqual(parseLimit('3'), { limit: 3 })
  assert.deepEqual(parseRate('10/1m'), { limit: 10, per_seconds: 60 })
  assert.equal(parseRuntime('2h'), 7_200)
  for (const none of [parseLimit('none'), parseRate('none'), parseRuntime('none')])
    assert.equal(none, 'none')
  for (const wrong of ['10', '10/', '/5s', '1/2/3', 'x/5s'])
    assert.throws(() => parseRate(wrong), wrong)
  assert.throws(() => parseLimit('0'))
})

test('only what is given is changed, and the key goes with both', () => {
  assert.deepEqual(toLimits({ concurrency: { limit: 2 }, key: '/a', maxRuntime: 'none' }), {
    concurrency: { limit: 2, key: '/a' },
    max_runtime_seconds: null,
  })
  assert.deepEqual(toLimits({ rate: 'none' }), { rate_limit: null })
  assert.throws(() => toLimits({}), /say what to limit/)
  assert.throws(() => toLimits({ key: '/a', maxRuntime: 5 }), /--key goes with/)
})

test('places and queues are shown in the order of their turns', () => {
  const now = Date.parse('2026-01-01T00:01:00Z')
  const since = '2026-01-01T00:00:00Z'
  const text = renderFlowLimits(
    {
      flow_id: 'f',
      truncated: false,
      items: [
        {
          kind: 'concurrency',
          value: 'acme',
          limit: 1,
          holders: [{ execution_id: 'a', name: 'n', status: 'PAUSED', since, until: null }],
          waiters: [{ execution_id: 'b', name: 'n', position: 1, since }],
          holder_count: 1,
          waiter_count: 1,
        },
      ],
    },
    now,
  )
  const [head = '', holder = '', waiter = ''] = text.split('\n')
  assert.equal(head, 'concurrency for "acme": 1 of 1 places taken, 1 waiting')
  assert.match(holder, /has it {2}a {2}PAUSED {2}for 1 min 0 s/)
  assert.match(waiter, /1\. +b {2}for 1 min 0 s/)
  assert.equal(
    renderFlowLimits({ flow_id: 'f', truncated: false, items: [] }, now),
    'nobody has a place or waits for one',
  )
})
