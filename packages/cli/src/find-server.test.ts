import assert from 'node:assert/strict'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { json, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../test/run-in-test.ts'

const me = json(200, { user_name: 'admin', workspace_name: 'default' })
const credentials = (url: string) =>
  JSON.stringify({ user_name: 'admin', password: 'p', api_key: 'local', url, grpc_url: '' })

test('right after `make up` the local stack is found from its folder', async () => {
  await using server = await startScriptedServer([me])
  await using box = await createSandbox()
  await mkdir(join(box.dir, '.millrace'))
  await writeFile(join(box.dir, '.millrace', 'credentials.json'), credentials(server.url))
  const ran = await box.run(['whoami'])
  assert.match(
    ran.out,
    /^user +admin\nworkspace +default\nserver +http.*\nfrom +.*credentials\.json$/,
  )
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer local')
})

test('MILLRACE_HOME names the local stack to use', async () => {
  await using server = await startScriptedServer([me])
  await using box = await createSandbox()
  await writeFile(join(box.dir, 'credentials.json'), credentials(server.url))
  assert.equal((await box.run(['whoami'], { env: { MILLRACE_HOME: box.dir } })).exitCode, 0)
})

test('a profile is added, used, listed and removed, and its file is for its owner only', async () => {
  await using server = await startScriptedServer([me])
  await using box = await createSandbox()
  await box.run(['profile', 'add', 'one', '--url', server.url, '--api-key-stdin'], {
    stdin: 'key1\n',
  })
  await box.run(['profile', 'add', 'two', '--url', 'http://127.0.0.1:9', '--api-key-stdin'], {
    stdin: 'key2\n',
  })
  assert.equal((await box.run(['profile', 'use', 'one'])).exitCode, 0)
  assert.equal((await box.run(['whoami'])).exitCode, 0)
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer key1')
  const listed = await box.run(['profile', 'list'])
  assert.match(listed.out, /^ +NAME +URL\n\* +one +http.*\n +two +http:\/\/127\.0\.0\.1:9$/)
  assert.doesNotMatch(listed.out, /key1/)
  assert.equal((await stat(join(box.dir, 'config/millrace/profiles.json'))).mode & 0o777, 0o600)
  assert.equal((await box.run(['profile', 'remove', 'two'])).exitCode, 0)
  assert.equal((await box.run(['profile', 'use', 'two'])).exitCode, 4)
})

test('--profile wins over the environment, and the environment over the current profile', async () => {
  await using server = await startScriptedServer([me])
  await using box = await createSandbox()
  await box.run(['profile', 'add', 'one', '--url', server.url, '--api-key-stdin'], {
    stdin: 'key1',
  })
  const env = { MILLRACE_URL: server.url, MILLRACE_API_KEY: 'from-env' }
  await box.run(['whoami'], { env })
  await box.run(['whoami', '--profile', 'one'], { env })
  assert.deepEqual(
    server.seen.map((request) => request.headers.authorization),
    ['Bearer from-env', 'Bearer key1'],
  )
})

test('a stored key is never sent to another address', async () => {
  await using server = await startScriptedServer([me])
  await using box = await createSandbox()
  await box.run(['profile', 'add', 'one', '--url', 'http://127.0.0.1:9', '--api-key-stdin'], {
    stdin: 'key1',
  })
  await box.run(['whoami'], { env: { MILLRACE_URL: server.url } })
  assert.equal(server.seen[0]?.headers.authorization, undefined)
})

test('login keeps the token in the profile and never the password', async () => {
  await using server = await startScriptedServer([
    json(200, { token: 't0ken', expires_at: '2026-02-01T00:00:00Z' }),
    me,
  ])
  await using box = await createSandbox()
  const ran = await box.run(['login', '--url', server.url, '-u', 'admin', '--password-stdin'], {
    stdin: 'secret\n',
  })
  assert.equal(
    ran.err,
    `logged in to ${server.url} until 2026-02-01 00:00:00Z; profile default is in use`,
  )
  assert.deepEqual(server.seen[0]?.body, { user_name: 'admin', password: 'secret' })
  await box.run(['whoami'])
  assert.equal(server.seen[1]?.headers.authorization, 'Bearer t0ken')
})

test('without a server the way out is named', async () => {
  await using box = await createSandbox()
  const ran = await box.run(['whoami'])
  assert.equal(ran.exitCode, 5)
  assert.match(ran.err, /make up.*millrace login.*MILLRACE_URL/)
})
