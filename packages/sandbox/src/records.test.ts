import assert from 'node:assert/strict'
import type { Command } from '@millrace/replay'
import { after, describe, test } from 'node:test'
import { refused, TestRun, testSandbox, value } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const begin = (body: string) =>
  new TestRun(sandbox, `export default async function handler(system, self) {\n${body}\n}`).start()

/** Answers every call as it comes with the usual good outcome. */
async function through(body: string): Promise<TestRun> {
  const run = await begin(body)
  while (run.end === null) await run.answerFirst()
  return run
}

const requests = (run: TestRun) =>
  run.commands.flatMap((command: Command) => (command.kind === 'record' ? [command.request] : []))

describe('records', () => {
  test('are asked for by name or id, and every type is there', async () => {
    const run = await through(`
      const found = []
      for (const type of ['flow', 'connector', 'project', 'schedule', 'scheduler', 'webhook', 'wrapper', 'user', 'setting', 'file'])
        found.push(await system[type](type === 'file' ? 'a' : ' a ').get('description'))
      return found`)
    assert.equal(run.end?.status, 'ENDED_SUCCESS', run.end?.message ?? '')
    assert.deepEqual(
      requests(run).map(({ type }) => type),
      [
        'flow',
        'connector',
        'project',
        'schedule',
        'scheduler',
        'webhook',
        'wrapper',
        'user',
        'setting',
        'file',
      ],
    )
    const [first] = requests(run)
    assert.deepEqual(first, { action: 'read', type: 'flow', key: 'a', fields: ['description'] })
  })

  test('get reads what is known or set, load reads again', async () => {
    const run = await through(`
      const f = system.flow('a')
      const one = await f.get('name')
      const two = await f.get('name', 'script')
      f.set({ script: 'new', description: null, language: undefined })
      const set = await f.get('script', 'description', 'language')
      return [one, two, set, await f.load('script')]`)
    assert.deepEqual(run.end?.output, [
      'name of a',
      ['name of a', 'script of a'],
      ['new', null, 'language of a'],
      'script of a',
    ])
    assert.deepEqual(
      requests(run).map((request) => request.action === 'read' && request.fields),
      [['name'], ['script'], ['language'], ['script']],
    )
  })

  test('all fields come as an object, and are asked for once', async () => {
    const run = await through(`
      const f = system.flow('a')
      const all = await f.get()
      f.set({ description: 'mine' })
      return [all, (await f.get()).description, (await f.load()).description, await f.get('name')]`)
    const all = { id: 'id of a', name: 'name of a', description: 'description of a' }
    assert.deepEqual(run.end?.output, [all, 'mine', 'description of a', 'name of a'])
    assert.equal(requests(run).length, 2)
  })

  test('are saved with what was set and what is given, and then go by their new name', async () => {
    const run = await through(`
      const f = system.flow('a')
      f.set({ description: 'set', script: 'x' })
      const same = await f.save({ name: 'b', description: 'given', language: undefined })
      return [same === f, f.key, await f.get('name'), await f.get('script')]`)
    assert.deepEqual(run.end?.output, [true, 'b', 'b', 'script of b'])
    assert.deepEqual(requests(run), [
      {
        action: 'save',
        type: 'flow',
        key: 'a',
        values: { description: 'given', script: 'x', name: 'b' },
      },
      { action: 'read', type: 'flow', key: 'b', fields: ['script'] },
    ])
  })

  test('that could not be saved keep what was set', async () => {
    const run = await begin(`
      const f = system.flow('a')
      f.set({ script: 'x' })
      try { await f.save() } catch (e) { self.log(e.name, e.code, e.message) }
      return await f.get('script')`)
    await run.answer(1, refused('EngineException', 'taken', { code: 'conflict' }))
    assert.equal(run.end?.output, 'x')
    assert.deepEqual(run.logs[0], ['EngineException', 'conflict', 'taken'])
  })

  test('are looked for, deleted and cloned', async () => {
    const run = await through(`
      const f = system.webhook('a')
      const copy = await f.clone({ name: 'b' })
      return [await f.exists(), await f.delete(), copy.key, await copy.get('name'), copy]`)
    assert.deepEqual(run.end?.output, [
      true,
      true,
      'id of a',
      'b',
      { type: 'webhook', key: 'id of a' },
    ])
    assert.deepEqual(
      requests(run).map(({ action }) => action),
      ['clone', 'exists', 'delete'],
    )
  })

  test('are listed as they are at that moment', async () => {
    const run = await through(`
      const found = []
      for (const flow of await system.flows({ filter: { field: 'name', op: 'like', value: 'a%' }, order: '-name', limit: 5 }))
        found.push(flow.key, await flow.get('name'))
      const [execution] = await system.executions()
      const [message] = await system.messages({})
      return [found, execution.id, message.id, (await system.settings())[1].type]`)
    assert.deepEqual(run.end?.output, [
      ['id-1', 'name of id-1', 'id-2', 'name of id-2'],
      'id-1',
      'id-1',
      'setting',
    ])
    assert.deepEqual(requests(run)[0], {
      action: 'list',
      type: 'flow',
      filter: { field: 'name', op: 'like', value: 'a%' },
      order: '-name',
      limit: 5,
    })
  })

  test('a setting is a record besides its value, and so is a file', async () => {
    const run = await through(`
      const s = system.setting('a')
      const saved = await s.save({ value: 1 })
      return [saved === s, await s.get(), await s.load(), await s.get('description'), await s.exists(), await s.delete(),
        await system.file('x').get('size'), await system.execution('e').exists()]`)
    assert.deepEqual(run.end?.output, [
      true,
      'value of a',
      'value of a',
      'description of a',
      true,
      true,
      'size of x',
      true,
    ])
  })

  test('what came of them is the same in a replay', async () => {
    const body = `
      const [flow] = await system.flows()
      const copy = await flow.clone({ name: 'b' })
      await copy.save({ description: 'c' })
      return [flow.key, copy.key, await copy.get('description')]`
    const run = await through(body)
    const end = run.end
    await run.again()
    assert.deepEqual(run.end, end)
    assert.equal(run.last.commands.length, 0)
  })

  test('wrong arguments are named', async () => {
    const run = await begin(`
      const said = []
      const t = async (work) => { try { await work() } catch (e) { said.push(e.name + ': ' + e.message) } }
      await t(() => system.flow(''))
      await t(() => system.flow(7))
      await t(() => system.flow('a').get(1))
      await t(() => system.flow('a').save('x'))
      await t(() => system.flow('a').save({ value: () => 1 }))
      await t(() => system.flows({ where: 1 }))
      await t(() => system.flows({ limit: 0 }))
      return said`)
    assert.deepEqual(run.end?.output, [
      'InvalidInputError: system.flow: name must be a name or an id of 1 to 512 characters, not ""',
      'InvalidInputError: system.flow: name must be a string, not 7',
      'InvalidInputError: flow.get: fields must be a string, not 1',
      'InvalidInputError: flow.save: fields must be an object, not "x"',
      'InvalidInputError: The field "value" must be a JSON value, not a function',
      'InvalidInputError: system.flows: options has no "where"; it knows filter, order, limit',
      'InvalidInputError: system.flows: limit must be a whole number from 1, not 0',
    ])
    assert.deepEqual(run.commands, [])
  })

  test('what nobody awaits ends nothing', async () => {
    const run = await begin(`
      system.setting('a').save({ value: 1 })
      system.flows()
      system.flow('a').clone()
      await self.sleep(1)
      return 'on'`)
    for (const seq of [1, 2, 3]) await run.answer(seq, refused('InvalidInputError', 'no'))
    await run.answer(4, value(null))
    assert.equal(run.end?.output, 'on')
  })

  test('an answer of false is no record', async () => {
    const run = await begin("return [await system.flow('a').exists()]")
    await run.answer(1, value(false))
    assert.deepEqual(run.end?.output, [false])
  })
})
