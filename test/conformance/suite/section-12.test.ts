import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Execution, Json, WrapperUse } from '@millrace/client'
import { script, until } from '../../stack/index.ts'
import { type Doors, item, property, useDoors } from '../harness.ts'

/** Passes the call on and says that it was there, before and after. */
const MARK = `
  const child = await self.wrapped({ ...inputs.wrapped.input_value, seen: [...(inputs.wrapped.input_value.seen ?? []), inputs.mark] })
  return { ...child.output, back: [...(child.output.back ?? []), inputs.mark] }`

const putWrapper = async (
  { client }: Doors,
  name: string,
  body: string,
  uses: readonly WrapperUse[] = [],
): Promise<void> => {
  await client.wrappers.create({ name, script: script(body), wrappers: uses })
}

const wrapFlow = async (
  { client }: Doors,
  name: string,
  uses: readonly WrapperUse[],
): Promise<void> => {
  await client.flows.update(name, { wrappers: uses }, { by: 'name' })
}

/** From an execution down to what has no children: one line. */
async function lineOf({ rig }: Doors, top: Execution): Promise<Execution[]> {
  const line = [top]
  for (let at: Execution | undefined = top; at !== undefined;) {
    const children: Execution[] = await rig.children(at.id)
    assert.ok(children.length <= 1)
    at = children[0]
    if (at !== undefined) line.push(at)
  }
  return line
}

const named = (line: readonly Execution[]): unknown[] =>
  line.map(({ type, wrapper_name: wrapper, flow_name: flow }) => [type, wrapper ?? flow])

