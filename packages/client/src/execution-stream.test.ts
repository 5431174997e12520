import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events, problem, startScriptedServer } from '../test/scripted-server.ts'
import { createClient } from './create-client.ts'

const status = (id: number, value: string) =>
  `id: ${id}\nevent: status\ndata: {"status":"${value}"}`

test('a stream that breaks goes on after the last event and stops at ended', async () => {
  await using server = await startScriptedServer([
    events(['event: heartbeat\ndata: {}', status(1, 'AT_ENGINE'), status(2, 'SCHEDULED')], 'break'),
    problem(503),
    events([
      status(3, 'AT_ENGINE'),
      'id: 4\nevent: ended\ndata: {"status":"ENDED_SUCCESS"}',
      status(5, 'never read'),
    ]),
  ])
  const platform = { delay: withoutWaiting }
  const stream = createClient({ url: server.url, apiKey: 'k', platform }).executions.stream('e')
  const ids = (await Array.fromAsync(stream)).map((event) => `${event.id} ${event.type}`)
  assert.deepEqual(ids, ['1 status', '2 status', '3 status', '4 ended'])
  assert.equal(server.seen[0]?.headers['last-event-id'], undefined)
  assert.deepEqual(
    server.seen.slice(1).map((request) => request.headers['last-event-id']),
    ['2', '2'],
  )
})

test('a stream of an unknown execution fails at once', async () => {
  await using server = await startScriptedServer([problem(404)])
  const stream = createClient({ url: server.url, apiKey: null }).executions.stream('e')
  await assert.rejects(Array.fromAsync(stream), /problem 404/)
  assert.equal(server.seen.length, 1)
})

test('a stream that never comes back is given up', async () => {
  await using server = await startScriptedServer([events([], 'end')])
  const platform = { delay: withoutWaiting }
  const stream = createClient({ url: server.url, apiKey: null, platform }).executions.stream('e')
  await assert.rejects(Array.fromAsync(stream), /the stream ended before the execution/)
})

test('a reader that stops early lets go of the connection', async () => {
  let closed = () => {}
  const whenClosed = new Promise<void>((resolve) => (closed = resolve))
  await using server = await startScriptedServer([
    (_, response) => {
      response.on('close', closed)
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write(`${status(1, 'AT_ENGINE')}\n\n`)
    },
  ])
  for await (const event of createClient({ url: server.url, apiKey: null }).executions.stream(
    'e',
  )) {
    assert.equal(event.id, '1')
    break
  }
  await whenClosed
})

/** Pauses between tries take no time; the guard against silence never fires. */
function withoutWaiting(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms < 45_000) return Promise.resolve()
  return new Promise((_, reject) =>
    signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
  )
}
