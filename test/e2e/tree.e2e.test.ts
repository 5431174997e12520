import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LIVE_STATUSES } from '@millrace/client'
import { until, useStack } from '../stack/index.ts'

const MANY = 1_000

describe('a tree of a thousand children', { timeout: 180_000 }, () => {
  const at = useStack(async ({ rig }) => {
    await rig.flow('leaf', 'return inputs.n')
    await rig.flow('odd', `if (inputs.n % 10 === 0) throw new Error('round'); return inputs.n`)
    await rig.flow('sleeper', 'await self.sleep(3600)')
  })

  test('a parent awaits a thousand children at once and has the output of each', async () => {
    const parent = await at.rig.start(
      `const all = await Promise.all(Array.from({ length: inputs.many }, (_, n) => self.flow('leaf', { n })))
       return all.reduce((sum, child) => sum + child.output, 0)`,
      { many: MANY },
    )
    const ended = await at.rig.ended(parent.id, 60)
    assert.equal(ended.output_value, (MANY * (MANY - 1)) / 2)

    const children = await at.rig.children(parent.id)
    assert.equal(children.length, MANY)
    assert.equal(new Set(children.map((child) => child.id)).size, MANY)
    assert.ok(
      children.every(
        (child) => child.parent_execution_id === parent.id && child.status === 'ENDED_SUCCESS',
      ),
    )
    assert.deepEqual(
      children.map((child) => Number(child.output_value)).toSorted((a, b) => a - b),
      Array.from({ length: MANY }, (_, n) => n),
    )
  })

  test('started without waiting and awaited together, a hundred failures among them are told apart', async () => {
    const parent = await at.rig.start(
      `const all = []
       for (let n = 0; n < inputs.many; n += 1) all.push(self.flow('odd', { n }, { wait: false }))
       const children = await Promise.all(all)
       const ended = await self.waitFor(children, { returnWhen: 'ALL_ENDED' })
       return ended.filter((child) => child.status === 'ENDED_ERROR').length`,
      { many: MANY },
    )
    assert.equal((await at.rig.ended(parent.id, 60)).output_value, MANY / 10)
  })

  test('cancelling the parent cancels all thousand, and the tree says so', async () => {
    const parent = await at.rig.start(
      `await Promise.all(Array.from({ length: inputs.many }, () => self.flow('sleeper')))`,
      { many: MANY },
    )
    await until(
      async () =>
        (await at.stack.client.executions.children(parent.id, { count: true, limit: 1 })).total ===
        MANY,
      {
        what: 'a thousand children',
        timeoutMs: 30_000,
      },
    )
    await at.stack.client.executions.cancel(parent.id, { message: 'enough' })
    const left = {
      and: [
        { field: 'parent_execution_id', op: 'eq', value: parent.id },
        { field: 'status', op: 'in', value: LIVE_STATUSES },
      ],
    } as const
    await until(
      async () =>
        (await at.stack.client.executions.list({ filter: left, limit: 1 })).items.length === 0,
      {
        what: 'the end of all',
        timeoutMs: 30_000,
      },
    )
    const children = await at.rig.children(parent.id)
    assert.ok(children.every((child) => child.status === 'ENDED_CANCELLED'))
  })

  test('a deep tree is shown whole', async () => {
    await at.rig.flow(
      'branch',
      `if (inputs.depth > 0) await Promise.all([0, 1].map(() => self.flow('branch', { depth: inputs.depth - 1 })))`,
    )
    const root = await at.stack.client.executions.create(
      { flow_name: 'branch', input_value: { depth: 4 } },
      { waitSeconds: 30 },
    )
    assert.equal(root.status, 'ENDED_SUCCESS')
    const count = (node: { children: readonly unknown[] }): number =>
      1 + node.children.reduce<number>((sum, child) => sum + count(child as typeof node), 0)
    assert.equal(count(await at.stack.client.executions.tree(root.id)), 31)
  })
})
