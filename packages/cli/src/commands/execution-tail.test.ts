import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events, json, type Reply, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const STATUS = 'id: 1\nevent: status\ndata: {"status":"AT_ENGINE","at":"2026-01-01T00:00:01Z"}'

/** An execution that goes on: the stream stays open. */
const goesOn: Reply = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${STATUS}\n\n`)
}

for (const format of ['table', 'json']) {
  test(`tail -o ${format} ends when its time is up`, async () => {
    await using server = await startScriptedServer([goesOn])
    await using box = await createSandbox(server.url)
    const ran = await box.run(['execution', 'tail', 'e1', '--timeout', '0.3', '-o', format])
    assert.equal(ran.err, 'error: execution e1 has not ended after 0.3 s')
    assert.equal(ran.exitCode, 5)
  })
}

test('tail -o json prints every event as it came, also those that people are not shown', async () => {
  await using server = await startScriptedServer([
    events([STATUS, 'id: 2\nevent: ended\ndata: {"status":"ENDED_CANCELLED"}']),
    json(200, { id: 'e1', status: 'ENDED_CANCELLED', message: null }),
  ])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['execution', 'tail', 'e1', '-o', 'json'])
  const types = ran.out.split('\n').map((line) => (JSON.parse(line) as { type: string }).type)
  assert.deepEqual(types, ['status', 'ended'])
  assert.equal(ran.exitCode, 3)
})

for (const days of [25, 60]) {
  test(`tail --timeout ${days}d is not over at once`, async () => {
    await using server = await startScriptedServer([
      events(['id: 1\nevent: ended\ndata: {"status":"ENDED_SUCCESS"}']),
      json(200, { id: 'e1', status: 'ENDED_SUCCESS', message: null }),
    ])
    await using box = await createSandbox(server.url)
    const ran = await box.run(['execution', 'tail', 'e1', '--timeout', `${days}d`])
    assert.deepEqual([ran.exitCode, ran.err], [0, 'ENDED_SUCCESS'])
  })
}
