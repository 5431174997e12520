import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { json, problem, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const ID = '019aa000-0000-7000-8000-000000000001'
const uses = [
  { id: 'w1', name: 'retry', input: { max_tries: 5 } },
  { id: 'w2', name: 'cache' },
]

test('wrap gives a record its wrappers in their order, with what each is given', async () => {
  await using server = await startScriptedServer([json(200, { name: 'f', wrappers: uses })])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['flow', 'wrap', 'f', 'retry={"max_tries":5}', ID])
  assert.equal(ran.out, 'retry > cache > f')
  assert.equal(
    `${server.seen[0]?.method} ${server.seen[0]?.url}`,
    'PATCH /api/latest/flow/f?by=name',
  )
  assert.deepEqual(server.seen[0]?.body, {
    wrappers: [{ name: 'retry', input: { max_tries: 5 } }, { id: ID }],
  })
})

test('wrap without any takes all off', async () => {
  await using server = await startScriptedServer([json(200, { name: 'c', wrappers: [] })])
  await using box = await createSandbox(server.url)
  assert.equal((await box.run(['connector', 'wrap', 'c'])).out, 'c has no wrappers')
  assert.deepEqual(server.seen[0]?.body, { wrappers: [] })
})

test('what is given to a wrapper has to be a JSON object', async () => {
  await using box = await createSandbox('http://127.0.0.1:1')
  for (const wrong of ['retry=3', 'retry={', 'retry=']) {
    const ran = await box.run(['flow', 'wrap', 'f', wrong])
    assert.equal(ran.exitCode, 2)
    assert.match(ran.err, /wrapper "retry" is no JSON object/)
  }
})

test('run takes wrappers from the outermost on, and may leave out the static ones', async () => {
  await using server = await startScriptedServer([json(201, { id: ID, status: 'WAITING_ENGINE' })])
  await using box = await createSandbox(server.url)
  await box.run([
    'run',
    '--wrapper',
    'cache',
    '--wrapper',
    'retry={"max_tries":2}',
    'f',
    '--unwrapped',
  ])
  assert.deepEqual(server.seen[0]?.body, {
    flow_name: 'f',
    wrappers: [{ name: 'cache' }, { name: 'retry', input: { max_tries: 2 } }],
    unwrapped: true,
  })
})

test('push creates a wrapper from a file', async () => {
  await using server = await startScriptedServer([
    problem(404),
    json(201, { id: 'w', name: 'mine', script: 'x', language: 'typescript' }),
  ])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'mine.ts'), 'x')
  assert.equal((await box.run(['wrapper', 'push', 'mine.ts'])).err, 'created    mine')
  assert.equal(`${server.seen[1]?.method} ${server.seen[1]?.url}`, 'POST /api/latest/wrapper')
})

test('list tells which are of the product and which of these were changed', async () => {
  const items = [
    { name: 'cache', id: 'w1', standard_name: 'cache', is_changed: true, description: 'd' },
    { name: 'mine', id: 'w2', standard_name: null, is_changed: null, description: null },
  ]
  await using server = await startScriptedServer([json(200, { items, next_cursor: null })])
  await using box = await createSandbox(server.url)
  const { out } = await box.run(['wrapper', 'list'])
  assert.match(out, /cache +w1 +changed +d/)
  assert.match(out, /mine +w2/)
})
