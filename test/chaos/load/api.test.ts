import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Op } from '../evidence.ts'
import { createApi } from './api.ts'

interface Answer {
  readonly status: number
  readonly body: object
  readonly headers?: Record<string, string>
}

/** A gateway that answers each request with the next of these; null breaks the connection. */
async function startGateway(answers: readonly (Answer | null)[]) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    request.resume()
    const answer = answers[Math.min(seen.length, answers.length - 1)]
    seen.push(request)
    if (answer === null || answer === undefined) return void request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const RECORD = { status: 201, body: { id: 'e1', status: 'WAITING_ENGINE' } }

async function start(urls: readonly string[], signal = new AbortController().signal) {
  const ops: Op[] = []
  const api = createApi({ urls, apiKey: 'k', note: (op) => ops.push(op) })
  const record = await api.call({
    kind: 'start',
    key: 'key-1',
    send: (client) =>
      client.executions.create({ flow_name: 'f' }, { idempotencyKey: 'key-1', signal }),
    value: ({ id }) => id,
    signal,
  })
  return { record, op: ops[0] ?? assert.fail('nothing is noted'), count: ops.length }
}

test('a start without an answer is sent again with its key, to the next gateway, as one operation', async () => {
  await using broken = await startGateway([null])
  await using sound = await startGateway([RECORD])
  const { op, count } = await start([sound.url, broken.url])
  assert.equal(count, 1)
  assert.deepEqual([op.outcome, op.value, op.tries, op.failures], ['ok', 'e1', 2, 1])
  const keys = [...broken.seen, ...sound.seen].map(({ headers }) => headers['idempotency-key'])
  assert.deepEqual(keys, ['key-1', 'key-1'])
})

test('failures count in a row: whoever is told to come back may find the first gateway still away', async () => {
  const headers = { 'retry-after': '0' }
  const later = { status: 409, body: { title: 'under way', status: 409 }, headers }
  await using away = await startGateway([null])
  await using busy = await startGateway([later, RECORD])
  const { op } = await start([busy.url, away.url])
  assert.deepEqual([op.outcome, op.tries, op.failures], ['ok', 4, 1])

  await using gone = await startGateway([null, null, RECORD])
  const { op: twice } = await start([gone.url])
  assert.deepEqual([twice.outcome, twice.tries, twice.failures], ['ok', 3, 2])
})

test('a refusal is definite', async () => {
  await using gateway = await startGateway([{ status: 422, body: { title: 'no', status: 422 } }])
  const { op, record } = await start([gateway.url])
  assert.deepEqual([op.outcome, op.status, record], ['refused', 422, null])
})

test('what nobody answered until the end is unknown', async () => {
  await using gateway = await startGateway([{ status: 500, body: {} }])
  const { op } = await start([gateway.url], AbortSignal.timeout(300))
  assert.deepEqual([op.outcome, op.ret], ['unknown', null])
})
