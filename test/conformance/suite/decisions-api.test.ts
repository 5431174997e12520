import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { createClient } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { type Doors, item, useDoors } from '../harness.ts'

describe('decisions about looking and the API', { concurrency: 4, timeout: 120_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('da-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('da-sleeper', 'await self.sleep(3600)')
  })

  item(
    'D89',
    'a bulk action answers for each in order, and a dry run touches nothing',
    async ({ rig, rest, client }) => {
      const ended = await rig.run('return 1')
      const sleepers = await Promise.all([0, 1].map(() => rig.start('await self.sleep(3600)')))
      const ids = [sleepers[0]?.id ?? '', ended.id, newId(), sleepers[1]?.id ?? '']
      const dry = await rest('POST', '/execution/bulk', { action: 'cancel', ids, dry_run: true })
      assert.equal(dry.status, 200)
      assert.equal((await client.executions.get(ids[0] ?? '')).ended_at, null)
      const { json } = await rest('POST', '/execution/bulk', { action: 'cancel', ids })
      const items = json['items'] as { id: string; status: number }[]
      assert.deepEqual(
        items.map(({ id, status }) => [id, status]),
        ids.map((id, index) => [id, [200, 409, 404, 200][index]]),
      )
    },
  )

  item('D89', 'over gRPC the same', async ({ rig, grpc }) => {
    const sleeper = await rig.start('await self.sleep(3600)')
    const ended = await rig.run('return 1')
    const { outcomes } = await grpc<{ outcomes: { id: string; ok?: boolean }[] }>(
      'executions',
      'Bulk',
      {
        action: 'BULK_ACTION_CANCEL',
        ids: [sleeper.id, ended.id],
      },
    )
    assert.deepEqual(
      // The loader leaves out what has its default.
      outcomes.map(({ id, ok = false }) => [id, ok]),
      [
        [sleeper.id, true],
        [ended.id, false],
      ],
    )
  })

  item(
    'D91',
    'for a time, a child, a lock and a pause, why says the reason, since, until and what frees it',
    async (doors) => {
      const { rig, client, url } = doors
      const lock = `da-${newId()}`
      await client.settings.put(lock, null)
      const holder = await rig.start(
        `await system.setting(inputs.lock).acquire(); await self.sleep(3600)`,
        { lock },
      )
      await until(
        async () => (await client.settings.inspectLock(lock, { by: 'name' })).holder !== null,
        {
          what: 'the lock is held',
        },
      )
      const ids = [holder.id]
      for (const [status, body, isTimed] of [
        ['SCHEDULED', 'await self.sleep(3600)', true],
        ['WAITING_DEPENDENCY', `await self.flow('da-sleeper')`, false],
        ['WAITING_LOCK', `await system.setting('${lock}').acquire({ timeout: 900 })`, true],
      ] as const) {
        const started = await rig.start(body)
        ids.push(started.id)
        await rig.reaches(started.id, status)
        const why = await rig.why(started.id)
        assert.deepEqual([why.moving, why.status], [false, status])
        assert.ok((why.reason ?? '').length > 0)
        assert.ok(Date.parse(why.since ?? '') >= Date.parse(started.created_at))
        assert.equal(why.until !== null, isTimed)
        const unblock = why.waits.flatMap((wait) => wait.unblock ?? [])
        assert.ok(unblock.length > 0, status)
        for (const { href } of unblock) assert.match(href, /^\/api\/latest\//)
        if (status === 'WAITING_LOCK')
          assert.deepEqual([why.waits[0]?.holder, why.waits[0]?.position], [holder.id, 1])
        await client.executions.pause(started.id)
        const paused = await rig.why(started.id)
        const resume = paused.unblock?.find(({ action }) => action === 'resume')
        const response = await fetch(`${url}${resume?.href}`, { method: 'POST' })
        assert.equal(response.status, 401, 'the way out is a request that exists')
      }
      await client.executions.bulk({ action: 'cancel', ids })
    },
  )

  item(
    'D91',
    'the chain goes to its root, gRPC says the same, and what has ended says nothing',
    async ({ rig, client, grpc }) => {
      const root = await rig.start(
        `await self.script("export default async (s, self) => { await self.flow('da-sleeper') }")`,
      )
      const sleeper = await until(
        async () => {
          const [child] = await rig.children(root.id)
          const [last] = child === undefined ? [] : await rig.children(child.id)
          return last?.status === 'SCHEDULED' ? last : null
        },
        { what: 'the grandchild sleeps' },
      )
      const why = await client.executions.why(root.id, { chain: true })
      assert.equal(why.chain?.at(-1)?.execution_id, sleeper.id)
      const { explanations } = await grpc<{ explanations: { execution_id: string }[] }>(
        'executions',
        'Why',
        {
          id: root.id,
          chain: true,
        },
      )
      assert.deepEqual(
        explanations.map(({ execution_id: id }) => id),
        [root.id, ...(why.chain ?? []).map(({ execution_id: id }) => id)],
      )
      await client.executions.cancel(root.id)
      assert.equal((await rig.why(root.id)).reason, null)
      assert.equal((await client.executions.get(root.id)).why, null)
    },
  )

  item(
    'D93',
    'each refusal has its status and a problem document that says the way out',
    async (doors) => {
      const { rest, url } = doors
      const nobody = { authorization: '' }
      for (const [status, send] of [
        [400, () => rest('POST', '/execution', '{"flow_name":')],
        [401, () => rest('GET', '/execution', undefined, nobody)],
        [404, () => rest('POST', '/execution', { flow_name: 'no such flow' })],
        [404, () => rest('GET', `/execution/${newId()}`)],
        [404, () => rest('GET', '/execution/no-id')],
        [404, () => rest('GET', '/nothing')],
        [405, () => rest('DELETE', '/execution')],
        [409, () => rest('POST', '/flow', { name: 'da-double', script: 'export default () => 1' })],
        [415, () => rest('POST', '/execution', 'flow_name=x', { 'content-type': 'text/plain' })],
        [422, () => rest('POST', '/execution', { flow_name: 'da-double', colour: 'red' })],
        [422, () => rest('GET', '/execution?limit=0')],
      ] as const) {
        const answer = await send()
        assert.equal(answer.status, status, answer.text)
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
        assert.equal(answer.json['status'], status)
        for (const field of ['type', 'title', 'detail', 'instance'])
          assert.equal(typeof answer.json[field], 'string', field)
        assert.doesNotMatch(answer.text, /node_modules|\.ts:/)
      }
      const { pointers } = await rest('POST', '/execution', { flow_name: 7 })
      assert.equal(pointers[0], '/flow_name')
      assert.equal((await fetch(`${url}/alive`)).status, 200)
    },
  )

  item('D93', 'what only administrators may do is 403 to others', async ({ rest, url }) => {
    const name = `da-${newId()}`
    const password = 'long enough'
    assert.equal((await rest('POST', '/user', { name, password })).status, 201)
    const { token } = await createClient({ url, apiKey: null }).auth.login({
      userName: name,
      password,
    })
    const other = { name: `${name}-2`, password }
    const headers = { authorization: `Bearer ${token}` }
    const refused = await rest('POST', '/user', other, headers)
    assert.equal(refused.status, 403, refused.text)
    assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.match(String(refused.json['detail']), /administrators/)
    assert.equal((await rest('GET', '/flow/da-double?by=name', undefined, headers)).status, 200)
  })

  item('D93', 'a body of more than 64 MiB is 413', async ({ rest }) => {
    const body = `{"flow_name":"da-double","input_value":"${'x'.repeat(65 * 1024 * 1024)}"}`
    assert.equal((await rest('POST', '/execution', body)).status, 413)
  })

  item(
    'D94',
    'pages follow without a gap or a double, newer rows shift nothing, and a cursor keeps to its filter',
    async ({ client, rest }) => {
      const name = `da-${newId()}`
      const more = () =>
        client.executions.createBatch(
          Array.from({ length: 12 }, () => ({ flow_name: 'da-double', name, run: false })),
        )
      const { ids } = await more()
      const filter = { field: 'name', op: 'eq', value: name } as const
      const first = await client.executions.list({ filter, limit: 5, count: true })
      assert.equal(first.total, 12)
      const later = await more()
      const rest5 = { filter, limit: 5, cursor: first.next_cursor ?? '' }
      const others = await Array.fromAsync(client.executions.iterate(rest5))
      const seen = [...first.items, ...others].map(({ id }) => id)
      assert.deepEqual(seen.toSorted(), [...ids].toSorted())
      const mixed = await rest(
        'GET',
        `/execution?limit=5&cursor=${encodeURIComponent(first.next_cursor ?? '')}`,
      )
      assert.equal(mixed.status, 422)
      await client.executions.bulk({ action: 'cancel', ids: [...ids, ...later.ids] })
    },
  )

  item(
    'D95',
    'a stream that is taken up after any event loses nothing and repeats nothing',
    async ({ rig, client }) => {
      const ended = await rig.run(
        `self.log('one'); await self.sleep(0.05); self.setOutput('a', 1); self.log('two'); await self.sleep(0.05)`,
      )
      const all = await Array.fromAsync(client.executions.stream(ended.id))
      assert.equal(all.at(-1)?.type, 'ended')
      assert.ok(
        ['status', 'log', 'savepoint', 'output'].every((type) =>
          all.some((event) => event.type === type),
        ),
      )
      for (const [index, { id: lastEventId, type }] of all.entries()) {
        if (lastEventId === null || type === 'ended') continue
        const others = await Array.fromAsync(client.executions.stream(ended.id, { lastEventId }))
        assert.deepEqual(
          others.map(({ id }) => id),
          all.slice(index + 1).map(({ id }) => id),
        )
      }
    },
  )

  item('D96', 'what REST refuses gRPC refuses, with the code that fits', async ({ grpc, rest }) => {
    const OF = { 404: 5, 422: 3, 409: 6 } as const
    for (const [status, path, body, service, method, request] of [
      [
        404,
        '/execution',
        { flow_name: 'no such flow' },
        'executions',
        'Create',
        { flow_name: 'no such flow' },
      ],
      [422, '/execution', {}, 'executions', 'Create', {}],
      [
        422,
        '/execution',
        { flow_name: 'da-double', name: 'n'.repeat(129) },
        'executions',
        'Create',
        { flow_name: 'da-double', name: 'n'.repeat(129) },
      ],
    ] as const) {
      assert.equal((await rest('POST', path, body)).status, status)
      await assert.rejects(grpc(service, method, request), { code: OF[status] })
    }
  })

  item(
    'D96',
    'a list, a tree, a log and a stream are the same through both doors',
    async (doors) => {
      const { rig, client, grpc } = doors
      const tag = `da-${newId()}`
      const root = await rig.run(
        `self.log('said', 1); await self.flow('da-double', { n: 1 })`,
        {},
        { tags: [tag] },
      )
      const filter = { field: 'tag', op: 'eq', value: tag }
      const listed = await grpc<{ items: { id: string }[]; total: string }>('executions', 'List', {
        filter: struct(filter),
        count: true,
      })
      assert.deepEqual([listed.items.map(({ id }) => id), listed.total], [[root.id], '1'])
      const { nodes } = await grpc<{ nodes: { execution: { id: string }; depth?: number }[] }>(
        'executions',
        'Tree',
        { id: root.id },
      )
      const [child] = await rig.children(root.id)
      assert.deepEqual(
        nodes.map(({ execution, depth = 0 }) => [execution.id, depth]),
        [
          [root.id, 0],
          [child?.id, 1],
        ],
      )
      const { items } = await grpc<{ items: { message: string }[] }>('executions', 'Log', {
        id: root.id,
      })
      assert.deepEqual(
        items.map(({ message }) => message),
        ['said 1'],
      )
      assert.equal((await client.executions.log(root.id)).items.length, 1)
      await sameRecord(doors, root.id)
    },
  )

  item(
    'D96',
    'a record that is made, changed and taken away over gRPC is so over REST, with its refusals',
    async ({ client, grpc, rest }) => {
      const name = `da-${newId()}`
      const fields = { type: 'setting', values: struct({ name, value: 'one' }) }
      const { record } = await grpc<{ record: { id: string } }>('records', 'Create', fields)
      assert.equal((await client.settings.get(name, { by: 'name' })).value, 'one')
      assert.equal((await rest('POST', '/setting', { name, value: 1 })).status, 409)
      await assert.rejects(grpc('records', 'Create', fields), { code: 9 })
      const changed = { type: 'setting', id: record.id, values: struct({ value: 'two' }) }
      await grpc('records', 'Update', changed)
      assert.equal((await client.settings.get(name, { by: 'name' })).value, 'two')
      await grpc('records', 'Delete', { type: 'setting', id: record.id })
      assert.equal((await rest('GET', `/setting/${name}?by=name`)).status, 404)
      await assert.rejects(grpc('records', 'Get', { type: 'setting', name }), { code: 5 })
    },
  )

  item('D96', 'a message is answered over gRPC as over REST', async ({ rig, grpc, client }) => {
    const asking = await rig.start(
      `return (await self.message({ request: 'Who?' })).response.string`,
    )
    const { message_id: id } = await rig.reaches(asking.id, 'WAITING_RESPONSE')
    const response = struct({ string: 'Ada' })
    const wrong = { id, response: struct({ colour: 'red' }) }
    await assert.rejects(grpc('messages', 'Reply', wrong), { code: 3 })
    await grpc('messages', 'Reply', { id, response })
    assert.equal((await rig.ended(asking.id)).output_value, 'Ada')
    await assert.rejects(grpc('messages', 'Reply', { id, response }), { code: 9 })
    assert.equal((await client.messages.get(id ?? '')).status, 'ANSWERED')
  })
})

