import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Json } from '@millrace/replay'
import { TestRun, testSandbox } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const begin = (body: string, input: Json = {}) =>
  new TestRun(
    sandbox,
    `export default async function handler(system, self, inputs) {\n${body}\n}`,
    { input },
  ).start()

describe('wrappers of a call', () => {
  test('those of using stand outside of those of the options, in the order in which they are named', async () => {
    const run = await begin(`
      const one = self.using('a', { n: 1 })
      await one.using('b').flow('x', { i: 1 }, { wrappers: ['c', { id: 'an-id', input: { m: 2 } }], unwrapped: true })`)
    const { wrappers, unwrapped, input, flow } = run.command('call').child
    assert.deepEqual(wrappers, [
      { wrapper: 'a', input: { n: 1 } },
      { wrapper: 'b', input: {} },
      { wrapper: 'c', input: {} },
      { wrapper: 'an-id', input: { m: 2 } },
    ])
    assert.deepEqual([unwrapped, input, flow], [true, { i: 1 }, 'x'])
  })

  test('connections and scripts go through them too, and a starter serves any number of calls', async () => {
    const run = await begin(`
      const through = self.using('a')
      await through.connect({ connector_type: 'REST', url: 'u' }, { wait: false })
      await through.connect('stored', { p: 1 }, { wait: false })
      await through.script('export default () => 1', {}, { wait: false })`)
    const children = run.commands.flatMap((command) =>
      command.kind === 'start' ? [command.child] : [],
    )
    assert.deepEqual(
      children.map(({ type, wrappers }) => [type, wrappers]),
      ['CONNECTION', 'CONNECTION', 'SCRIPT'].map((type) => [type, [{ wrapper: 'a', input: {} }]]),
    )
  })

  test('a call without any says nothing of them', async () => {
    const run = await begin(`await self.flow('x', {}, { wrappers: [], unwrapped: false })`)
    const { child } = run.command('call')
    assert.deepEqual([child.wrappers, child.unwrapped], [undefined, undefined])
  })

  for (const [what, call] of [
    ['a name that is none', `self.using(3)`],
    ['inputs that are no object', `self.using('a', [1])`],
    ['an input named wrapped', `self.using('a', { wrapped: 1 })`],
    ['wrappers that are no list', `await self.flow('x', {}, { wrappers: 'a' })`],
    [
      'a wrapper with an unknown field',
      `await self.flow('x', {}, { wrappers: [{ name: 'a', x: 1 }] })`,
    ],
    ['too many of them', `await self.flow('x', {}, { wrappers: Array(17).fill('a') })`],
  ] as const)
    test(`${what} is an InvalidInputError`, async () => {
      const run = await begin(`try { ${call} } catch (error) { return error.name }`)
      assert.equal(run.end?.output, 'InvalidInputError')
    })
})

describe('what a wrapper runs in place of', () => {
  const FLOW = {
    type: 'FLOW',
    flow_id: 'f-id',
    flow_name: 'f',
    name: 'mine',
    input_value: { a: 1 },
  }

  test('it is started with the inputs of its caller, without its static wrappers', async () => {
    const run = await begin(`return (await self.wrapped()).output`, { n: 1, wrapped: FLOW })
    const { child } = run.command('call')
    assert.deepEqual(
      { ...child, id: '' },
      { id: '', type: 'FLOW', flow: 'f-id', input: { a: 1 }, name: 'mine', unwrapped: true },
    )
    await run.answer(1, run.good(1, 7))
    assert.equal(run.end?.output, 7)
  })

  test('other inputs take the place of those, and options are as for a flow', async () => {
    const run = await begin(
      `await self.wrapped({ b: 2 }, { wait: 'ALL_ENDED', timeout: 5, name: 'try 1' })`,
      { wrapped: FLOW },
    )
    const { child, returnWhen, timeout } = run.command('call')
    assert.deepEqual(
      [child.input, child.name, returnWhen, timeout],
      [{ b: 2 }, 'try 1', 'ALL_ENDED', 5],
    )
  })

  test('breakpoints of the call are those of what is started', async () => {
    const wrapped = { ...FLOW, breakpoints: [3, 7] }
    const run = await begin(`await self.wrapped()`, { wrapped })
    assert.deepEqual(run.command('call').child.breakpoints, [3, 7])
  })

  test('an input that is no object is passed on as it is', async () => {
    const run = await begin(`await self.wrapped()`, { wrapped: { ...FLOW, input_value: [1, 2] } })
    assert.deepEqual(run.command('call').child.input, [1, 2])
  })

  test('wrappers that are still to come stand around it, inside of those of the options', async () => {
    const inner = [{ id: 'i', name: 'inner', input: { k: 1 } }]
    const run = await begin(`await self.wrapped(undefined, { wrappers: ['mine'] })`, {
      wrapped: { ...FLOW, wrappers: inner },
    })
    assert.deepEqual(run.command('call').child.wrappers, [
      { wrapper: 'mine', input: {} },
      { wrapper: 'i', input: { k: 1 } },
    ])
  })

  for (const [fields, type, field, value] of [
    [{ script: 'source' }, 'SCRIPT', 'script', 'source'],
    [
      { connector_id: 'c', connector_name: 'n', connector_type: 'REST' },
      'CONNECTION',
      'connector',
      'c',
    ],
    [{ connector_type: 'REST' }, 'CONNECTION', 'connectorType', 'REST'],
    [{ wrapper_name: 'w' }, 'WRAPPER', 'wrapper', 'w'],
    [{ flow_name: 'n' }, 'FLOW', 'flow', 'n'],
  ] as const)
    test(`${Object.keys(fields).join(' and ')} start a ${type} by its ${field}`, async () => {
      const run = await begin(`await self.wrapped()`, { wrapped: { ...fields, input_value: null } })
      const child = run.command('call').child as unknown as Record<string, unknown>
      assert.deepEqual([child['type'], child[field], child['input']], [type, value, null])
    })

  test('where nothing is wrapped the call says so', async () => {
    const run = await begin(`try { await self.wrapped() } catch (error) { return error.message }`)
    assert.match(String(run.end?.output), /wraps nothing.*flow_id/)
  })
})
