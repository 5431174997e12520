import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStop } from './check-stop.ts'

const STOP = {
  seq: 1,
  reason: 'step',
  line: 2,
  hit: 1,
  inside: null,
  missed: 4,
  stack: [{ name: 'f', line: 2, async: false }],
  variables: [{ name: 'x', scope: 'local', type: 'number', value: 1, cut: true }],
  values: [{ type: 'null', value: null }, { error: 'no' }],
}

test('an honest stop is taken', () => {
  assert.ok(isStop(STOP))
  const { missed: _, values: __, ...plain } = STOP
  assert.ok(isStop({ ...plain, inside: 3 }))
})

test('a stop that no realm sends is not', () => {
  const wrong: Record<string, unknown>[] = [
    { seq: -1 },
    { seq: undefined },
    { reason: 'whim' },
    { line: 1.5 },
    { hit: '1' },
    { inside: undefined },
    { missed: null },
    { stack: {} },
    { stack: [{ name: 'f', line: 2 }] },
    { stack: Array.from({ length: 1_001 }, () => STOP.stack[0]) },
    { variables: [null] },
    { variables: [{ name: 'x', scope: 'global', type: 'number', value: 1 }] },
    { variables: [{ name: 'x', scope: 'local', type: 'number' }] },
    { variables: [{ name: 'x', scope: 'local', type: 'number', value: 1, cut: false }] },
    { values: [{ type: 1, value: 1 }] },
    { values: {} },
  ]
  for (const change of wrong) assert.ok(!isStop({ ...STOP, ...change }), JSON.stringify(change))
  assert.ok(!isStop(null))
})