/** Every property that REST shows, gRPC shows with the same value. */
async function sameRecord({ client, grpc }: Doors, id: string): Promise<void> {
  const { execution } = await grpc<{
    execution: { properties: { fields: Record<string, object> } }
  }>('executions', 'Get', { id })
  const record = await client.executions.get(id)
  assert.deepEqual(
    Object.keys(execution.properties.fields).toSorted(),
    Object.keys(record).toSorted(),
  )
  assert.deepEqual(plain(execution.properties), { ...record })
}

interface Value {
  readonly kind?: string
  readonly structValue?: { fields?: Record<string, Value> | null }
  readonly listValue?: { values: Value[] }
  readonly [kind: string]: unknown
}

/** A google.protobuf.Struct as the proto loader gives it. */
function plain({ fields }: { fields?: Record<string, object> | null }): Record<string, unknown> {
  return Object.fromEntries(
    // The loader leaves out what is empty.
    Object.entries(fields ?? {}).map(([key, value]) => [key, plainValue(value as Value)]),
  )
}

function plainValue(value: Value): unknown {
  if (value.structValue !== undefined) return plain(value.structValue)
  if (value.listValue !== undefined) return value.listValue.values.map(plainValue)
  return value.kind === undefined || value.kind === 'nullValue' ? null : value[value.kind]
}

const struct = (object: Record<string, string>): object => ({
  fields: Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, { stringValue: value }]),
  ),
})
