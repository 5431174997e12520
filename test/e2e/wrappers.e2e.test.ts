import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { script, until, useStack } from '../stack/index.ts'

/** Wrappers through crashes and on the command line; what they promise is in test/conformance. */
describe('wrappers', { timeout: 240_000 }, () => {
  const at = useStack(async ({ rig, stack }) => {
    await rig.flow(
      'unsteady',
      `const tries = system.setting('tries')
       const n = 1 + (await tries.get())
       await tries.set(n)
       if (n < 3) throw new Error('try ' + n)
       return { n, ...inputs }`,
    )
    await stack.client.settings.put('tries', 0)
    await stack.client.wrappers.create({
      name: 'marked',
      script: script(
        `const child = await self.wrapped({ ...inputs.wrapped.input_value, by: inputs.by })
         return { ...child.output, through: inputs.by }`,
      ),
    })
  })

  test('engines that are killed between tries and within them change nothing', async () => {
    const { stack, rig } = at
    const { client } = stack
    const uses = [{ name: 'marked', input: { by: 'static' } }]
    await client.flows.update('unsteady', { wrappers: uses }, { by: 'name' })
    const { id } = await client.executions.create({
      flow_name: 'unsteady',
      input_value: { a: 1 },
      wrappers: [{ name: 'retry', input: { delay_sec: 5 } }],
    })
    for (const tries of [1, 2]) {
      await until(
        async () => {
          const children = await rig.children(id)
          const { status } = await client.executions.get(id)
          return children.length === tries && status === 'SCHEDULED'
        },
        { what: `the wait after try ${tries}` },
      )
      await stack.killAndAwait('engine')
    }
    const ended = await rig.ended(id, 60)
    assert.equal(ended.status, 'ENDED_SUCCESS', ended.message ?? '')
    assert.deepEqual(ended.output_value, { n: 3, a: 1, by: 'static', through: 'static' })
    const marked = await rig.children(id)
    assert.deepEqual(
      marked.map(({ wrapper_name: name, status }) => [name, status]),
      [
        ['marked', 'ENDED_ERROR'],
        ['marked', 'ENDED_ERROR'],
        ['marked', 'ENDED_SUCCESS'],
      ],
    )
    for (const { id: one } of marked) {
      const [run, ...more] = await rig.children(one)
      assert.deepEqual([run?.flow_name, run?.unwrapped, more.length], ['unsteady', true, 0])
    }
  })

  test('a cancel of the wrapper goes down to what it wraps', async () => {
    const { rig, stack } = at
    await rig.flow('sleeper', 'await self.sleep(3600)')
    const { id } = await stack.client.executions.create({
      flow_name: 'sleeper',
      wrappers: [{ name: 'retry' }, { name: 'marked', input: { by: 'me' } }],
    })
    const leaf = await until(
      async () => {
        const [inner] = await rig.children(id)
        const [run] = inner === undefined ? [] : await rig.children(inner.id)
        return run?.status === 'SCHEDULED' ? run : null
      },
      { what: 'the sleeper sleeps' },
    )
    const { waits, reason } = await rig.why(id)
    assert.equal(waits[0]?.kind, 'DEPENDENCY', String(reason))
    await stack.client.executions.cancel(id)
    assert.equal((await rig.ended(leaf.id)).status, 'ENDED_CANCELLED')
  })

  test('what using gives a wrapper is checked against its schema at the call', async () => {
    const { stack, rig } = at
    await stack.client.wrappers.create({
      name: 'strict',
      script: script('return (await self.wrapped()).output'),
      input_schema: { type: 'object', required: ['n'] },
    })
    const output = await rig.output(`
      const caught = []
      for (const input of [{}, { n: 1 }])
        try { caught.push((await self.using('strict', input).script('export default () => 7')).output) }
        catch (error) { caught.push(error.name + ': ' + error.message) }
      return caught`)
    assert.deepEqual(output, [
      'SchemaValidationError: the input of the wrapper "strict" does not match its input_schema: /n is missing',
      7,
    ])
  })

  test('breakpoints of a call stop what is wrapped, and not the wrapper', async () => {
    const { stack, rig } = at
    const { executions } = stack.client
    await rig.flow('lines', `  const a = 1\n  const b = a + 1\n  return { b }`)
    const { id } = await executions.create({
      flow_name: 'lines',
      is_productive: false,
      breakpoints: [3],
      wrappers: [{ name: 'marked', input: { by: 'me' } }],
    })
    const run = await until(
      async () => {
        const [child] = await rig.children(id)
        return child?.status === 'PAUSED' ? child : null
      },
      { what: 'the wrapped flow stops' },
    )
    assert.equal((await executions.debugState(run.id)).stop?.line, 3)
    await executions.debug(run.id, { action: 'continue' })
    assert.deepEqual((await rig.ended(id)).output_value, { b: 2, through: 'me' })
  })

  test('what a child is started as is known to its parent at once', async () => {
    const output = await at.rig.output(`
      const child = await self.using('marked', { by: 'me' }).flow('sleeper', {}, { run: false })
      const known = await child.load('type', 'name')
      await child.cancel()
      return known`)
    assert.deepEqual(output, ['WRAPPER', 'sleeper'])
  })
})
