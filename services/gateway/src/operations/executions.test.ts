import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { connectBus } from '@millrace/bus'
import { createLogger, newId, now } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
  const script = 'export default async function handler(system, self, inputs) { return inputs }'
  await gateway.request('POST', 'flow', { name: 'f', script })
})
after(() => gateway[Symbol.asyncDispose]())

/** What an engine would commit. */
const end = (id: string, output = '7') =>
  runSql(
    gateway.databaseUrl,
    `UPDATE execution SET status = 'ENDED_SUCCESS', version = version + 1, ended_at = clock(),
       started_at = clock(), moved_at = clock(), output = $2::json WHERE id = $1`,
    [id, output],
  )

const create = async (body: object = {}): Promise<string> => {
  const reply = await gateway.request('POST', 'execution', { flow_name: 'f', ...body })
  assert.equal(reply.status, 201, reply.text)
  return String(reply.json['id'])
}

test('the record has every property, the same when created and when read', async () => {
  const body = {
    flow_name: 'f',
    input_value: { a: '\u0000' },
    tags: ['t'],
    description: 'd',
    priority: 3,
  }
  const made = await gateway.request('POST', 'execution', body)
  const names = (
    JSON.parse(
      readFileSync(new URL('./execution-properties.json', import.meta.url), 'utf8'),
    ) as string[]
  ).toSorted()
  assert.equal(names.length, 77)
  assert.deepEqual(
    names.filter((name) => !(name in made.json)),
    [],
  )
  const read = await gateway.request('GET', `execution/${String(made.json['id'])}`)
  assert.deepEqual(read.json, made.json)
  assert.deepEqual(made.json['input_value'], { a: '\u0000' })
  assert.deepEqual(made.json['tags'], ['t'])
})

test('metadata may spell what no text can hold, and may not hold it', async () => {
  const metadata = { spelt: String.raw`\u0000 \ud800`, path: String.raw`C:\ud\u0000` }
  const id = await create({ metadata })
  const read = () => gateway.request('GET', `execution/${id}`)
  assert.deepEqual((await read()).json['metadata'], metadata)
  const filter = {
    and: [
      { field: 'metadata.path', op: 'eq', value: metadata.path },
      { field: 'created_at', op: 'ge', value: new Date(now() - 3_600_000).toISOString() },
    ],
  }
  const query = encodeURIComponent(JSON.stringify(filter))
  const found = await gateway.request('GET', `execution?filter=${query}&fields=id`)
  assert.deepEqual(found.json['items'], [{ id }])
  for (const held of ['\0', '\\\0', '\ud800']) {
    const patch = await gateway.request('PATCH', `execution/${id}`, { metadata: { held } })
    assert.equal(patch.status, 422, JSON.stringify(held))
    assert.match(patch.text, /NUL character or half a surrogate pair/)
  }
  assert.deepEqual((await read()).json['metadata'], metadata)
})

test('a wait is answered by the nudge, and without a nudge within about a second', async () => {
  const bus = await connectBus({
    servers: gateway.natsUrl,
    name: 'test',
    log: createLogger('test', { level: 'silent' }),
  })
  try {
    for (const nudged of [true, false]) {
      const name = `wait ${nudged}`
      const waiting = gateway.request('POST', 'execution?wait=30', { flow_name: 'f', name })
      const id = await untilCreated(name)
      await end(id)
      const begun = now()
      const { workspaceId } = gateway.admin
      const item = { workspaceId, executionId: id, version: 2, parentId: null }
      if (nudged) bus.publishMoved([{ ...item, status: 'ENDED_SUCCESS' }])
      const reply = await waiting
      assert.equal(reply.status, 200)
      assert.deepEqual([reply.json['status'], reply.json['output_value']], ['ENDED_SUCCESS', 7])
      assert.ok(now() - begun < 10_000)
    }
  } finally {
    await bus.close()
  }
})

