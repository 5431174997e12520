import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type HttpTarget, startHttpTarget, until } from '../../stack/index.ts'
import { item, useDoors } from '../harness.ts'

describe('decisions about the record and its life', { concurrency: 4, timeout: 180_000 }, () => {
  let target: HttpTarget
  before(async () => {
    target = await startHttpTarget()
  })
  useDoors(async ({ rig }) => {
    await rig.flow('dr-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('dr-sleeper', 'await self.sleep(3600)')
  })
  after(() => target[Symbol.asyncDispose]())

  item('D2', 'one filter on the top finds a whole tree, its root too', async ({ rig, client }) => {
    const root = await rig.run(
      `await self.flow('dr-double', { n: 1 }); await self.flow('dr-double', { n: 2 })`,
    )
    const filter = { field: 'top_execution_id', op: 'eq', value: root.id } as const
    const { items } = await client.executions.list({ filter })
    assert.equal(items.length, 3)
    assert.ok(items.some(({ id }) => id === root.id))
  })

  item(
    'D3',
    'two runs may have one name, a run is named after its flow, blanks are dropped',
    async ({ client }) => {
      const name = `dr-${newId()}`
      const [one, two] = await Promise.all(
        [0, 1].map(() => client.executions.create({ flow_name: 'dr-double', name })),
      )
      assert.deepEqual([one?.name, two?.name], [name, name])
      assert.notEqual(one?.id, two?.id)
      assert.equal((await client.executions.create({ flow_name: 'dr-double' })).name, 'dr-double')
      const padded = await client.executions.create({ flow_name: 'dr-double', name: '  padded ' })
      assert.equal(padded.name, 'padded')
    },
  )

  item(
    'D4',
    'children of children are created by who created the root',
    async ({ rig, userId }) => {
      const root = await rig.run(
        `await self.script("export default async (s, self) => { await self.flow('dr-double', { n: 1 }) }")`,
      )
      const [child] = await rig.children(root.id)
      const [grandchild] = await rig.children(child?.id ?? '')
      const user = await userId()
      assert.deepEqual(
        [root, child, grandchild].map((one) => one?.created_by),
        [user, user, user],
      )
    },
  )

  item('D6', 'end_status is null before the end and the end after it', async ({ rig, client }) => {
    const sleeper = await rig.start('await self.sleep(3600)')
    assert.equal((await rig.reaches(sleeper.id, 'SCHEDULED')).end_status, null)
    assert.equal((await client.executions.cancel(sleeper.id)).end_status, 'ENDED_CANCELLED')
    assert.equal((await rig.run('return 1')).end_status, 'ENDED_SUCCESS')
  })

  item(
    'D8',
    'modified_at is later after a change of the record, last_activity is not',
    async ({ rig, client, rest }) => {
      const ended = await rig.run('return 1')
      await rest('PATCH', `/execution/${ended.id}`, { description: 'looked at' })
      const after = await client.executions.get(ended.id)
      assert.equal(after.last_activity, ended.last_activity)
      assert.ok(Date.parse(after.modified_at ?? '') > Date.parse(ended.modified_at ?? ''))
    },
  )

  item(
    'D15',
    'editing a flow changes neither the script nor the schema of its runs',
    async ({ rig, client }) => {
      const name = `dr-${newId()}`
      await client.flows.create({
        name,
        script: `export default async (system, self) => { await self.sleep(1); return 'old' }`,
        input_schema: { type: 'object' },
      })
      const started = await client.executions.create({ flow_name: name, input_value: {} })
      await client.flows.update(
        name,
        { script: `export default () => 'new'`, input_schema: { type: 'array' } },
        { by: 'name' },
      )
      const ended = await rig.ended(started.id)
      assert.deepEqual([ended.output_value, ended.script], ['old', started.script])
      assert.deepEqual(ended.input_schema, { type: 'object' })
      const next = await client.executions.create(
        { flow_name: name, input_value: [] },
        { waitSeconds: 20 },
      )
      assert.equal(next.output_value, 'new')
    },
  )

  item(
    'D18',
    'what describes it is changed at any time: absent stays, null clears, the version stays',
    async ({ rig, rest }) => {
      const ended = await rig.run(
        'return 1',
        {},
        { description: 'old', metadata: { a: 1 }, tags: ['x'] },
      )
      const path = `/execution/${ended.id}`
      const changed = await rest('PATCH', path, { name: 'new', description: null })
      assert.equal(changed.status, 200)
      const { name, description, metadata, tags, version } = changed.json
      assert.deepEqual([name, description, metadata, tags], ['new', null, { a: 1 }, ['x']])
      assert.equal(version, ended.version)
      assert.equal((await rest('PATCH', path, { status: 'PAUSED' })).status, 422)
    },
  )

  item(
    'D19',
    'a filter inside the input needs a range of seven days and says so; a tag does not',
    async ({ rest, client }) => {
      const tag = `dr-${newId()}`
      const made = await client.executions.create(
        { flow_name: 'dr-double', input_value: { n: 1, tag }, tags: [tag] },
        { waitSeconds: 20 },
      )
      const list = (filter: object) =>
        rest('GET', `/execution?filter=${encodeURIComponent(JSON.stringify(filter))}`)
      const inside = { field: 'input_value.tag', op: 'eq', value: tag }
      const refused = await list(inside)
      assert.equal(refused.status, 422)
      assert.match(refused.text, /7 days/)
      const since = { field: 'created_at', op: 'ge', value: made.created_at }
      for (const filter of [{ and: [inside, since] }, { field: 'tag', op: 'eq', value: tag }]) {
        const { status, json } = await list(filter)
        assert.equal(status, 200)
        assert.deepEqual(
          (json['items'] as { id: string }[]).map(({ id }) => id),
          [made.id],
        )
      }
    },
  )

  item(
    'D26',
    'a cancel has ended it when it returns, goes down, and what has ended is 409',
    async ({ rig, client, rest }) => {
      const root = await rig.start(
        `await self.script("export default async (s, self) => { await self.flow('dr-sleeper') }")`,
      )
      const deepest = await until(
        async () => {
          const [child] = await rig.children(root.id)
          return child === undefined ? null : (await rig.children(child.id))[0]
        },
        { what: 'a grandchild' },
      )
      assert.equal((await client.executions.cancel(root.id)).status, 'ENDED_CANCELLED')
      assert.equal((await rig.ended(deepest.id)).status, 'ENDED_CANCELLED')
      const again = await rest('POST', `/execution/${root.id}/cancel`)
      assert.equal(again.status, 409)
      assert.match(String(again.json['detail']), /ended/)
    },
  )

  item('D26', 'over gRPC what has ended is FAILED_PRECONDITION', async ({ rig, grpc }) => {
    const ended = await rig.run('return 1')
    await assert.rejects(grpc('executions', 'Cancel', { id: ended.id }), { code: 9 })
  })

  item(
    'D27',
    'cancelling a connection ends it at once, and the call is cut',
    async ({ client, rig }) => {
      const path = `/hang/${newId()}`
      const parent = await rig.start(
        `await self.connect({ connector_type: 'REST', url: inputs.url, total_timeout: 600, read_timeout: 600 })`,
        { url: `${target.url}${path}` },
      )
      await until(() => target.count(path) > 0, { what: 'the call has arrived' })
      const [connection] = await rig.children(parent.id)
      const cancelled = await client.executions.cancel(connection?.id ?? '')
      assert.equal(cancelled.status, 'ENDED_CANCELLED')
      assert.equal((await rig.ended(parent.id)).status, 'ENDED_ERROR')
      await until(() => target.hanging(path) === 0, { what: 'the call is cut', timeoutMs: 15_000 })
    },
  )

  item(
    'D28',
    'a pause leaves the children alone, and their answer waits beneath it',
    async ({ rig, client }) => {
      const parent = await rig.start(
        `await self.script('export default async (s, self) => { await self.sleep(0.5) }'); return 'after'`,
      )
      await rig.reaches(parent.id, 'WAITING_DEPENDENCY')
      await client.executions.pause(parent.id)
      const [child] = await rig.children(parent.id)
      assert.equal((await rig.ended(child?.id ?? '')).status, 'ENDED_SUCCESS')
      assert.equal((await client.executions.get(parent.id)).status, 'PAUSED')
      await client.executions.resume(parent.id)
      assert.equal((await rig.ended(parent.id)).output_value, 'after')
    },
  )

  item(
    'D35',
    'connections, iterations, and what has given back its place are not reverted: 409 says what else',
    async ({ client, rest }) => {
      const { executions, flows, schedules } = client
      const revert = async (id: string) => {
        const { status, json } = await rest('POST', `/execution/${id}/revert`, { seq: 0 })
        return [status, String(json['detail'])] as const
      }
      const refused = async (id: string, words: RegExp) => {
        const [status, detail] = await revert(id)
        assert.equal(status, 409)
        assert.match(detail, words)
      }
      const connection = await executions.create({ connector_type: 'REST' }, { waitSeconds: 20 })
      await refused(connection.id, /Rerun it instead/)

      const name = `dr-${newId()}`
      const timing = { cron: '0 0 1 1 *' }
      const schedule = await schedules.create({ name, flow_name: 'dr-double', timing })
      await refused(schedule.iteration_execution_id ?? '', /iteration of a schedule/)
      await schedules.delete(schedule.id)

      const script = 'export default () => 1'
      await flows.create({ name, script, concurrency: { limit: 1 } })
      const limited = await executions.create({ flow_name: name }, { waitSeconds: 20 })
      await refused(limited.id, /given back its place[\s\S]*Rerun it/)
    },
  )

  item('D44', 'nothing to run, and two things to run, are refused', async ({ rest }) => {
    for (const body of [{}, { flow_name: 'dr-double', script: 'export default () => 1' }]) {
      const { status, text } = await rest('POST', '/execution', body)
      assert.equal(status, 422)
      assert.match(text, /exactly one of/)
    }
  })

  item(
    'D49',
    'a key starts one execution however often it comes, and clashes with another body',
    async ({ rest, client }) => {
      const headers = { 'idempotency-key': newId() }
      const tag = `dr-${newId()}`
      const body = { flow_name: 'dr-double', input_value: { n: 1 }, tags: [tag] }
      const atOnce = await Promise.all(
        [0, 1, 2].map(() => rest('POST', '/execution', body, headers)),
      )
      for (const answer of atOnce.filter(({ status }) => status !== 201))
        assert.deepEqual([answer.status, answer.headers.has('retry-after')], [409, true])
      const later = await rest('POST', '/execution', body, headers)
      const made = [...atOnce, later].filter(({ status }) => status === 201)
      assert.equal(new Set(made.map(({ json }) => json['id'])).size, 1)
      assert.equal(later.status, 201)
      const filter = { field: 'tag', op: 'eq', value: tag } as const
      assert.equal((await client.executions.list({ filter })).items.length, 1)
      assert.equal(
        (await rest('POST', '/execution', { flow_name: 'dr-sleeper' }, headers)).status,
        409,
      )
    },
  )

  item('D49', 'a batch with one that cannot be starts none', async ({ rest, client }) => {
    const tag = `dr-${newId()}`
    const good = { flow_name: 'dr-double', tags: [tag] }
    const refused = await rest('POST', '/execution/batch', {
      items: [good, { flow_name: 'no such flow' }],
    })
    assert.equal(refused.status, 404)
    assert.match(refused.text, /no such flow/)
    const filter = { field: 'tag', op: 'eq', value: tag } as const
    assert.deepEqual((await client.executions.list({ filter })).items, [])
    const { json } = await rest('POST', '/execution/batch', { items: [good, good] })
    assert.equal(new Set(json['ids'] as string[]).size, 2)
  })

  item(
    'D50',
    'wait answers 200 when ended, whatever the end, 202 when not, and cancels nothing',
    async ({ rest, client }) => {
      const failed = await rest('POST', '/execution?wait=20', {
        script: `export default () => { throw new Error('x') }`,
      })
      assert.deepEqual([failed.status, failed.json['status']], [200, 'ENDED_ERROR'])
      const open = await rest('POST', '/execution?wait=0.2', { flow_name: 'dr-sleeper' })
      assert.deepEqual([open.status, open.json['ended_at']], [202, null])
      const later = await rest('GET', `/execution/${String(open.json['id'])}?wait=0.2`)
      assert.deepEqual([later.status, later.json['ended_at']], [202, null])
      assert.equal(
        (await rest('POST', '/execution?wait=301', { flow_name: 'dr-double' })).status,
        422,
      )
      assert.equal((await rest('POST', '/execution', { flow_name: 'dr-double' })).status, 201)
      await client.executions.cancel(String(open.json['id']))
    },
  )
})
