import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { type Client, createClient } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { type Doors, property, useDoors } from '../harness.ts'

describe(
  'properties: what it is and where it belongs',
  { concurrency: 4, timeout: 120_000 },
  () => {
    useDoors(async ({ rig, client }) => {
      await rig.flow('pi-double', 'return { twice: inputs.n * 2 }')
      const project = await client.projects.create({ name: 'pi birds' })
      await client.flows.create({
        name: 'pi-housed',
        script: 'export default () => 1',
        project_id: project.id,
      })
      await client.connectors.create({ name: 'pi-rest', connector_type: 'REST', value: {} })
    })

    property(
      ['activity_type', 'record_type', 'identity_type'],
      'an execution says so, a flow does not',
      async ({ rig, rest }) => {
        const ended = await rig.run('return 1')
        assert.deepEqual(
          [ended.activity_type, ended.record_type, ended.identity_type],
          ['EXECUTION', 'EXECUTION', 'EXECUTION'],
        )
        const { json } = await rest('GET', '/flow/pi-double?by=name')
        assert.equal(json['record_type'], 'FLOW')
        assert.equal(json['activity_type'], undefined)
      },
    )

    property(
      'id',
      'it is given by the server, rises with time, and is the only address',
      async ({ client, rest }) => {
        const one = await client.executions.create({ flow_name: 'pi-double', name: 'pi addressed' })
        const two = await client.executions.create({ flow_name: 'pi-double' })
        assert.match(one.id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
        assert.ok(one.id < two.id)
        assert.equal((await rest('GET', `/execution/${one.id}`)).json['id'], one.id)
        assert.equal((await rest('GET', '/execution/pi%20addressed')).status, 404)
        const own = { flow_name: 'pi-double', id: newId() }
        assert.equal((await rest('POST', '/execution', own)).status, 422)
      },
    )

    property(
      'name',
      'it is given or that of the flow, changed by code and by people, and found by',
      async ({ rig, client }) => {
        const name = `pi-${newId()}`
        assert.equal((await client.executions.create({ flow_name: 'pi-double' })).name, 'pi-double')
        const renamed = await rig.run(
          `self.save({ name: inputs.name })`,
          { name },
          { name: 'before' },
        )
        assert.equal(renamed.name, name)
        const find = async (value: string) =>
          (await client.executions.list({ filter: { field: 'name', op: 'eq', value } })).items.map(
            ({ id }) => id,
          )
        assert.deepEqual(await find(name), [renamed.id])
      },
    )

    property('description', 'it is given, changed and cleared', async ({ rig, rest }) => {
      const ended = await rig.run('return 1', {}, { description: 'first' })
      assert.equal(ended.description, 'first')
      const path = `/execution/${ended.id}`
      assert.equal(
        (await rest('PATCH', path, { description: 'second' })).json['description'],
        'second',
      )
      assert.equal((await rest('PATCH', path, { description: null })).json['description'], null)
    })

    property(
      'metadata',
      'free JSON comes back as it was and can be searched',
      async ({ rig, client }) => {
        const metadata = { order: newId(), nested: [{ a: null }] }
        const ended = await rig.run('return 1', {}, { metadata })
        assert.deepEqual(ended.metadata, metadata)
        const filter = {
          and: [
            { field: 'metadata.order', op: 'eq', value: metadata.order },
            { field: 'created_at', op: 'ge', value: ended.created_at },
          ],
        } as const
        assert.deepEqual(
          (await client.executions.list({ filter })).items.map(({ id }) => id),
          [ended.id],
        )
      },
    )

    property('type', 'what runs decides it, and it is one of five', async ({ client }) => {
      const name = `pi-${newId()}`
      const script = 'export default async (system, self) => (await self.wrapped()).output'
      await client.wrappers.create({ name, script })
      const timing = { cron: '0 0 1 1 *' }
      const schedule = await client.schedules.create({ name, flow_name: 'pi-double', timing })
      const runs = [
        await client.executions.create({ flow_name: 'pi-double' }),
        await client.executions.create({ script: 'export default () => 1' }),
        await client.executions.create({ connector_type: 'REST' }),
        await client.executions.create({ flow_name: 'pi-double', wrappers: [{ name }] }),
        await client.executions.get(schedule.iteration_execution_id ?? ''),
      ]
      assert.deepEqual(
        runs.map(({ type }) => type),
        ['FLOW', 'SCRIPT', 'CONNECTION', 'WRAPPER', 'SCHEDULE'],
      )
      await client.schedules.delete(schedule.id)
    })

    property(
      ['flow_id', 'flow_name'],
      'a run of a flow has both, however it was named; others have neither',
      async ({ rig, client }) => {
        const flow = await client.flows.get('pi-double', { by: 'name' })
        for (const what of [{ flow_name: 'pi-double' }, { flow_id: flow.id }]) {
          const run = await client.executions.create(what)
          assert.deepEqual([run.flow_id, run.flow_name], [flow.id, 'pi-double'])
        }
        const script = await rig.run('return 1')
        assert.deepEqual([script.flow_id, script.flow_name], [null, null])
        const filter = { field: 'flow_name', op: 'eq', value: 'pi-double' } as const
        const { items } = await client.executions.list({ filter })
        assert.ok(items.length >= 2 && items.every((run) => run.flow_id === flow.id))
      },
    )

    property(
      ['connector_id', 'connector_name', 'connector_type'],
      'a connection has them by what it was made with; others have none',
      async ({ rig, client }) => {
        const connector = await client.connectors.get('pi-rest', { by: 'name' })
        const stored = await client.executions.create(
          { connector_name: 'pi-rest' },
          { waitSeconds: 20 },
        )
        assert.deepEqual(
          [stored.connector_id, stored.connector_name, stored.connector_type],
          [connector.id, 'pi-rest', 'REST'],
        )
        const inline = await client.executions.create(
          { connector_type: 'SQLPG' },
          { waitSeconds: 20 },
        )
        assert.deepEqual(
          [inline.connector_id, inline.connector_name, inline.connector_type],
          [null, null, 'SQLPG'],
        )
        const script = await rig.run('return 1')
        assert.deepEqual(
          [script.connector_id, script.connector_name, script.connector_type],
          [null, null, null],
        )
      },
    )

    property(
      'connector_type',
      'it says who is called, and thereby which inputs there are',
      async ({ client }) => {
        const lackingOf = async (connector_type: string) => {
          const ended = await client.executions.create({ connector_type }, { waitSeconds: 20 })
          assert.equal(ended.status, 'ENDED_ERROR')
          const { error } = ended.output_value as {
            error: { name: string; problems: { pointer: string }[] }
          }
          assert.equal(error.name, 'MissingInputError')
          return error.problems.map(({ pointer }) => pointer)
        }
        assert.deepEqual(await lackingOf('REST'), ['/url'])
        assert.equal((await lackingOf('SQLPG')).includes('/url'), false)
      },
    )

    property(
      ['project_id', 'project_name'],
      'it lives with its flow unless a project is named, by id or name',
      async ({ client }) => {
        const birds = await client.projects.get('pi birds', { by: 'name' })
        for (const what of [
          { flow_name: 'pi-housed' },
          { flow_name: 'pi-double', project_id: birds.id },
          { flow_name: 'pi-double', project_name: 'pi birds' },
        ]) {
          const run = await client.executions.create(what)
          assert.deepEqual([run.project_id, run.project_name], [birds.id, 'pi birds'])
        }
        const none = await client.executions.create({ flow_name: 'pi-double' })
        assert.deepEqual([none.project_id, none.project_name], [null, null])
        const filter = { field: 'project_name', op: 'eq', value: 'pi birds' } as const
        assert.equal((await client.executions.list({ filter })).items.length, 3)
      },
    )

    property(
      ['parent_execution_id', 'top_execution_id'],
      'a tree is found by them, level by level and whole',
      async ({ rig, client }) => {
        const root = await rig.run(
          `await self.script("export default async (s, self) => { await self.flow('pi-double', { n: 1 }) }")`,
        )
        const below = async (field: string, id: string) =>
          (await client.executions.list({ filter: { field, op: 'eq', value: id } })).items
        const [child] = await below('parent_execution_id', root.id)
        const [grandchild] = await below('parent_execution_id', child?.id ?? '')
        assert.equal(grandchild?.flow_name, 'pi-double')
        const all = await below('top_execution_id', root.id)
        assert.deepEqual(
          all.map(({ id }) => id).toSorted(),
          [root.id, child?.id ?? '', grandchild.id].toSorted(),
        )
        assert.equal(root.parent_execution_id, null)
      },
    )

    property(
      'created_by',
      'it is who asked, also on children, and other users see that it was not they',
      async (doors) => {
        const { rig, userId, client } = doors
        const mine = await rig.run(`await self.flow('pi-double', { n: 1 })`)
        const me = await userId()
        assert.deepEqual([mine.created_by, (await rig.children(mine.id))[0]?.created_by], [me, me])
        const other = await anotherUser(doors)
        const theirs = await other.client.executions.create({ flow_name: 'pi-double' })
        assert.equal(theirs.created_by, other.id)
        const filter = { field: 'created_by', op: 'eq', value: theirs.created_by } as const
        assert.deepEqual(
          (await client.executions.list({ filter })).items.map(({ id }) => id),
          [theirs.id],
        )
      },
    )

    property(
      'created_at',
      'it is when it was accepted, and lists are in its order',
      async ({ client }) => {
        const name = `pi-${newId()}`
        const before = Date.now()
        for (let n = 0; n < 3; n += 1)
          await client.executions.create({ flow_name: 'pi-double', name })
        const { items } = await client.executions.list({
          filter: { field: 'name', op: 'eq', value: name },
        })
        const times = items.map(({ created_at: at }) => Date.parse(at))
        assert.deepEqual(
          times,
          times.toSorted((a, b) => b - a),
        )
        for (const at of times) assert.ok(at >= before - 1_000 && at <= Date.now() + 1_000)
      },
    )

    property(
      ['workspace_id', 'organization_id'],
      "it belongs to one workspace, and another's credentials find nothing",
      async ({ rig, rest, url, client }) => {
        const mine = await rig.run('return 1')
        const whoami = await client.auth.whoami()
        assert.equal(mine.workspace_id, whoami.workspace_id)
        const made = await rest('POST', '/workspace', { name: `pi-${newId()}` })
        const other = createClient({ url, apiKey: String(made.json['api_key']) })
        await assert.rejects(other.executions.get(mine.id), { status: 404 })
        const theirs = await other.executions.create({ script: 'export default () => 1' })
        assert.notEqual(theirs.workspace_id, mine.workspace_id)
        assert.equal(theirs.organization_id, mine.organization_id)
        await assert.rejects(client.executions.get(theirs.id), { status: 404 })
      },
    )

    property('modified_by', 'it is who has changed the record last', async (doors) => {
      const { id } = await doors.rig.run('return 1')
      const other = await anotherUser(doors)
      const theirs = await other.client.executions.update(id, { description: 'theirs' })
      assert.deepEqual([theirs.modified_by, theirs.created_by], [other.id, await doors.userId()])
      const mine = await doors.client.executions.update(id, { description: 'mine' })
      assert.equal(mine.modified_by, await doors.userId())
    })

    property(
      'modified_at',
      'it is later after each move and each change of the record',
      async ({ rig, client, rest }) => {
        const sleeper = await rig.start('await self.sleep(3600)')
        const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
        const cancelled = await client.executions.cancel(sleeper.id)
        const { json } = await rest('PATCH', `/execution/${sleeper.id}`, { description: 'later' })
        const times = [asleep.modified_at, cancelled.modified_at, json['modified_at']].map((at) =>
          Date.parse(String(at)),
        )
        assert.ok(
          (times[0] ?? 0) < (times[1] ?? 0) && (times[1] ?? 0) < (times[2] ?? 0),
          String(times),
        )
      },
    )

    property(
      'is_readonly',
      'it is false, and neither a start nor a change may name it',
      async ({ rig, rest }) => {
        const ended = await rig.run('return 1')
        assert.equal(ended.is_readonly, false)
        const asked = { script: 'export default () => 1', is_readonly: true }
        assert.equal((await rest('POST', '/execution', asked)).status, 422)
        assert.equal(
          (await rest('PATCH', `/execution/${ended.id}`, { is_readonly: true })).status,
          422,
        )
      },
    )
  },
)

/** Somebody else of the same workspace. */
async function anotherUser({ rest, url }: Doors): Promise<{ id: string; client: Client }> {
  const [name, password] = [`pi-${newId()}`, 'long enough']
  const made = await rest('POST', '/user', { name, password })
  assert.equal(made.status, 201, made.text)
  const { token } = await createClient({ url, apiKey: null }).auth.login({
    userName: name,
    password,
  })
  return { id: String(made.json['id']), client: createClient({ url, apiKey: token }) }
}
