import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { events, json, problem, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../test/run-in-test.ts'

const ended = (status: string, more: object = {}) => ({
  id: 'e1',
  status,
  message: null,
  output_value: null,
  ...more,
})

for (const [status, code] of [
  ['ENDED_SUCCESS', 0],
  ['ENDED_ERROR', 1],
  ['ENDED_CANCELLED', 3],
] as const) {
  test(`run --wait exits with ${code} after ${status}`, async () => {
    await using server = await startScriptedServer([json(200, ended(status))])
    await using box = await createSandbox(server.url)
    assert.equal((await box.run(['run', 'a', '--wait'])).exitCode, code)
    assert.equal(server.seen[0]?.url, '/api/latest/execution')
  })
}

for (const argv of [
  ['run', 'a', '--wait'],
  ['execution', 'rerun', 'e0', '--wait'],
]) {
  test(`\`millrace ${argv.join(' ')}\` says what it has started, and then waits for its end`, async () => {
    await using server = await startScriptedServer([
      json(201, ended('WAITING_ENGINE')),
      json(200, ended('ENDED_SUCCESS', { output_value: 1 })),
    ])
    await using box = await createSandbox(server.url)
    const ran = await box.run(argv)
    assert.deepEqual(ran, { exitCode: 0, out: '1', err: 'started e1\nENDED_SUCCESS e1' })
    assert.deepEqual(
      server.seen.map(({ url }) => url.includes('wait=')),
      [false, true],
    )
  })
}

test('run prints the output alone on standard output and the end on standard error', async () => {
  await using server = await startScriptedServer([
    json(200, ended('ENDED_SUCCESS', { message: 'all done', output_value: { n: 1 } })),
  ])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['run', 'a', '--wait', '--input', '{"x": [1]}'])
  assert.deepEqual(JSON.parse(ran.out), { n: 1 })
  assert.equal(ran.err, 'ENDED_SUCCESS e1: all done')
  assert.deepEqual(server.seen[0]?.body, { flow_name: 'a', input_value: { x: [1] } })
})

test('run -o json prints the document of the API unchanged', async () => {
  const document = ended('ENDED_SUCCESS', { unknown_to_us: [1, { a: null }] })
  await using server = await startScriptedServer([json(200, document)])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['run', 'a', '--wait', '-o', 'json'])
  assert.deepEqual(JSON.parse(ran.out), document)
  assert.equal(ran.err, '')
})

test('run reads its input from a file or from standard input', async () => {
  await using server = await startScriptedServer([json(201, ended('WAITING_ENGINE'))])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'in.json'), '[1]')
  assert.equal((await box.run(['run', 'a', '-i', '@in.json'])).out, 'e1  WAITING_ENGINE')
  await box.run(['run', 'a', '-i', '-'], { stdin: '[2]' })
  assert.deepEqual(
    server.seen.map((request) => (request.body as { input_value: unknown }).input_value),
    [[1], [2]],
  )
})

test('run --wait --timeout that runs out says that the execution goes on and exits with 5', async () => {
  await using server = await startScriptedServer([json(202, ended('SCHEDULED'))])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['run', 'a', '--wait', '--timeout', '0.3s'])
  assert.equal(ran.exitCode, 5)
  assert.match(ran.err, /e1 goes on; see it with `millrace execution tail e1`/)
})

test('run --follow shows logs and statuses while it runs', async () => {
  await using server = await startScriptedServer([
    json(201, ended('WAITING_ENGINE')),
    events([
      'id: 1\nevent: status\ndata: {"status":"AT_ENGINE","at":"2026-01-01T00:00:01Z"}',
      'id: 2\nevent: log\ndata: {"seq":1,"at":"2026-01-01T00:00:02Z","values":["total",{"n":2}]}',
      'id: 3\nevent: ended\ndata: {"status":"ENDED_ERROR"}',
    ]),
    json(200, ended('ENDED_ERROR', { message: 'no' })),
  ])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['run', 'a', '--follow'])
  assert.equal(ran.exitCode, 1)
  assert.deepEqual(ran.err.split('\n'), [
    'started e1',
    '00:00:01  -- AT_ENGINE',
    '00:00:02  total {"n":2}',
    'ENDED_ERROR e1: no',
  ])
})

test('a flow that does not exist is exit code 4 with the words of the server', async () => {
  await using server = await startScriptedServer([
    problem(404, { title: 'Not found', detail: 'there is no flow "a"' }),
  ])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['run', 'a'])
  assert.equal(ran.exitCode, 4)
  assert.equal(ran.err, 'error: Not found: there is no flow "a"')
})

