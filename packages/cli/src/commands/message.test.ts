import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, problem, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const MESSAGE = {
  id: 'm1',
  status: 'OPEN',
  subject: 'Deploy?',
  form: {
    subject: 'Deploy?',
    text: 'Version 12 is ready.',
    items: [
      {
        element: 'select',
        name: 'where',
        label: 'Where',
        is_required: true,
        options: [{ value: 'test', label: 'Test' }],
      },
      { element: 'submit', name: 'go', label: 'Go' },
    ],
  },
  assignees: ['anna', 'operators'],
  execution_id: 'e1',
  execution_name: 'release',
  created_at: '2026-01-01T00:00:00Z',
  due_at: '2026-01-01T01:00:00Z',
  expires_at: null,
  reminders: 2,
  escalated_at: null,
  notice_failure: null,
  response: null,
  button: null,
  answered_at: null,
  answered_by: null,
  closed_at: null,
  closed_why: null,
}
const ANSWERED = {
  ...MESSAGE,
  status: 'ANSWERED',
  response: { where: 'test', go: true },
  button: 'go',
  answered_at: '2026-01-01T00:00:30Z',
  answered_by: 'anna',
}

test('message list asks for open ones, and for mine alone when told so', async () => {
  await using server = await startScriptedServer([
    json(200, { items: [MESSAGE], next_cursor: null }),
  ])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['message', 'list', '--mine'])
  assert.equal(ran.exitCode, 0)
  assert.match(ran.out, /m1 +OPEN +Deploy\? +anna, operators +2026-01-01 00:00:00Z/)
  const asked = new URL(server.seen[0]?.url ?? '', 'http://x').searchParams
  assert.equal(asked.get('for_me'), 'true')
  assert.deepEqual(JSON.parse(asked.get('filter') ?? ''), {
    and: [{ field: 'status', op: 'eq', value: 'OPEN' }],
  })
  await box.run(['message', 'list', '--status', 'all'])
  assert.equal(new URL(server.seen[1]?.url ?? '', 'http://x').searchParams.get('filter'), null)
})

test('message show says what is asked, by whom, and how to answer', async () => {
  await using server = await startScriptedServer([json(200, MESSAGE), json(200, ANSWERED)])
  await using box = await createSandbox(server.url)
  const { out } = await box.run(['message', 'show', 'm1'])
  assert.match(out, /^Deploy\? {2}OPEN$/m)
  assert.match(out, /^execution +e1 release$/m)
  assert.match(out, /^expected +2026-01-01 01:00:00Z$/m)
  assert.match(out, /^Version 12 is ready\.$/m)
  assert.match(out, /^where\* {2}select: Where \(one of "test"\)$/m)
  assert.match(out, /^\[go\] Go$/m)
  assert.match(out, /^to answer: millrace message reply m1$/m)
  const answered = (await box.run(['message', 'show', 'm1'])).out
  assert.match(answered, /^answered +2026-01-01 00:00:30Z by anna with \[go\]$/m)
  assert.match(answered, /"where": "test"/)
})

test('message reply takes JSON, fields and a button', async () => {
  await using server = await startScriptedServer([json(200, ANSWERED)])
  await using box = await createSandbox(server.url)
  const reply = ['message', 'reply', 'm1']
  const ran = await box.run([...reply, '{"a": 1}', '-f', 'where=test', '-f', 'n=[2]', '-b', 'go'])
  assert.deepEqual([ran.exitCode, ran.out], [0, 'answered Deploy? (m1)'])
  await box.run(reply)
  assert.deepEqual(
    server.seen.map((request) => [request.url, request.body]),
    [
      ['/api/latest/message/m1/reply', { response: { a: 1, where: 'test', n: [2], go: true } }],
      ['/api/latest/message/m1/reply', { response: {} }],
    ],
  )
  assert.equal((await box.run([...reply, '[]', '-b', 'go'])).exitCode, 2)
  assert.equal((await box.run([...reply, '-f', 'nothing'])).exitCode, 2)
})

test('a second answer ends with exit code 4 and says who was first', async () => {
  const detail =
    'anna has answered this message at 2026-01-01T00:00:30.000Z; the first answer counts.'
  await using server = await startScriptedServer([problem(409, { detail })])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['message', 'reply', 'm1'])
  assert.equal(ran.exitCode, 4)
  assert.match(ran.err, /anna has answered/)
})

test('message link prints the link alone on standard output', async () => {
  const link = { url: 'http://x/answer#t', token: 't', expires_at: '2026-01-01T12:00:00Z' }
  await using server = await startScriptedServer([json(201, link)])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['message', 'link', 'm1', 'ben@example.com', '--expires', '12h'])
  assert.equal(ran.out, 'http://x/answer#t')
  assert.match(ran.err, /until 2026-01-01 12:00:00Z/)
  assert.deepEqual(server.seen[0]?.body, { recipient: 'ben@example.com', expires_after: 43_200 })
})