async function untilCreated(name: string): Promise<string> {
  for (;;) {
    const filter = encodeURIComponent(JSON.stringify({ field: 'name', op: 'eq', value: name }))
    const { json } = await gateway.request('GET', `execution?fields=id&filter=${filter}`)
    const [found] = json['items'] as { id: string }[]
    if (found !== undefined) return found.id
  }
}

test('a wait that is too short is answered 202, and a get may wait too', async () => {
  const reply = await gateway.request('POST', 'execution?wait=0.05', { flow_name: 'f' })
  assert.equal(reply.status, 202)
  const id = String(reply.json['id'])
  const waiting = gateway.request('GET', `execution/${id}?wait=30`)
  await end(id, '"late"')
  assert.equal((await waiting).json['output_value'], 'late')
})

test('a large output comes whole, in slices, and as size and hash', async () => {
  const id = await create({ input_value: { list: Array.from({ length: 20_000 }, (_, i) => i) } })
  const whole = await gateway.request('GET', `execution/${id}`)
  assert.equal((whole.json['input_value'] as { list: number[] }).list.length, 20_000)
  const slice = await gateway.request('GET', `execution/${id}/input?pointer=/list&limit=2`)
  assert.equal(slice.text, '[0,1]')
  assert.equal((await gateway.request('GET', `execution/${id}/input?pointer=/no`)).status, 404)
  const head = await gateway.request('HEAD', `execution/${id}/input`)
  assert.ok(Number(head.headers.get('content-length')) > 32_768)
  assert.match(head.headers.get('etag') ?? '', /^"[\da-f]{64}"$/)
})

test('cancel, pause and resume move it once, and say what it is when they cannot', async () => {
  const id = await create()
  const move = (action: string, body?: object) =>
    gateway.request('POST', `execution/${id}/${action}`, body)
  assert.equal((await move('pause')).json['status'], 'PAUSED')
  assert.equal((await move('pause')).json['version'], 2)
  const why = await gateway.request('GET', `execution/${id}/why`)
  assert.equal(why.json['moving'], false)
  assert.equal(typeof why.json['reason'], 'string')
  assert.equal((await move('resume')).json['status'], 'WAITING_ENGINE')
  const ended = await move('cancel', { message: 'enough' })
  assert.deepEqual([ended.json['status'], ended.json['message']], ['ENDED_CANCELLED', 'enough'])
  const again = await move('cancel')
  assert.equal(again.status, 409)
  assert.equal(again.json['execution_status'], 'ENDED_CANCELLED')
})

test('a cancel whose answer was lost is told again that it was done, and another one that it is too late', async () => {
  const id = await create()
  const cancel = (key: string) =>
    gateway.request('POST', `execution/${id}/cancel`, undefined, { 'idempotency-key': key })
  assert.equal((await cancel('lost')).status, 200)
  // What a lost answer leaves: it is done, and the key does not say so.
  await runSql(
    gateway.databaseUrl,
    `UPDATE idempotency_key SET status = NULL, answer = NULL, lease_until = '-infinity' WHERE key = 'lost'`,
  )
  assert.equal((await cancel('lost')).status, 200)
  assert.equal((await cancel('lost')).status, 200)
  assert.equal((await cancel('other')).status, 409)
})

test('a hundred at once that pause and resume one execution each get an answer', async () => {
  const id = await create()
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      gateway.request('POST', `execution/${id}/${index % 2 === 0 ? 'pause' : 'resume'}`),
    ),
  )
  assert.ok(replies.every(({ status }) => status === 200 || status === 409))
  const { json } = await gateway.request('GET', `execution/${id}`)
  assert.ok(['PAUSED', 'WAITING_ENGINE'].includes(String(json['status'])))
})

