import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { json, problem, type Reply, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../test/run-in-test.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const LOST =
  /^error: standard output cannot be written \((ENOSPC|EFBIG)\); what it got is not whole\n$/

/** A line of 1 MiB: more than a pipe holds. */
const LONG_LINE = `name: ${'x'.repeat(1_048_576)}\n`
const document: Reply = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/yaml' }).end(LONG_LINE)
}

/** Runs the real command in a shell, so that its output goes wherever `sh` can send it. */
async function runInShell(
  script: string,
  replies: readonly Reply[] = [document],
): Promise<{ code: number; err: string; requests: string[] }> {
  await using server = await startScriptedServer(replies)
  await using box = await createSandbox()
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const child = spawn('sh', ['-c', script, process.execPath, MAIN, join(box.dir, 'out')], {
    env: { ...env, MILLRACE_URL: server.url, MILLRACE_API_KEY: 'k' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  const requests = server.seen.map(({ method, url }) => `${method} ${url}`)
  return { code: code as number, err, requests }
}
const EXPORT = '"$0" "$1" execution export e1'

test(
  'an export to a full device is exit code 1, and a sentence',
  {
    skip: existsSync('/dev/full') ? false : 'this system has no /dev/full',
  },
  async () => {
    const { code, err } = await runInShell(`exec ${EXPORT} > /dev/full`)
    assert.match(err, LOST)
    assert.equal(code, 1)
  },
)

test('an export that fits in part is exit code 1, and a sentence', async () => {
  // In blocks of 512 or 1,024 bytes: less than the line.
  const { code, err } = await runInShell(`ulimit -f 20; exec ${EXPORT} > "$2"`)
  assert.match(err, LOST)
  assert.equal(code, 1)
})

test('an export that fits is whole', async () => {
  const { code, err } = await runInShell(`${EXPORT} > "$2" && wc -c < "$2" >&2`)
  assert.equal(Number(err), LONG_LINE.length)
  assert.equal(code, 0)
})

test('a reader that has read enough is no error', async () => {
  const { code, err } = await runInShell(`{ ${EXPORT}; echo "code $?" >&2; } | head -c 1`)
  assert.equal(err, 'code 0\n')
  assert.equal(code, 0)
})

test('the text of a file is printed as it is, without a line end of its own', async () => {
  const content: Reply = (_, response) => response.writeHead(200).end('a\nb')
  const { err, code } = await runInShell('"$0" "$1" file get a.txt > "$2" && cat "$2" >&2', [
    content,
  ])
  assert.deepEqual({ err, code }, { err: 'a\nb', code: 0 })
})

const CANCEL = '"$0" "$1" execution cancel a b c d'
const cancelRequests = ['a', 'b', 'c', 'd'].map((id) => `POST /api/latest/execution/${id}/cancel`)

test('a reader that leaves early ends no command that does something', async () => {
  const cancelled = json(200, { id: 'x', status: 'CANCELLING' })
  const { err, requests } = await runInShell(`{ ${CANCEL}; echo "code $?" >&2; } | true`, [
    cancelled,
  ])
  assert.deepEqual(requests, cancelRequests)
  assert.equal(err, 'code 0\n')

  const refused = await runInShell(`{ ${CANCEL} 2>&1; echo "code $?" >&2; } | true`, [
    ...[cancelled, cancelled, cancelled],
    problem(409),
  ])
  assert.deepEqual(refused.requests, cancelRequests)
  assert.equal(refused.err, 'code 4\n')
})

test('a reader of the errors alone that leaves early does not change the exit code', async () => {
  const script = `{ { ${CANCEL} 2>&1 >&3; echo "code $?" >&3; } | true; } 3>&2`
  const { err } = await runInShell(script, [problem(409)])
  assert.equal(err, 'code 4\n')
})
