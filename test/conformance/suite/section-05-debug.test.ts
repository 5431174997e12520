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
    const { id } = await rig.start(`await gate(self, 'held')\nconst a = 1\nreturn a`, {}, dev)
    await rig.reaches(id, 'WAITING_DEPENDENCY')
    await client.executions.debug(id, { action: 'break' })
    await rig.openGate(id, 'held')
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

  item('D31', 'a rerun in development mode stops where that did', async ({ rig, client }) => {
    const stopsAndEnds = async (id: string) => {
      const { stop } = await client.executions.debugState(id, { waitSeconds: 60 })
      assert.equal(stop?.line, 8)
      await client.executions.debug(id, { action: 'continue' })
      assert.equal((await rig.ended(id)).output_value, 6)
    }
    const first = await rig.start(LOOP, {}, { ...dev, breakpoints: [8] })
    await stopsAndEnds(first.id)
    await stopsAndEnds((await client.executions.rerun(first.id)).id)
  })

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

  item(
    '5.5b',
    'a webhook that is set to it starts its runs in development mode, another one does not',
    async ({ rig, client, rest }) => {
      const name = `s05-${newId()}`
      await rig.flow(name, 'await self.sleep(3600)')
      for (const isProductive of [false, true]) {
        const hook = await client.webhooks.create({
          name: `${name}-${isProductive}`,
          flow_name: name,
          is_enabled: true,
          is_async: true,
          is_productive: isProductive,
        })
        const { status, json } = await rest('POST', hook.call_path.slice('/api/latest'.length))
        assert.equal(status, 202)
        const id = String(json['execution_id'])
        assert.equal((await client.executions.get(id)).is_productive, isProductive)
        const debug = await rest('POST', `/execution/${id}/debug`, { action: 'break' })
        assert.equal(debug.status, isProductive ? 409 : 200)
        await client.executions.cancel(id)
      }
    },
  )

  property(
    ['break', 'lineno'],
    'set, it stops at its next line, which lineno shows, and is used up by that',
    async ({ rig, client }) => {
      const created = await rig.start(LOOP, {}, { ...dev, break: true })
      assert.equal(created.break, true)
      await client.executions.debugState(created.id, { waitSeconds: 60 })
      const stopped = await client.executions.get(created.id)
      assert.deepEqual([stopped.status, stopped.lineno, stopped.break], ['PAUSED', 2, null])
      await client.executions.debug(created.id, { action: 'continue' })
      assert.equal((await rig.ended(created.id)).output_value, 6)
    },
  )

  property(
    'breakpoints',
    'it stops before each of these lines whenever it comes by, and nowhere else',
    async ({ rig, client }) => {
      const { id, breakpoints } = await rig.start(LOOP, {}, { ...dev, breakpoints: [8, 5] })
      assert.deepEqual(breakpoints, [5, 8])
      const lines: number[] = []
      for (;;) {
        const { stop } = await client.executions.debugState(id, { waitSeconds: 60 })
        if (stop === null) break
        lines.push(stop.line)
        await client.executions.debug(id, { action: 'continue' })
      }
      assert.deepEqual(lines, [5, 5, 5, 8])
      assert.equal((await rig.ended(id)).output_value, 6)
    },
  )

  property(
    'use_breakpoints',
    'where it is true the breakpoints of the flow are heeded, where it is false passed over',
    async ({ rig, client }) => {
      for (const [use, line] of [
        [true, 3],
        [false, null],
      ] as const) {
        const asked = { flow_name: 's05-lines', ...dev, use_breakpoints: use }
        const run = await client.executions.create(asked)
        assert.equal(run.use_breakpoints === true, use)
        const { stop } = await client.executions.debugState(run.id, { waitSeconds: 60 })
        assert.equal(stop?.line ?? null, line)
        if (stop !== null) await client.executions.debug(run.id, { action: 'continue' })
        assert.equal((await rig.ended(run.id)).output_value, 2)
      }
    },
  )

  property(
    'use_only_explicit_breakpoints',
    'where it is true the lines stay those of the start, and there is no stepping',
    async ({ rig, client, rest }) => {
      for (const isFixed of [true, false]) {
        const asked = { ...dev, breakpoints: [5], use_only_explicit_breakpoints: isFixed }
        const run = await rig.start(LOOP, {}, asked)
        assert.equal(run.use_only_explicit_breakpoints === true, isFixed)
        const { stop } = await client.executions.debugState(run.id, { waitSeconds: 60 })
        assert.equal(stop?.line, 5)
        for (const body of [{ breakpoints: [5, 8] }, { action: 'step_over' }])
          assert.equal(
            (await rest('POST', `/execution/${run.id}/debug`, body)).status,
            isFixed ? 409 : 200,
          )
        await client.executions.cancel(run.id)
      }
    },
  )
})