test('a scheduled one is SCHEDULED, created only is PAUSED, and both say why', async () => {
  const at = new Date(now() + 3_600_000).toISOString()
  const later = { flow_name: 'f', scheduled_for: at }
  const scheduled = await gateway.request('POST', 'execution', later)
  assert.deepEqual([scheduled.json['status'], scheduled.json['scheduled_for']], ['SCHEDULED', at])
  assert.equal((scheduled.json['why'] as { until: string }).until, at)
  const read = await gateway.request('GET', `execution/${String(scheduled.json['id'])}`)
  assert.equal(read.json['scheduled_for'], at)
  const held = await gateway.request('POST', 'execution', { flow_name: 'f', run: false })
  assert.equal(held.json['status'], 'PAUSED')
  assert.notEqual(held.json['why'], null)
})

test('a batch is created whole or not at all, and says which item is wrong', async () => {
  const items = Array.from({ length: 100 }, (_, n) => ({
    flow_name: 'f',
    name: `batch`,
    input_value: n,
  }))
  const made = await gateway.request('POST', 'execution/batch', { items })
  const ids = made.json['ids'] as string[]
  assert.equal(new Set(ids).size, 100)
  const third = await gateway.request('GET', `execution/${ids[3] ?? ''}`)
  assert.equal(third.json['input_value'], 3)
  const wrong = [
    { flow_name: 'f', name: 'never' },
    { flow_name: 'f', script: 'x' },
  ]
  const refused = await gateway.request('POST', 'execution/batch', { items: wrong })
  assert.equal((refused.json['errors'] as { pointer: string }[])[0]?.pointer, '/items/1')
  const filter = encodeURIComponent('{"field":"name","op":"eq","value":"never"}')
  const none = await gateway.request('GET', `execution?count=true&filter=${filter}`)
  assert.equal(none.json['total'], 0)
})

test('of many that are resumed, who needs a place in its flow has its lock-manager told', async () => {
  const { workspaceId } = gateway.admin
  const script = 'export default () => 1'
  const flow = { name: 'one at a time', script, concurrency: { limit: 1 } }
  const made = await gateway.request('POST', 'flow', flow)
  const gate = `concurrency:${String(made.json['id'])}`
  const log = createLogger('test', { level: 'silent' })
  const bus = await connectBus({ servers: gateway.natsUrl, name: 'test', log })
  const heard = new Set<string>()
  let look = (): void => undefined
  bus.onLockNudge((items) => {
    for (const { key } of items) heard.add(key)
    look()
  })
  const hear = (key: string): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (!heard.delete(key)) return
        look = () => undefined
        resolve()
      }
      look()
    })
  try {
    // What is said before there is a connection is lost. NATS does the rest in order: once this is
    // heard, all is.
    const probe = setInterval(() => bus.nudgeLocks([{ workspaceId, key: 'listening' }]), 20)
    await hear('listening')
    clearInterval(probe)
    const held = { flow_name: flow.name, run: false }
    const [one, top] = [await create(held), await create(held)]
    await gateway.request('POST', 'execution/bulk', { action: 'resume', ids: [one] })
    await hear(gate)
    await gateway.request('POST', `execution/${top}/resume`, { tree: true })
    await hear(gate)
  } finally {
    await bus.close()
  }
})

test('bulk answers for each, and a dry run touches nothing', async () => {
  const [a, b] = [await create({ name: 'bulk' }), await create({ name: 'bulk' })]
  const filter = { field: 'name', op: 'eq', value: 'bulk' }
  const dry = await gateway.request('POST', 'execution/bulk', {
    action: 'cancel',
    filter,
    dry_run: true,
  })
  assert.equal((dry.json['items'] as object[]).length, 2)
  const nothing = await gateway.request('POST', 'execution/bulk', {
    action: 'cancel',
    filter: null,
  })
  assert.equal(nothing.status, 422)
  assert.match(nothing.text, /exactly one of ids and filter/)
  const ids = [a, newId(), b]
  const done = await gateway.request('POST', 'execution/bulk', { action: 'cancel', ids })
  assert.deepEqual(
    (done.json['items'] as { status: number }[]).map((item) => item.status),
    [200, 404, 200],
  )
})

