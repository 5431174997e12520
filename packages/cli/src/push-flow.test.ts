import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { json, problem, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../test/run-in-test.ts'

const flow = (fields: object = {}) => ({
  id: 'f1',
  name: 'a',
  script: 'old\n',
  language: 'typescript',
  ...fields,
})

test('a flow that is not there is created under the name of its file', async () => {
  await using server = await startScriptedServer([
    problem(404),
    json(201, flow({ name: 'my-child' })),
  ])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'my-child.flow.ts'), 'export default 1')
  const ran = await box.run(['flow', 'push', 'my-child.flow.ts'])
  assert.equal(ran.err, 'created    my-child')
  assert.deepEqual(server.seen[1]?.body, {
    name: 'my-child',
    script: 'export default 1',
    language: 'typescript',
  })
})

test('a flow that is there is updated, and what changes is said', async () => {
  await using server = await startScriptedServer([
    json(200, flow()),
    json(200, flow({ script: 'a\nb' })),
  ])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'a.py'), 'a\nb')
  const ran = await box.run(['flow', 'push', 'a.py'])
  assert.equal(ran.err, 'updated    a  script (1 → 2 lines), language (typescript → python)')
  assert.equal(`${server.seen[1]?.method} ${server.seen[1]?.url}`, 'PATCH /api/latest/flow/f1')
})

test('a flow that is the same is left alone', async () => {
  await using server = await startScriptedServer([json(200, flow())])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'a.js'), 'old\n')
  assert.equal((await box.run(['flow', 'push', 'a.js'])).err, 'unchanged  a')
  assert.equal(server.seen.length, 1)
})

test('a flow that somebody else creates meanwhile is updated', async () => {
  await using server = await startScriptedServer([
    problem(404),
    problem(409),
    json(200, flow()),
    json(200, flow({ script: 'new' })),
  ])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'a.ts'), 'new')
  assert.match((await box.run(['flow', 'push', 'a.ts'])).err, /^updated/)
})

test('a syntax error is shown as file, line and column', async () => {
  const errors = [
    { pointer: '/script', message: "line 3, column 14: ';' expected", line: 3, column: 14 },
  ]
  await using server = await startScriptedServer([problem(404), problem(422, { errors })])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'a.ts'), 'oops')
  const ran = await box.run(['flow', 'push', 'a.ts'])
  assert.equal(ran.exitCode, 2)
  assert.match(ran.err, /^a\.ts:3:14: ';' expected$/m)
})

test('a folder brings all flows below it but no tests and no declarations', async () => {
  await using server = await startScriptedServer([json(200, flow())])
  await using box = await createSandbox(server.url)
  await mkdir(join(box.dir, 'flows/more/node_modules'), { recursive: true })
  for (const name of [
    'b.ts',
    'a.py',
    'a.test.ts',
    'a.d.ts',
    'README.md',
    'more/c.js',
    'more/node_modules/d.js',
  ]) {
    await writeFile(join(box.dir, 'flows', name), 'old\n')
  }
  const ran = await box.run(['flow', 'push', 'flows', '-o', 'json'])
  assert.equal((JSON.parse(ran.out) as { items: unknown[] }).items.length, 3)
  const asked = server.seen
    .filter((request) => request.method === 'GET')
    .map((request) => request.url.split('/').at(-1))
  assert.deepEqual(asked, ['a?by=name', 'b?by=name', 'c?by=name'])
})

test('two files of one name, an unknown extension and a missing file are usage errors', async () => {
  await using box = await createSandbox('http://127.0.0.1:9')
  await mkdir(join(box.dir, 'x'))
  for (const name of ['a.ts', 'x/a.js', 'a.rb']) await writeFile(join(box.dir, name), '')
  for (const [argv, message] of [
    [['a.ts', 'x/a.js'], /a\.ts and x\/a\.js would both become the flow "a"/],
    [['a.rb'], /cannot tell the language of a\.rb/],
    [['no.ts'], /no such file or folder: no\.ts/],
  ] as const) {
    const ran = await box.run(['flow', 'push', ...argv])
    assert.equal(ran.exitCode, 2)
    assert.match(ran.err, message)
  }
})
