import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hangUp, json, problem, startScriptedServer } from '../test/scripted-server.ts'
import { createClient } from './create-client.ts'

const running = json(200, { id: 'e', status: 'AT_ENGINE' })
const ended = json(200, { id: 'e', status: 'ENDED_SUCCESS' })

test('waiting outlasts a server that is away for longer than one request is repeated', async () => {
  const away = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? hangUp : problem(503)))
  await using server = await startScriptedServer([running, ...away, running, ...away, ended])
  const { executions } = clientOf(server.url)
  assert.equal((await executions.wait('e')).status, 'ENDED_SUCCESS')
  assert.equal(server.seen.length, 63)
})

test('waiting for a server that never comes back is given up', async () => {
  await using server = await startScriptedServer([problem(503)])
  await assert.rejects(clientOf(server.url).executions.wait('e'), /problem 503/)
  assert.equal(server.seen.length, 72)
})

test('waiting for a server that is away takes no longer than was asked for', async () => {
  await using server = await startScriptedServer([problem(503)])
  const { executions, nowMs } = clientOf(server.url)
  await assert.rejects(executions.wait('e', { timeoutSeconds: 10 }), /problem 503/)
  assert.ok(nowMs() >= 10_000 && nowMs() < 14_000, `${nowMs()} ms`)
})

test('an answer that another request does not change ends the waiting at once', async () => {
  await using server = await startScriptedServer([problem(404)])
  await assert.rejects(clientOf(server.url).executions.wait('e'), /problem 404/)
  assert.equal(server.seen.length, 1)
})

/** A client to which only pauses take time, and none for whoever runs the test. */
function clientOf(url: string) {
  let atMs = 0
  const platform = {
    delay: async (ms: number) => void (atMs += ms),
    monotonicMs: () => atMs,
    random: () => 1,
  }
  return { ...createClient({ url, apiKey: 'k', platform }), nowMs: () => atMs }
}