describe('wrappers', { concurrency: 4, timeout: 240_000 }, () => {
  useDoors(async (doors) => {
    await doors.rig.flow('s12-echo', 'return { got: inputs }')
    await doors.rig.flow('s12-fails', 'throw new TypeError("no good")')
    for (const mark of ['a', 'b', 'c']) await putWrapper(doors, `s12-${mark}`, MARK)
  })

  item(
    ['12.1', '12.4', '12.5', '6.1.5', '2.2.3b', '2.2.4b', '2.2.6b'],
    'a request that names a wrapper gets an execution of type WRAPPER, whose child is the run of the flow',
    async (doors) => {
      const { client, rig } = doors
      const { id } = await client.executions.create({
        flow_name: 's12-echo',
        input_value: { x: 1 },
        wrappers: [{ name: 's12-a', input: { mark: 'A' } }],
      })
      const top = await rig.ended(id)
      assert.deepEqual(
        top.output_value,
        { got: { x: 1, seen: ['A'] }, back: ['A'] },
        top.message ?? '',
      )
      const line = await lineOf(doors, top)
      assert.deepEqual(named(line), [
        ['WRAPPER', 's12-a'],
        ['FLOW', 's12-echo'],
      ])
      const wrapper = await client.wrappers.get('s12-a', { by: 'name' })
      assert.deepEqual(
        line.map(({ wrapper_id: one }) => one),
        [wrapper.id, null],
      )
      assert.deepEqual(
        line.map(({ name }) => name),
        ['s12-echo', 's12-echo'],
      )
    },
  )

  item(
    '12.1',
    'a wrapper may start what it wraps several times or never, and is told how',
    async (doors) => {
      const { rig } = doors
      await putWrapper(
        doors,
        's12-times',
        `const outputs = []
         for (let n = 0; n < inputs.times; n += 1) outputs.push((await self.wrapped({ n })).output)
         return { outputs, flow: inputs.wrapped.flow_name, type: inputs.wrapped.type }`,
      )
      for (const times of [0, 3]) {
        const output = await rig.output(
          `return (await self.using('s12-times', { times: inputs.times }).flow('s12-echo')).output`,
          { times },
        )
        const outputs = Array.from({ length: times }, (_, n) => ({ got: { n } }))
        assert.deepEqual(output, { outputs, flow: 's12-echo', type: 'FLOW' })
      }
    },
  )

  item(
    ['12.2', 'D87'],
    'flows, connections, scripts and wrappers can be wrapped',
    async (doors) => {
      const { rig, client } = doors
      await putWrapper(
        doors,
        's12-catch',
        `const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' }); return [child.status, inputs.wrapped.type]`,
      )
      await client.connectors.create({
        name: 's12-connector',
        connector_type: 'REST',
        value: {},
        wrappers: [{ name: 's12-catch' }],
      })
      const output = await rig.output(`
        const through = self.using('s12-catch')
        const refused = { url: 'http://127.0.0.1:1/' }
        const children = [
          await through.flow('s12-fails'),
          await through.script('export default () => 1'),
          await through.connect({ connector_type: 'REST', ...refused }),
          await self.connect('s12-connector', refused),
        ]
        return children.map((child) => child.output)`)
      assert.deepEqual(output, [
        ['ENDED_ERROR', 'FLOW'],
        ['ENDED_SUCCESS', 'SCRIPT'],
        ['ENDED_ERROR', 'CONNECTION'],
        ['ENDED_ERROR', 'CONNECTION'],
      ])

      await putWrapper(doors, 's12-wrapped-one', MARK, [{ name: 's12-catch' }])
      const top = await rig.run(
        `return (await self.using('s12-wrapped-one', { mark: 'x' }).flow('s12-echo')).output`,
      )
      assert.deepEqual(top.output_value, ['ENDED_SUCCESS', 'WRAPPER'])
      assert.deepEqual(named((await lineOf(doors, top)).slice(1)), [
        ['WRAPPER', 's12-catch'],
        ['WRAPPER', 's12-wrapped-one'],
        ['FLOW', 's12-echo'],
      ])
    },
  )

  item(
    ['12.2', 'D87'],
    'what a schedule starts goes through its wrappers, then those of the flow; its iterations do not',
    async (doors) => {
      const { client, rig } = doors
      const flow = 's12-scheduled'
      await rig.flow(flow, 'return { got: inputs }')
      await wrapFlow(doors, flow, [{ name: 's12-b', input: { mark: 'B' } }])
      const schedule = await client.schedules.create({
        name: flow,
        flow_name: flow,
        timing: { cron: '0 0 1 1 *' },
        wrappers: [{ name: 's12-a', input: { mark: 'A' } }],
      })
      const started = await client.schedules.trigger(schedule.id)
      const top = await rig.ended(started.execution_id ?? '')
      assert.equal(top.schedule_id, schedule.id)
      assert.deepEqual((top.output_value as { back: Json }).back, ['B', 'A'], top.message ?? '')
      assert.deepEqual(named(await lineOf(doors, top)), [
        ['WRAPPER', 's12-a'],
        ['WRAPPER', 's12-b'],
        ['FLOW', flow],
      ])
      const iteration = await client.executions.get(schedule.iteration_execution_id ?? '')
      assert.deepEqual([iteration.type, iteration.wrapper_id], ['SCHEDULE', null])
      await client.schedules.delete(schedule.id)
    },
  )

  item('D39', 'breakpoints of a call through a wrapper are of what it wraps', async (doors) => {
    const { client, rig } = doors
    await rig.flow('s12-lines', 'const a = 1\nconst b = a + 1\nreturn { b }')
    const { id } = await client.executions.create({
      flow_name: 's12-lines',
      is_productive: false,
      breakpoints: [3],
      wrappers: [{ name: 's12-a', input: { mark: 'A' } }],
    })
    const wrapped = await until(
      async () => (await rig.children(id)).find(({ status }) => status === 'PAUSED'),
      { what: 'the wrapped flow has stopped' },
    )
    assert.equal((await client.executions.debugState(wrapped.id)).stop?.line, 3)
    await client.executions.debug(wrapped.id, { action: 'continue' })
    assert.deepEqual((await rig.ended(id)).output_value, { b: 2, back: ['A'] })
  })

  item(
    ['12.3a', '12.6', 'D86'],
    'a static wrapper always applies: its output is what the caller gets, who has done nothing for it',
    async (doors) => {
      const { rig, client } = doors
      await rig.flow('s12-always', 'return { got: inputs }')
      await wrapFlow(doors, 's12-always', [{ name: 's12-a', input: { mark: 'A' } }])
      const got = { got: { x: 1, seen: ['A'] }, back: ['A'] }
      const child = await rig.output(`return (await self.flow('s12-always', { x: 1 })).output`)
      assert.deepEqual(child, got)
      const { id } = await client.executions.create({
        flow_name: 's12-always',
        input_value: { x: 1 },
      })
      assert.deepEqual((await rig.ended(id)).output_value, got)
    },
  )

  item(
    ['12.3b', '8.3.using'],
    'using names the wrapper of one call, and only of that',
    async ({ rig }) => {
      const output = await rig.output(`
        const one = await self.using('s12-a', { mark: 'A' }).flow('s12-echo', { x: 1 })
        const other = await self.flow('s12-echo', { x: 1 })
        const option = await self.flow('s12-echo', {}, { wrappers: [{ name: 's12-b', input: { mark: 'B' } }] })
        return [one.output.back, other.output.back ?? null, option.output.back]`)
      assert.deepEqual(output, [['A'], null, ['B']])
    },
  )

  item(
    ['12.3c', 'D87', '2.5.5'],
    'those of the call stand outside in their order, static ones inside, and unwrapped leaves these out',
    async (doors) => {
      const { rig } = doors
      await rig.flow('s12-chain', 'return { got: inputs }')
      await wrapFlow(doors, 's12-chain', [
        { name: 's12-b', input: { mark: 'B' } },
        { name: 's12-c', input: { mark: 'C' } },
      ])
      const seenOf = async (call: string): Promise<unknown> =>
        rig.output(
          `const { output } = await ${call}; return [output.got.seen ?? [], output.back ?? []]`,
        )
      const outside = `self.using('s12-a', { mark: 'A' }).using('s12-a', { mark: 'AA' })`
      assert.deepEqual(await seenOf(`${outside}.flow('s12-chain')`), [
        ['A', 'AA', 'B', 'C'],
        ['C', 'B', 'AA', 'A'],
      ])
      assert.deepEqual(await seenOf(`${outside}.flow('s12-chain', {}, { unwrapped: true })`), [
        ['A', 'AA'],
        ['AA', 'A'],
      ])
      assert.deepEqual(await seenOf(`self.flow('s12-chain', {}, { unwrapped: true })`), [[], []])
    },
  )

  item(
    'D86',
    'the wrapped run is a child, and a failure of the wrapper is one of the call',
    async (doors) => {
      const { rig } = doors
      await putWrapper(doors, 's12-refuses', `await self.wrapped(); self.error('not with me')`)
      const output = await rig.output(`
      try { await self.using('s12-refuses').flow('s12-echo') } catch (error) { return [error.name, error.message] }`)
      const [name, message] = output as [string, string]
      assert.equal(name, 'DependencyFailedError')
      assert.match(message, /not with me/)
    },
  )

  property(
    ['type', 'unwrapped', 'wrapper_id', 'wrapper_name'],
    'an execution of a wrapper says so, which one, and that the run inside of it has no wrappers left',
    async (doors) => {
      const { rig, client } = doors
      await rig.flow('s12-property', 'return 1')
      await putWrapper(doors, 's12-through', `return (await self.wrapped()).output`)
      await wrapFlow(doors, 's12-property', [{ name: 's12-through' }])
      const { id } = await client.executions.create({ flow_name: 's12-property' })
      const line = await lineOf(doors, await rig.ended(id))
      const wrapper = await client.wrappers.get('s12-through', { by: 'name' })
      assert.deepEqual(
        line.map((one) => [one.type, one.unwrapped, one.wrapper_id, one.wrapper_name]),
        [
          ['WRAPPER', false, wrapper.id, 's12-through'],
          ['FLOW', true, null, null],
        ],
      )
      const bare = await client.executions.create({ flow_name: 's12-property', unwrapped: true })
      const { type, unwrapped } = await rig.ended(bare.id)
      assert.deepEqual([type, unwrapped], ['FLOW', true])
    },
  )

  item(
    'D88',
    'the standard wrappers are records like others, with their source',
    async ({ client }) => {
      const names = ['cache', 'check', 'interactive', 'notify', 'retry', 'timeout', 'validate']
      for (const name of names) {
        const wrapper = await client.wrappers.get(name, { by: 'name' })
        assert.deepEqual([wrapper.standard_name, wrapper.is_changed], [name, false])
        assert.match(wrapper.script, /self\.wrapped\(/)
      }
    },
  )

  item('6.1.5', 'gRPC takes wrappers as REST does', async ({ grpc, client }) => {
    const { execution } = await grpc<{ execution: { id: string } }>('executions', 'Create', {
      flow_name: 's12-echo',
      wait_seconds: 20,
      wrappers: [{ name: 's12-a', input: { fields: { mark: { stringValue: 'G' } } } }],
    })
    const { type, output_value: output } = await client.executions.get(execution.id)
    assert.deepEqual([type, (output as { back: Json }).back], ['WRAPPER', ['G']])
  })
})
