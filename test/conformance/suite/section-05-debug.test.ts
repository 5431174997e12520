import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { DebugState, Json } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { item, property, useDoors } from '../harness.ts'

/** Line 1 of a body is line 2 of its script. */
const LOOP = `let sum = 0

for (const n of [1, 2, 3]) {
  sum += n
}
await self.sleep(0.01)
return sum`

const variable = ({ stop }: DebugState, name: string): Json | undefined =>
  stop?.variables.find((one) => one.name === name)?.value

describe('development mode and debugging', { concurrency: 4, timeout: 180_000 }, () => {
  useDoors(async ({ client, rig }) => {
    await rig.flow('s05-lines', 'const a = 1\nconst b = a + 1\nreturn b')
    const { items } = await client.flows.list({
      filter: { field: 'name', op: 'eq', value: 's05-lines' },
    })
    await client.flows.update(items[0]?.id ?? '', { breakpoints: [3] })
  })

  const dev = { is_productive: false }

  item(
    ['5.8', '3.14', 'D40'],
    'at a breakpoint it is PAUSED before the line, with its variables, and stays so',
    async ({ rig, client }) => {
      const { id } = await rig.start(LOOP, {}, { ...dev, breakpoints: [5] })
      const first = await client.executions.debugState(id, { waitSeconds: 60 })
      const record = await client.executions.get(id)
      assert.deepEqual([record.status, record.is_paused, record.lineno], ['PAUSED', true, 5])
      assert.deepEqual([first.stop?.line, variable(first, 'n'), variable(first, 'sum')], [5, 1, 0])
      assert.equal(first.stop?.stack[0]?.name, 'handler')
      await client.executions.debug(id, { action: 'continue' })
      const second = await client.executions.debugState(id, { waitSeconds: 60 })
      assert.deepEqual([second.stop?.hit, variable(second, 'sum')], [2, 1])
      await client.executions.debug(id, { action: 'continue', breakpoints: [] })
      assert.equal((await rig.ended(id)).output_value, 6)
    },
  )

  item('5.9', 'a breakpoint on a line without a statement does nothing', async ({ rig }) => {
    const ended = await rig.run(LOOP, {}, { ...dev, breakpoints: [3, 6, 99] })
    assert.deepEqual([ended.status, ended.output_value], ['ENDED_SUCCESS', 6])
  })

  item(
    ['5.10', 'D39'],
    'breakpoints are kept with the flow, copied at the start, and changed while it runs',
    async ({ rig, client }) => {
      const { id } = await client.executions.create({
        flow_name: 's05-lines',
        ...dev,
        use_breakpoints: true,
      })
      const state = await client.executions.debugState(id, { waitSeconds: 60 })
      assert.deepEqual([state.breakpoints, state.stop?.line], [[3], 3])
      await client.executions.debug(id, { breakpoints: [4], action: 'continue' })
      const next = await client.executions.debugState(id, { waitSeconds: 60 })
      assert.equal(next.stop?.line, 4)
      assert.deepEqual((await client.flows.get('s05-lines', { by: 'name' })).breakpoints, [3])
      await client.executions.debug(id, { action: 'continue' })
      assert.equal((await rig.ended(id)).output_value, 2)
    },
  )

  item(
    ['5.7', 'D43'],
    'productive runs have no debugger, and do not come to have one',
    async ({ rig, client, rest }) => {
      const asked = await rest('POST', '/execution', { script: LOOP, break: true })
      assert.deepEqual([asked.status, asked.pointers], [422, ['/break']])
      const productive = await rig.start('await self.sleep(3600)')
      const refused = await rest('POST', `/execution/${productive.id}/debug`, { action: 'break' })
      assert.equal(refused.status, 409)
      await client.executions.cancel(productive.id)
    },
  )

  item(
    '5.4',
    'a run in development mode is made productive while it exists, and goes on without stops',
    async ({ rig, client }) => {
      const { id } = await rig.start(LOOP, {}, { ...dev, breakpoints: [5] })
      await client.executions.debugState(id, { waitSeconds: 60 })
      assert.equal((await client.executions.makeProductive(id)).is_productive, true)
      assert.equal((await rig.ended(id)).output_value, 6)
    },
  )

  item(
    '5.11',
    'a run with breakpoints has its lines looked at, another one has not',
    async ({ rig, client }) => {
      const body = 'throw new Error("where")'
      const [plain, debugged] = await Promise.all([
        rig.run(body),
        rig.run(body, {}, { ...dev, breakpoints: [99] }),
      ])
      // What was compiled in does not show: both name the same place.
      assert.equal(debugged.message, plain.message)
      const { id } = await rig.start(LOOP, {}, dev)
      assert.equal((await rig.ended(id)).output_value, 6)
      assert.equal((await client.executions.debugState(id)).is_stopped, false)
    },
  )

  item(
    ['5.12', 'D41'],
    'with fixed breakpoints none can be changed, and one cannot step',
    async ({ rig, client, rest }) => {
      const fixed = { ...dev, breakpoints: [5], use_only_explicit_breakpoints: true }
      const { id } = await rig.start(LOOP, {}, fixed)
      assert.equal((await client.executions.debugState(id, { waitSeconds: 60 })).stop?.line, 5)
      for (const body of [{ action: 'step_over' }, { action: 'break' }, { breakpoints: [6] }])
        assert.equal((await rest('POST', `/execution/${id}/debug`, body)).status, 409)
      await client.executions.debug(id, { use_breakpoints: false, action: 'continue' })
      assert.equal((await rig.ended(id)).output_value, 6)
    },
  )

  item('5.13', 'break pauses at the next line, also later', async ({ rig, client }) => {
    const { id } = await rig.start('await self.sleep(0.5)\nconst a = 1\nreturn a', {}, dev)
    await client.executions.debug(id, { action: 'break' })
    const state = await client.executions.debugState(id, { waitSeconds: 60 })
    assert.equal(state.stop?.reason, 'pause')
    await client.executions.debug(id, { action: 'continue' })
    assert.equal((await rig.ended(id)).output_value, 1)
  })

  item('5.14', 'use_breakpoints switches stopping at them off', async ({ rig }) => {
    const off = { ...dev, breakpoints: [5], use_breakpoints: false }
    assert.equal((await rig.run(LOOP, {}, off)).output_value, 6)
  })

  item(
    'D42',
    'children inherit the mode and heed the breakpoints of their own flow',
    async ({ rig, client }) => {
      const { id } = await rig.start(
        `const { output } = await self.flow('s05-lines')\nreturn output`,
        {},
        { ...dev, use_breakpoints: true },
      )
      await rig.reaches(id, 'WAITING_DEPENDENCY')
      const [child] = await rig.children(id)
      const state = await client.executions.debugState(child?.id ?? '', { waitSeconds: 60 })
      assert.deepEqual([state.is_productive, state.stop?.line], [false, 3])
      await client.executions.debug(child?.id ?? '', { action: 'continue' })
      assert.equal((await rig.ended(id)).output_value, 2)
    },
  )

  property('is_productive', 'the debugger works where it is false only', async ({ rig, rest }) => {
    for (const [is_productive, status] of [
      [true, 422],
      [false, 201],
    ] as const) {
      const body = { script: 'return 1', is_productive, breakpoints: [9], name: newId() }
      assert.equal((await rest('POST', '/execution', body)).status, status)
    }
    const child = await rig.run(`await self.script('return 1')`, {}, dev)
    assert.equal((await rig.children(child.id))[0]?.is_productive, false)
  })

  property(
    ['break', 'breakpoints', 'use_breakpoints', 'use_only_explicit_breakpoints', 'lineno'],
    'they say where it is to stop; break is used up by its stop',
    async ({ rig, client }) => {
      const wanted = { ...dev, break: true, breakpoints: [8, 5] }
      const created = await rig.start(LOOP, {}, wanted)
      assert.deepEqual(
        [created.break, created.breakpoints, created.use_breakpoints],
        [true, [5, 8], true],
      )
      await client.executions.debugState(created.id, { waitSeconds: 60 })
      const stopped = await client.executions.get(created.id)
      assert.deepEqual([stopped.lineno, stopped.break, stopped.breakpoints], [2, null, [5, 8]])
      await client.executions.cancel(created.id)
      const fixed = { ...dev, breakpoints: [5], use_only_explicit_breakpoints: true }
      const explicit = await rig.start(LOOP, {}, fixed)
      assert.equal(explicit.use_only_explicit_breakpoints, true)
      await client.executions.cancel(explicit.id)
    },
  )
})