test('input that the server does not accept is exit code 2 and names the field', async () => {
  const errors = [{ pointer: '/input_value/customer', message: 'is required' }]
  await using server = await startScriptedServer([problem(422, { title: 'Invalid', errors })])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['run', 'a'])
  assert.equal(ran.exitCode, 2)
  assert.equal(ran.err, 'error: Invalid\n  /input_value/customer: is required')
})

test('with -o json an error of the API is its problem document', async () => {
  await using server = await startScriptedServer([problem(409, { detail: 'has ended' })])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['execution', 'cancel', 'e1', '-o', 'json'])
  assert.equal(ran.exitCode, 4)
  assert.equal((JSON.parse(ran.err) as { detail: string }).detail, 'has ended')
})

test('a server that is away is exit code 5', async () => {
  await using box = await createSandbox('http://127.0.0.1:9')
  const ran = await box.run(['execution', 'get', 'e1'])
  assert.equal(ran.exitCode, 5)
  assert.match(ran.err, /^error: no answer from http:\/\/127\.0\.0\.1:9 .*\n {2}is the server up\?/)
})

for (const argv of [
  ['nonsense'],
  ['run'],
  ['run', 'a', '--script', 'b'],
  ['run', 'a', '-i', '{'],
  ['run', 'a', '--timeout', 'soon'],
  ['execution', 'get'],
  ['flow', 'list', '-o', 'xml'],
  ['lock', 'release', 'a'],
]) {
  test(`\`millrace ${argv.join(' ')}\` is a usage error without a stack trace`, async () => {
    await using box = await createSandbox('http://127.0.0.1:9')
    const ran = await box.run(argv)
    assert.equal(ran.exitCode, 2)
    assert.match(ran.err, /^error: /)
    assert.doesNotMatch(ran.err, /\n\s+at /)
  })
}

test('--help is no error', async () => {
  await using box = await createSandbox()
  const ran = await box.run(['execution', '--help'])
  assert.equal(ran.exitCode, 0)
  assert.match(ran.out, /why \[options\] <id>/)
})

test('execution list turns its options into one filter', async () => {
  await using server = await startScriptedServer([json(200, { items: [], next_cursor: null })])
  await using box = await createSandbox(server.url)
  const ran = await box.run([
    'execution',
    'list',
    '--status',
    'lost,paused',
    '--parent',
    'p',
    '-n',
    '5',
  ])
  assert.equal(ran.out, 'no executions')
  const query = new URL(server.seen[0]?.url ?? '', server.url).searchParams
  assert.deepEqual(JSON.parse(query.get('filter') ?? ''), {
    and: [
      { field: 'status', op: 'in', value: ['LOST', 'PAUSED'] },
      { field: 'parent_execution_id', op: 'eq', value: 'p' },
    ],
  })
  assert.equal(query.get('limit'), '5')
})

test('what has ended is looked for in the last week, and that is said', async () => {
  await using server = await startScriptedServer([json(200, { items: [], next_cursor: null })])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['execution', 'list', '--status', 'ended_error'])
  assert.equal(ran.err, 'of the last 7 days; --since narrows it')
  const query = new URL(server.seen[0]?.url ?? '', server.url).searchParams
  assert.deepEqual(JSON.parse(query.get('filter') ?? ''), {
    and: [
      { field: 'status', op: 'in', value: ['ENDED_ERROR'] },
      { field: 'created_at', op: 'ge', value: '2025-12-25T00:02:00.000Z' },
    ],
  })
})

test('setting set creates what is not there', async () => {
  await using server = await startScriptedServer([
    problem(404),
    json(201, { id: 's', name: 'a', value: { b: 1 } }),
  ])
  await using box = await createSandbox(server.url)
  assert.equal((await box.run(['setting', 'set', 'a', '{"b":1}'])).out, 'a = {"b":1}')
  assert.deepEqual(server.seen[1]?.body, { name: 'a', value: { b: 1 } })
})

test('lock list shows holders and how many wait', async () => {
  const waiter = { execution_id: 'w', position: 1, since: '2026-01-01T00:00:30Z', until: null }
  await using server = await startScriptedServer([
    json(200, {
      items: [
        { id: 's1', name: 'deploy' },
        { id: 's2', name: 'free' },
      ],
      next_cursor: null,
    }),
    (request, response) =>
      (request.url.includes('s1')
        ? json(200, {
            holder: 'h',
            fencing_token: 4,
            held_since: '2026-01-01T00:00:00Z',
            waiters: [waiter],
          })
        : json(200, { holder: null, fencing_token: null, held_since: null, waiters: [] }))(
        request,
        response,
      ),
  ])
  await using box = await createSandbox(server.url)
  const { out } = await box.run(['lock', 'list'])
  assert.match(
    out,
    /^SETTING +HOLDER +SINCE +TOKEN +WAITING\ndeploy +h +2026-01-01 00:00:00Z +4 +1$/,
  )
})