test('an Idempotency-Key starts an execution once, also when the first try died after its commit', async () => {
  const headers = { 'idempotency-key': 'exec' }
  const body = { flow_name: 'f', name: 'once' }
  const first = await gateway.request('POST', 'execution', body, headers)
  await runSql(
    gateway.databaseUrl,
    `UPDATE idempotency_key SET status = NULL, answer = NULL, lease_until = '-infinity', created_at = created_at - interval '2 minutes' WHERE key = 'exec'`,
  )
  // The id is derived from when the key was first seen: put that back to where it was.
  await runSql(
    gateway.databaseUrl,
    `UPDATE idempotency_key SET created_at = created_at + interval '2 minutes' WHERE key = 'exec'`,
  )
  const second = await gateway.request('POST', 'execution', body, headers)
  assert.equal(second.json['id'], first.json['id'])
  const third = await gateway.request('POST', 'execution', body, headers)
  assert.equal(third.text, second.text)
})

test('a stream tells what happens and goes on after the last id without loss', async () => {
  const id = await create()
  const { workspaceId } = gateway.admin
  const log = (first: number, seqs: number[]) =>
    runSql(
      gateway.databaseUrl,
      'INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines) VALUES ($1, $2, 1, $3, $4)',
      [workspaceId, id, first, JSON.stringify(seqs.map((seq) => ({ seq, at: 0, values: [seq] })))],
    )
  await log(1, [1, 2])
  const aborter = new AbortController()
  const response = await fetch(`${gateway.url}/api/latest/execution/${id}/stream`, {
    headers: { authorization: `Bearer ${gateway.admin.apiKey}` },
    signal: aborter.signal,
  })
  const seen = await readUntil(response, (events) => events.some((one) => one.event === 'status'))
  assert.deepEqual(
    seen.map((one) => one.event),
    ['log', 'log', 'status'],
  )
  aborter.abort()
  await log(3, [3])
  await end(id)
  const headers = { 'last-event-id': seen.at(-1)?.id ?? '' }
  const rest = await gateway.request('GET', `execution/${id}/stream`, undefined, headers)
  assert.deepEqual(
    parseEvents(rest.text).map((one) => one.event),
    ['log', 'output', 'status', 'ended'],
  )
})

test('a stream that goes on after a status does not tell it again', async () => {
  const id = await create()
  const { workspaceId } = gateway.admin
  const follow = async (lastEventId: string, enough: string): Promise<Event[]> => {
    const aborter = new AbortController()
    const response = await fetch(`${gateway.url}/api/latest/execution/${id}/stream`, {
      headers: { authorization: `Bearer ${gateway.admin.apiKey}`, 'last-event-id': lastEventId },
      signal: aborter.signal,
    })
    const seen = await readUntil(response, (events) => events.some((one) => one.event === enough))
    aborter.abort()
    return seen
  }
  const [status] = await follow('', 'status')
  assert.equal(status?.event, 'status')
  await runSql(
    gateway.databaseUrl,
    'INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines) VALUES ($1, $2, 1, 1, $3)',
    [workspaceId, id, JSON.stringify([{ seq: 1, at: 0, values: [1] }])],
  )
  const live = await follow(status.id, 'log')
  assert.deepEqual(
    live.map((one) => one.event),
    ['log'],
  )
  await end(id)
  const last = (await follow(live[0]?.id ?? '', 'ended')).find((one) => one.event === 'status')
  const rest = await follow(last?.id ?? '', 'ended')
  assert.deepEqual(
    rest.map((one) => one.event),
    ['ended'],
  )
})

interface Event {
  readonly id: string
  readonly event: string
}

async function readUntil(
  response: Response,
  enough: (events: Event[]) => boolean,
): Promise<Event[]> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    const events = parseEvents(text)
    if (enough(events)) return events
  }
  return parseEvents(text)
}

const parseEvents = (text: string): Event[] =>
  [...text.matchAll(/^id: (\S+)\nevent: (\w+)\ndata: .*\n\n/gm)].map(([, id = '', event = '']) => ({
    id,
    event,
  }))
