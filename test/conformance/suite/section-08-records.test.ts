import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type HttpTarget, startHttpTarget, until } from '../../stack/index.ts'
import { item, useDoors } from '../harness.ts'

describe('records from flow code', { concurrency: 4, timeout: 180_000 }, () => {
  let target: HttpTarget
  before(async () => {
    target = await startHttpTarget()
  })
  useDoors()
  after(() => target[Symbol.asyncDispose]())

  item(
    '8.2.exists',
    'code asks whether a record exists, by name and by id',
    async ({ rig, client }) => {
      await rig.flow('s08r-there', 'return 1')
      const [flow] = (
        await client.flows.list({ filter: { field: 'name', op: 'eq', value: 's08r-there' } })
      ).items
      const output = await rig.output(
        `const found = []
      for (const key of ['s08r-there', inputs.id, 's08r-nobody', inputs.nobody]) found.push(await system.flow(key).exists())
      found.push(await system.setting('s08r-nobody').exists(), await system.file('s08r/nobody').exists())
      found.push(await system.execution(self.id).exists(), await system.execution(inputs.nobody).exists())
      return found`,
        { id: flow?.id ?? '', nobody: newId() },
      )
      assert.deepEqual(output, [true, true, false, false, false, false, true, false])
    },
  )

  item(
    ['8.2.save', 'D97'],
    'code makes a flow, runs it, overwrites it by its name and runs it again',
    async ({ rig, rest, userId }) => {
      const output = await rig.output(`
      const flow = system.flow('s08r-made')
      const before = await flow.exists()
      await flow.save({ script: 'return inputs.n * 2', description: 'doubles' })
      const first = (await self.flow('s08r-made', { n: 4 })).output
      await flow.save({ script: 'return inputs.n * 3' })
      const second = (await self.flow('s08r-made', { n: 4 })).output
      return [before, first, second, await flow.load('description'), await flow.get('id')]`)
      const [before, first, second, description, id] = output as unknown[]
      assert.deepEqual([before, first, second, description], [false, 8, 12, 'doubles'])
      const { json } = await rest('GET', `/flow/${String(id)}`)
      assert.equal(json['created_by'], await userId())
    },
  )

  item(
    ['8.2.save', 'D97'],
    'what REST refuses of a record is refused to code, with the places, and can be caught',
    async ({ rig, rest }) => {
      const body = `
      const said = []
      const t = async (name, fields) => {
        try { await system.flow(name).save(fields) } catch (error) { said.push([error.name, error.code ?? null, (error.details.errors ?? []).map((one) => one.pointer)]) }
      }
      await t('s08r-bad', { script: 'let = =' })
      await t('s08r-bad', { script: 'return 1', workspace_id: self.workspaceId })
      await t('s08r-bad', { script: 'return 1', id: self.id, created_by: null })
      await system.flow('s08r-one').save({ script: 'return 1' })
      await system.flow('s08r-two').save({ script: 'return 1' })
      await t('s08r-one', { name: 's08r-two' })
      return said`
      assert.deepEqual(await rig.output(body), [
        ['InvalidInputError', null, ['/script']],
        ['InvalidInputError', null, ['/workspace_id']],
        ['InvalidInputError', null, ['/id', '/created_by']],
        ['EngineException', 'conflict', []],
      ])
      assert.equal((await rest('GET', '/flow/s08r-bad?by=name')).status, 404)
    },
  )

  item(
    '8.2.delete',
    'code deletes a record; to read it then is an error',
    async ({ rig, rest }) => {
      const output = await rig.output(`
      const setting = system.setting('s08r-gone')
      await setting.save({ value: { a: 1 }, description: 'short' })
      const [value, description] = [await setting.get(), await setting.get('description')]
      const deleted = [await setting.delete(), await setting.delete(), await setting.exists()]
      try { await setting.get() } catch (error) { return [value, description, deleted, error.name] }`)
      const deleted = [true, false, false]
      assert.deepEqual(output, [{ a: 1 }, 'short', deleted, 'ResourceNotFoundError'])
      const trash = await rest('GET', '/setting?trashed=true&limit=1000')
      const names = (trash.json['items'] as { name: string }[]).map(({ name }) => name)
      assert.ok(names.includes('s08r-gone'))
    },
  )

  item(
    ['8.2.clone', 'D98'],
    'a clone is another record like the first, with changes',
    async ({ rig }) => {
      const output = await rig.output(`
      const fields = { script: 'return 7', max_runtime_seconds: 60, input_schema: { type: 'object' } }
      const first = await system.flow('s08r-first').save(fields)
      const copy = await first.clone({ description: 'another' })
      const named = await first.clone({ name: 's08r-second', max_runtime_seconds: null })
      await system.file('s08r/a.txt').setText('grüße')
      await system.file('s08r/a.txt').clone({ name: 's08r/b.txt' })
      return [
        await copy.get('name', 'script', 'max_runtime_seconds', 'input_schema', 'description'),
        await named.get('name', 'max_runtime_seconds', 'description'),
        (await self.flow('s08r-second')).output,
        await system.file('s08r/b.txt').getText(),
        await first.get('id') !== await copy.get('id'),
      ]`)
      assert.deepEqual(output, [
        ['s08r-first copy', 'return 7', 60, { type: 'object' }, 'another'],
        ['s08r-second', null, null],
        7,
        'grüße',
        true,
      ])
    },
  )

  item(
    ['8.2.get', '8.2.fields', 'D98'],
    'get knows what was set and read, load reads what others have changed, and all come as an object',
    async ({ rig, rest }) => {
      const started = await rig.start(`
      const project = await system.project('s08r-fields').save({ description: 'old' })
      const first = await project.get('description')
      project.set({ description: 'mine' })
      const set = await project.get('description', 'name')
      await gate(self, 'changed')
      const known = await project.get('description')
      const loaded = await project.load('description', 'name')
      const all = await project.load()
      return [first, set, known, loaded, Object.keys(all).includes('created_at'), all.name]`)
      await until(
        async () => (await rest('GET', '/project/s08r-fields?by=name')).status === 200 || null,
        { what: 'the project is there' },
      )
      const stands = await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      await until(async () => ((await rig.children(stands.id)).length > 0 ? true : null), {
        what: 'it stands at its gate',
      })
      await rest('PATCH', '/project/s08r-fields?by=name', { description: 'theirs' })
      await rig.openGate(started.id, 'changed')
      const ended = await rig.ended(started.id)
      assert.deepEqual(
        ended.output_value,
        ['old', ['mine', 's08r-fields'], 'mine', ['theirs', 's08r-fields'], true, 's08r-fields'],
        ended.message ?? '',
      )
    },
  )

  item(
    ['8.2.list', 'D98'],
    'a list is of those there were at its start: later ones are not in it, deleted ones are',
    async ({ rig }) => {
      const output = await rig.output(`
      for (const n of [1, 2, 3]) await system.setting('s08r-list-' + n).save({ value: n })
      const seen = []
      for (const one of await system.settings({ filter: { field: 'name', op: 'like', value: 's08r-list-%' } })) {
        if (seen.length === 0) {
          await system.setting('s08r-list-4').save({ value: 4 })
          await system.setting('s08r-list-3').delete()
        }
        try { seen.push(await one.get('value')) } catch (error) { seen.push(error.name) }
      }
      return seen`)
      assert.deepEqual(output, [1, 2, 'ResourceNotFoundError'])
    },
  )

  item(
    '8.2.filter',
    'a filter has field, operator and value, wildcards, and is nested as over HTTP',
    async ({ rig }) => {
      const output = await rig.output(`
      for (const name of ['s08r-f-ab', 's08r-f-ac', 's08r-f-b']) await system.connector(name).save({ connector_type: name.endsWith('b') ? 'SQLPG' : 'REST' })
      const names = async (filter, more) => {
        const all = { and: [{ field: 'name', op: 'like', value: 's08r-f-%' }, filter] }
        const found = []
        for (const one of await system.connectors({ filter: all, ...more })) found.push(await one.get('name'))
        return found.map((name) => name.slice(7))
      }
      const refused = async (filter) => { try { await system.flows({ filter }) } catch (error) { return [error.name, error.details.errors[0].pointer] } }
      return [
        await names({ field: 'connector_type', op: 'eq', value: 'SQLPG' }),
        await names({ field: 'name', op: 'like', value: '%-a%' }),
        await names({ not: { field: 'name', op: 'ilike', value: '%-A%' } }),
        await names({ or: [{ field: 'name', op: 'eq', value: 's08r-f-b' }, { field: 'connector_type', op: 'in', value: ['REST'] }] }, { order: '-name' }),
        await names({ field: 'description', op: 'is_null' }, { limit: 1 }),
        await refused({ field: 'colour', op: 'eq', value: 1 }),
      ]`)
      assert.deepEqual(output, [
        ['ab', 'b'],
        ['ab', 'ac'],
        ['b'],
        ['b', 'ac'],
        ['ab'],
        ['InvalidInputError', '/filter/field'],
      ])
    },
  )

  item('8.4.records', 'system reaches records of every type', async ({ rig, rest }) => {
    const output = await rig.output(`
      const script = 'export default async (system, self) => { await self.sleep(60) }'
      await system.project('s08r-p').save({})
      await system.flow('s08r-f').save({ script: 'return 1', project_name: 's08r-p' })
      await system.connector('s08r-c').save({ connector_type: 'REST', value: { host: 'localhost' } })
      await system.setting('s08r-s').save({ value: [1] })
      await system.file('s08r/f').save({ text: 'text' })
      await system.wrapper('s08r-w').save({ script: 'return (await self.wrapped()).output' })
      await system.scheduler('s08r-er').save({ script })
      await system.schedule('s08r-e').save({ flow_name: 's08r-f', scheduler_name: 's08r-er', is_enabled: false })
      await system.webhook('s08r-h').save({ flow_name: 's08r-f', key: 'not for others' })
      const found = []
      for (const type of ['project', 'flow', 'connector', 'setting', 'wrapper', 'scheduler', 'schedule', 'webhook'])
        found.push(await system[type](type === 'schedule' ? 's08r-e' : type === 'scheduler' ? 's08r-er' : type === 'webhook' ? 's08r-h' : 's08r-' + type[0]).load('record_type'))
      found.push(await system.file('s08r/f').get('size'), await system.webhook('s08r-h').get('key'))
      const lists = []
      for (const type of ['projects', 'flows', 'connectors', 'settings', 'files', 'wrappers', 'schedulers', 'schedules', 'webhooks', 'users', 'executions', 'messages'])
        lists.push((await system[type]({ limit: 1 })).length <= 1)
      return [found, lists.every(Boolean), await system.flow('s08r-f').get('project_name')]`)
    const types = ['PROJECT', 'FLOW', 'CONNECTOR', 'SETTING', 'WRAPPER', 'SCHEDULER', 'SCHEDULE']
    assert.deepEqual(output, [[...types, 'WEBHOOK', 4, '***'], true, 's08r-p'])
    const { json } = await rest('GET', '/auth/whoami')
    const name = await rig.output(`return await system.user(inputs.id).get('name')`, {
      id: String(json['user_id']),
    })
    assert.equal(name, json['user_name'])
  })

  item(
    '8.4.execution',
    'system lists executions of the workspace, and each can be read',
    async ({ rig }) => {
      const other = await rig.run(`return 'theirs'`, {}, { name: 's08r-listed' })
      const output = await rig.output(`
      const found = await system.executions({ filter: { field: 'name', op: 'eq', value: 's08r-listed' } })
      return await Promise.all(found.map((one) => one.get('id', 'output_value')))`)
      assert.deepEqual(output, [[other.id, 'theirs']])
    },
  )

  item(
    '8.4.splitUrl',
    'an address is split into the inputs of a connection, and the connection calls it',
    async ({ rig }) => {
      const output = await rig.output(
        `const parts = system.splitUrl(inputs.url + '/echo?x=1&y=a+b%26#part')
        const called = await self.connect({ connector_type: 'REST', ...parts })
        try { system.splitUrl('nowhere') } catch (error) { return [parts.scheme, parts.path, called.output.json.query, error.name] }`,
        { url: target.url },
      )
      assert.deepEqual(output, ['http', '/echo', { x: '1', y: 'a b&' }, 'InvalidInputError'])
      assert.equal(target.count('/echo'), 1)
    },
  )
})
