import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const stopAt = (line: number, seq: number) => ({
  seq,
  reason: 'breakpoint',
  line,
  hit: 1,
  inside: null,
  stack: [
    { name: 'add', line, async: false },
    { name: 'handler', line: 9, async: true },
  ],
  variables: [{ name: 'sum', scope: 'local', type: 'number', value: line * 10 }],
})

/** A server with one execution that stops at these lines in turn and then ends. */
async function debugged(lines: readonly number[]) {
  let at = 0
  const server = await startScriptedServer([
    ({ method, url, body }, response) => {
      const answer = (status: number, document: unknown) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify(document))
      const line = lines[at]
      const status = line === undefined ? 'ENDED_SUCCESS' : 'PAUSED'
      const record = { id: 'e1', status, script: 'one\ntwo\nthree\nfour\nfive\nsix' }
      const stop = line === undefined ? null : stopAt(line, at + 1)
      if (method === 'GET' && url.startsWith('/api/latest/execution/e1/debug')) {
        const state = { execution_id: 'e1', status, is_stopped: stop !== null, stop }
        return void answer(200, { ...state, breakpoints: [2, 4] })
      }
      if (url.endsWith('/inspect'))
        return void answer(200, {
          ...stop,
          values: [{ expression: 'sum', type: 'number', value: 7 }],
        })
      if (url.endsWith('/debug') && typeof (body as { action?: string }).action === 'string') at++
      answer(200, record)
    },
  ])
  return server
}

test('debug shows where it stands, goes on and ends with the exit code of the end', async () => {
  await using server = await debugged([2, 4])
  await using box = await createSandbox(server.url)
  const where = await box.run(['debug', 'e1', 'where'])
  assert.equal(
    where.out,
    [
      'e1  stopped before line 2 (breakpoint)',
      '  1 | one',
      '> 2 | two',
      '  3 | three',
      '  4 | four',
      'in add, line 2',
      'awaited by handler, line 9',
    ].join('\n'),
  )
  const over = await box.run(['debug', 'e1', 'over'])
  assert.match(over.out, /stopped before line 4/)
  const posted = server.seen.find(({ method }) => method === 'POST')
  assert.deepEqual(posted?.body, { action: 'step_over', seq: 1 })
  const ended = await box.run(['debug', 'e1', 'continue'])
  assert.deepEqual([ended.out, ended.exitCode], ['e1  ENDED_SUCCESS', 0])
})

test('debug without a command takes commands line by line until the end', async () => {
  await using server = await debugged([2])
  await using box = await createSandbox(server.url)
  const stdin = 'vars\nprint sum\nb 4,7\n\njump\nc\nvars\n'
  const ran = await box.run(['debug', 'e1'], { stdin })
  assert.match(ran.out, /sum = 20\n7\nlines 2, 4\ne1 {2}ENDED_SUCCESS$/)
  assert.match(ran.err, /there is no command "jump"/)
  const set = server.seen.find(({ body }) => body !== null && 'breakpoints' in (body as object))
  assert.deepEqual(set?.body, { breakpoints: [4, 7] })
})

test('debug that is left says how to come back', async () => {
  await using server = await debugged([2])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['debug', 'e1'], { stdin: 'q\n' })
  assert.match(ran.err, /come back with `millrace debug e1`/)
})

test('a command for a stop, where there is none, is refused with the way out', async () => {
  await using server = await debugged([])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['debug', 'e1', 'vars'])
  assert.equal(ran.exitCode, 4)
  assert.match(ran.err, /not stopped at a line\n.*`break`/)
})

test('run starts in development mode when asked to, or when it is to stop', async () => {
  await using server = await debugged([2])
  await using box = await createSandbox(server.url)
  await box.run(['run', 'a', '--dev'])
  await box.run(['run', 'a', '--break'])
  await box.run(['run', 'a', '--breakpoints', '4,7'])
  assert.deepEqual(
    server.seen.map(({ body }) => body),
    [
      { flow_name: 'a', is_productive: false },
      { flow_name: 'a', is_productive: false, break: true },
      { flow_name: 'a', is_productive: false, breakpoints: [4, 7] },
    ],
  )
})
