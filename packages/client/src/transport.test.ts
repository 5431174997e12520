import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hangUp, json, problem, startScriptedServer } from '../test/scripted-server.ts'
import { ApiError } from './api-error.ts'
import { ServerAwayError } from './away-error.ts'
import { createClient, type Client } from './create-client.ts'
import { MAX_TRIES } from './retry.ts'

const patient = () => {
  const pausesMs: number[] = []
  return {
    pausesMs,
    platform: { delay: async (ms: number) => void pausesMs.push(ms), random: () => 1 },
  }
}

test('a record is asked for under the versioned path with the key as bearer token', async () => {
  await using server = await startScriptedServer([json(200, { id: 'f1', name: 'a b' })])
  const flow = await createClient({ url: `${server.url}/`, apiKey: 'k' }).flows.get('a b', {
    by: 'name',
  })
  assert.equal(flow.id, 'f1')
  assert.equal(server.seen[0]?.url, '/api/latest/flow/a%20b?by=name')
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer k')
})

test('a POST whose connection breaks is sent again with the same idempotency key and body', async () => {
  await using server = await startScriptedServer([hangUp, problem(503), json(201, { id: 'e1' })])
  const { platform } = patient()
  await createClient({ url: server.url, apiKey: 'k', platform }).executions.create(
    { flow_name: 'a' },
    { waitSeconds: 5 },
  )
  assert.equal(server.seen.length, 3)
  assert.equal(server.seen[0]?.url, '/api/latest/execution?wait=5')
  const keys = server.seen.map((request) => request.headers['idempotency-key'])
  assert.ok(keys[0] !== undefined && keys.every((key) => key === keys[0]))
  assert.deepEqual(server.seen[2]?.body, { flow_name: 'a' })
})

test('two POSTs carry different idempotency keys', async () => {
  await using server = await startScriptedServer([json(201, {})])
  const client = createClient({ url: server.url, apiKey: null })
  await client.executions.create({ flow_name: 'a' })
  await client.executions.create({ flow_name: 'a' })
  assert.notEqual(
    server.seen[0]?.headers['idempotency-key'],
    server.seen[1]?.headers['idempotency-key'],
  )
})

test('a PATCH whose connection breaks is not sent again', async () => {
  await using server = await startScriptedServer([hangUp, json(200, {})])
  const { platform } = patient()
  await assert.rejects(
    createClient({ url: server.url, apiKey: null, platform }).flows.update('f', { script: '' }),
    ServerAwayError,
  )
  assert.equal(server.seen.length, 1)
})

const SHOWN_ONCE: Record<string, (client: Client) => Promise<unknown>> = {
  workspace: (client) => client.workspaces.create({ name: 'w' }),
  key: (client) => client.apiKeys.create({ name: 'k' }),
  session: (client) => client.auth.login({ userName: 'u', password: 'p' }),
  link: (client) => client.messages.createLink('m', { recipient: 'r' }),
}
for (const [what, make] of Object.entries(SHOWN_ONCE)) {
  test(`a ${what} may have been made: it is not asked for again, and no key is made up`, async () => {
    for (const lost of [hangUp, problem(503)]) {
      await using server = await startScriptedServer([lost, json(201, {})])
      const { platform } = patient()
      await assert.rejects(make(createClient({ url: server.url, apiKey: 'k', platform })))
      assert.equal(server.seen.length, 1)
      assert.equal(server.seen[0]?.headers['idempotency-key'], undefined)
    }
  })
}

const HARMLESS: Record<string, (client: Client) => Promise<unknown>> = {
  'a preview': (client) => client.schedules.previewTiming({ cron: '* * * * *' }),
  'an inspection': (client) => client.executions.inspect('e'),
  'a repair': (client) => client.doctor.repair(),
  'the end of a session': (client) => client.auth.logout(),
}
for (const [what, ask] of Object.entries(HARMLESS)) {
  test(`${what} is asked for again without a key`, async () => {
    await using server = await startScriptedServer([hangUp, json(200, {})])
    const { platform } = patient()
    await ask(createClient({ url: server.url, apiKey: 'k', platform }))
    const keys = server.seen.map((request) => request.headers['idempotency-key'])
    assert.deepEqual(keys, [undefined, undefined])
  })
}

test('what no connection came about for is tried again, whatever it is', async () => {
  const closed = await closedUrl()
  // By name both addresses of this machine are tried, and both refuse.
  for (const url of [closed, closed.replace('127.0.0.1', 'localhost')]) {
    const { platform, pausesMs } = patient()
    const client = createClient({ url, apiKey: 'k', platform })
    for (const ask of [
      () => client.workspaces.create({ name: 'w' }),
      () => client.flows.update('f', { script: '' }),
      () => client.flows.delete('f'),
    ]) {
      pausesMs.length = 0
      await assert.rejects(ask(), ServerAwayError)
      assert.equal(pausesMs.length, MAX_TRIES - 1)
    }
  }
})

test('what the server had no room for is asked for again', async () => {
  const full = problem(429, {}, { 'retry-after': '1' })
  await using server = await startScriptedServer([full, json(200, { token: 't' })])
  const { platform, pausesMs } = patient()
  const { auth } = createClient({ url: server.url, apiKey: null, platform })
  assert.equal((await auth.login({ userName: 'u', password: 'p' })).token, 't')
  assert.deepEqual(pausesMs, [1_000])
})

