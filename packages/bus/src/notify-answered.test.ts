import assert from 'node:assert/strict'
import { it } from 'node:test'
import { notifyAnswered, type AnsweredLike } from './notify-answered.ts'

const base: AnsweredLike = {
  workspaceId: 'w',
  executionId: 'e',
  version: 3,
  status: 'WAITING_ENGINE',
  type: 'FLOW',
  parentId: null,
  priority: 0,
  moved: true,
  processId: null,
  answers: [{ position: 1, seq: 4, outcome: '{}', at: 7 }],
}

it('tells the process that keeps it, as long as it lives, otherwise the pool', () => {
  const told: unknown[] = []
  const bus = {
    publishResume: (processId: string, items: readonly { executionId: string }[]) =>
      void told.push(['resume', processId, ...items.map((item) => item.executionId)]),
    publishDispatch: (pool: string, items: readonly { executionId: string }[]) => {
      told.push(['dispatch', pool, ...items.map((item) => item.executionId)])
      return Promise.resolve(true)
    },
    publishMoved: (items: readonly { executionId: string }[]) =>
      void told.push(['moved', ...items.map((item) => item.executionId)]),
  }
  notifyAnswered(
    bus,
    [
      { ...base, executionId: 'cold' },
      { ...base, executionId: 'warm', processId: 'alive' },
      { ...base, executionId: 'warm too', processId: 'alive' },
      { ...base, executionId: 'orphaned', processId: 'dead' },
      { ...base, executionId: 'running', processId: 'alive', moved: false, status: 'AT_ENGINE' },
      { ...base, executionId: 'ready already', moved: false },
      { ...base, executionId: 'paused', processId: 'alive', status: 'PAUSED' },
      { ...base, executionId: 'connection', type: 'CONNECTION' },
    ],
    (processId) => processId === 'alive',
  )
  assert.deepEqual(told, [
    ['resume', 'alive', 'warm', 'warm too', 'running'],
    ['dispatch', 'engine', 'cold', 'orphaned'],
    ['dispatch', 'connector', 'connection'],
    ['moved', 'cold', 'warm', 'warm too', 'orphaned', 'paused', 'connection'],
  ])
})
