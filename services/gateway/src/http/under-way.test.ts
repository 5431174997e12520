import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { type Bus, connectBus } from '@millrace/bus'
import { createLogger, newId, sleep } from '@millrace/runtime'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'
import { cutOffStalled } from './under-way.ts'

const started = async (gateway: GatewayFixture) => {
  const body = { script: 'return 1', name: 'waited for' }
  return gateway.request('POST', 'execution?wait=1', body)
}

const START = {
  path: 'POST /api/latest/execution',
  body: { script: 'return 1', name: 'waited for' },
}

/** A request whose caller can go away at any moment. */
async function ask(
  gateway: GatewayFixture,
  headers: Record<string, string>,
  request: { readonly path: string; readonly body?: object } = START,
): Promise<Socket> {
  const body = request.body === undefined ? '' : JSON.stringify(request.body)
  const lines = {
    host: 'a',
    authorization: `Bearer ${gateway.admin.apiKey}`,
    ...(body !== '' && {
      'content-type': 'application/json',
      'content-length': String(body.length),
    }),
    ...headers,
  }
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${request.path}?wait=60 HTTP/1.1\r\n${head.join('')}\r\n${body}`)
  return socket
}

async function waiting(gateway: GatewayFixture, count: number): Promise<void> {
  for (;;) {
    const { text } = await gateway.request('GET', '/metrics')
    if (new RegExp(`waiting_requests(\\{.*\\})? ${count}$`, 'm').test(text)) return
    await sleep(20)
  }
}

describe('a caller who goes away', () => {
  test('is not waited for, and finds the same execution when it comes back', async () => {
    await using gateway = await startGateway()
    const key = { 'idempotency-key': 'come back' }
    const socket = await ask(gateway, key)
    await waiting(gateway, 1)
    socket.destroy()
    await waiting(gateway, 0)
    while ((await gateway.db.query(FREE_KEYS)).length === 0) await sleep(10)
    const again = await ask(gateway, key)
    await waiting(gateway, 1)
    again.destroy()
    await waiting(gateway, 0)
    assert.equal((await gateway.db.query(ALL)).length, 1)
  })

  test('of a rerun is not waited for either, and finds the same one when it comes back', async () => {
    await using gateway = await startGateway()
    const { json } = await gateway.request('POST', 'execution', START.body)
    const rerun = { path: `POST /api/latest/execution/${String(json['id'])}/rerun`, body: {} }
    const key = { 'idempotency-key': 'rerun' }
    const socket = await ask(gateway, key, rerun)
    await waiting(gateway, 1)
    socket.destroy()
    await waiting(gateway, 0)
    while ((await gateway.db.query(FREE_KEYS)).length === 0) await sleep(10)
    const again = await ask(gateway, key, rerun)
    await waiting(gateway, 1)
    again.destroy()
    await waiting(gateway, 0)
    assert.equal((await gateway.db.query(ALL)).length, 2, 'what was rerun, and one rerun')
  })

  test('of a debugger is not looked for any more', async () => {
    await using gateway = await startGateway()
    const { json } = await gateway.request('POST', 'execution', START.body)
    const path = `GET /api/latest/execution/${String(json['id'])}/debug`
    const socket = await ask(gateway, {}, { path })
    while ((await gateway.db.query(LOOKS)).length === 0) await sleep(10)
    socket.destroy()
    // Each second, while it looks.
    const quiet = {
      name: '',
      text: `${LOOKS.text} AND query_start > clock_timestamp() - interval '4 s'`,
    }
    while ((await gateway.db.query(quiet)).length > 0) await sleep(100)
  })

  test('before it is let in takes nobody’s place', async () => {
    await using gateway = await startGateway({ admission: { waiting: 1 } })
    const { json } = await gateway.request('POST', 'api_key', { name: 'not asked for yet' })
    await gateway.db.transaction(async (tx) => {
      await tx.query({ name: '', text: 'LOCK TABLE api_key' })
      const socket = await ask(gateway, { authorization: `Bearer ${String(json['api_key'])}` })
      await isAsked(gateway)
      socket.destroy()
      // Asked after it: what they say is said when the gateway has seen it go.
      for (let turn = 0; turn < 3; turn += 1) await fetch(`${gateway.url}/alive`)
    })
    assert.equal((await started(gateway)).status, 202)
  })
})

const FREE_KEYS = {
  name: '',
  text: `SELECT 1 FROM idempotency_key WHERE lease_until = '-infinity'`,
}
/** The connections that have last looked at how an execution stands with its debugger. */
const LOOKS = {
  name: '',
  text: `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'millrace-gateway-api' AND query ~ 'debug_session|return_when'`,
}
const ALL = { name: '', text: `SELECT id FROM execution WHERE name = 'waited for'` }

/** Until Postgres has been asked for the key, and does not answer. */
async function isAsked({ db }: GatewayFixture): Promise<void> {
  const text = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%api_key%'`
  while ((await db.query({ name: '', text })).length === 0) await sleep(10)
}

test('the stop of a gateway ends the streams of events', async () => {
  const gateway = await startGateway()
  const { json } = await gateway.request('POST', 'execution', { script: 'return 1' })
  const stream = await fetch(`${gateway.url}/api/latest/execution/${String(json['id'])}/stream`, {
    headers: { authorization: `Bearer ${gateway.admin.apiKey}` },
  })
  const reader = stream.body?.getReader()
  assert.equal((await reader?.read())?.done, false)
  await Promise.all([gateway[Symbol.asyncDispose](), untilOver(reader)])
})

test('the stop of a gateway answers a start that it has lent to an engine', async () => {
  const gateway = await startGateway()
  const log = createLogger('test', { level: 'silent' })
  const engine = await connectBus({ servers: gateway.natsUrl, name: 'engine', log })
  const lent = Promise.withResolvers<void>()
  // It says nothing: what it was lent is given back by the stop.
  engine.onEager(() => lent.resolve())
  await settled(engine)
  const answer = gateway.request('POST', 'execution?wait=300', START.body)
  await lent.promise
  await engine.close()
  const [{ status, json }] = await Promise.all([answer, gateway[Symbol.asyncDispose]()])
  assert.deepEqual([status, json['status']], [202, 'WAITING_ENGINE'])
})

/** NATS has seen what this connection has subscribed to: it does what it is told in order. */
async function settled(bus: Bus): Promise<void> {
  const probe = newId()
  const seen = Promise.withResolvers<void>()
  const subscription = bus.onEagerResults(probe, () => seen.resolve(), seen.resolve)
  bus.publishEagerResults(probe, [{ executionId: probe, refusal: 'busy' }])
  await seen.promise
  await subscription.close()
}

async function untilOver(reader: ReadableStreamDefaultReader | undefined): Promise<void> {
  while ((await reader?.read())?.done === false);
}

test('a body of which nothing comes any more is cut off, and an answer may take its time', async () => {
  const server = createServer((request, response) => {
    cutOffStalled(request, 100)
    request.resume().once('end', () => void sleep(300).then(() => response.end('done')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'whole' })
  assert.equal(await answer.text(), 'done')
  const socket = connect(port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhal')
  await once(socket, 'close')
  server.close()
  server.closeAllConnections()
})