/** Of a server that is gone: its port refuses connections. */
async function closedUrl(): Promise<string> {
  await using server = await startScriptedServer([])
  return server.url
}

test('Retry-After is honoured', async () => {
  await using server = await startScriptedServer([
    problem(429, {}, { 'retry-after': '7' }),
    json(200, { id: 'e' }),
  ])
  const { platform, pausesMs } = patient()
  await createClient({ url: server.url, apiKey: null, platform }).executions.get('e')
  assert.deepEqual(pausesMs, [7000])
})

test('tries are bounded and the last error is the one that is thrown', async () => {
  await using server = await startScriptedServer([problem(503, { detail: 'Postgres is away' })])
  const { platform } = patient()
  await assert.rejects(
    createClient({ url: server.url, apiKey: null, platform }).executions.get('e'),
    (error: unknown) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.retryable, true)
      assert.equal(error.message, 'problem 503: Postgres is away')
      return true
    },
  )
  assert.equal(server.seen.length, MAX_TRIES)
})

test('an error that another try does not change is thrown at once, with the fields it names', async () => {
  const errors = [
    { pointer: '/script', message: 'unexpected token', line: 3, column: 7 },
    { pointer: '/name' },
  ]
  await using server = await startScriptedServer([problem(422, { detail: 'not valid', errors })])
  await assert.rejects(
    createClient({ url: server.url, apiKey: null }).flows.create({ name: '', script: '(' }),
    (error: unknown) => {
      assert.ok(error instanceof ApiError)
      assert.deepEqual(error.problem.errors, [
        { pointer: '/script', message: 'unexpected token', line: 3, column: 7 },
        { pointer: '/name', message: 'is not accepted', line: null, column: null },
      ])
      return true
    },
  )
  assert.equal(server.seen.length, 1)
})

test('an answer that is no problem document still becomes an error with its text', async () => {
  const html: Parameters<typeof startScriptedServer>[0][number] = (_, response) =>
    void response.writeHead(404).end('<h1>nginx</h1>')
  await using server = await startScriptedServer([html])
  await assert.rejects(
    createClient({ url: server.url, apiKey: null }).executions.get('e'),
    /HTTP 404: <h1>nginx/,
  )
})

test('a server that is not there is named, with the reason', async () => {
  const { platform } = patient()
  const client = createClient({ url: 'http://127.0.0.1:1', apiKey: null, platform })
  await assert.rejects(client.executions.get('e'), (error: unknown) => {
    assert.ok(error instanceof ServerAwayError)
    assert.match(
      error.message,
      /no answer from http:\/\/127\.0\.0\.1:1 \(.*(ECONNREFUSED|bad port)/,
    )
    return true
  })
})

test('a list is read page by page with the cursor of the page before', async () => {
  await using server = await startScriptedServer([
    json(200, { items: [{ id: '1' }], next_cursor: 'c' }),
    json(200, { items: [{ id: '2' }], next_cursor: null }),
  ])
  const client = createClient({ url: server.url, apiKey: null })
  const filter = { field: 'status', op: 'eq', value: 'LOST' } as const
  const ids = (await Array.fromAsync(client.executions.iterate({ filter, limit: 1 }))).map(
    (execution) => execution.id,
  )
  assert.deepEqual(ids, ['1', '2'])
  const second = new URL(server.seen[1]?.url ?? '', server.url).searchParams
  assert.equal(second.get('cursor'), 'c')
  assert.equal(second.get('filter'), JSON.stringify(filter))
})

test('waiting goes on over several requests until the end', async () => {
  await using server = await startScriptedServer([
    json(202, { id: 'e', status: 'AT_ENGINE' }),
    json(200, { id: 'e', status: 'SCHEDULED' }),
    json(200, { id: 'e', status: 'ENDED_ERROR' }),
  ])
  const { platform } = patient()
  const ended = await createClient({ url: server.url, apiKey: null, platform }).executions.wait('e')
  assert.equal(ended.status, 'ENDED_ERROR')
  assert.equal(server.seen[0]?.url, '/api/latest/execution/e?wait=50')
})

test('waiting with a timeout ends with an error that says the execution goes on', async () => {
  await using server = await startScriptedServer([json(200, { id: 'e', status: 'PAUSED' })])
  let nowMs = 0
  const platform = { delay: async () => undefined, monotonicMs: () => (nowMs += 600) }
  await assert.rejects(
    createClient({ url: server.url, apiKey: null, platform }).executions.wait('e', {
      timeoutSeconds: 3,
    }),
    /still PAUSED after 3 s; it goes on/,
  )
})

test('a setting that does not exist yet is created by put', async () => {
  await using server = await startScriptedServer([problem(404), json(201, { id: 's', value: 1 })])
  await createClient({ url: server.url, apiKey: null }).settings.put('a', 1)
  assert.deepEqual(
    server.seen.map((request) => `${request.method} ${request.url}`),
    ['PATCH /api/latest/setting/a?by=name', 'POST /api/latest/setting'],
  )
})
