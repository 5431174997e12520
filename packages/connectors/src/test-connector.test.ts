import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testConnector } from './test-connector.ts'
import { LOOPBACK } from './testing/attempts.ts'
import { serveHttp } from './testing/http-server.ts'

const { signal } = new AbortController()

test('a server that answers is reached, whatever it thinks of the path; one that refuses the log in is not', async () => {
  await using server = await serveHttp((request, response) => {
    response.writeHead(request.url === '/secret' ? 401 : 404).end()
  })
  const probe = (path: string) =>
    testConnector({
      connectorType: 'REST',
      value: { url: server.url + path, mode: { mode_name: 'post' } },
      policy: LOOPBACK,
      signal,
    })
  assert.deepEqual(await probe('/'), { ok: true })
  const refused = await probe('/secret')
  assert.equal(!refused.ok && refused.code, 'AUTHENTICATION_FAILED')
})

test('inputs that cannot be right are told without reaching anything', async () => {
  const probe = await testConnector({
    connectorType: 'SQLPG',
    value: { host: 'a' },
    policy: LOOPBACK,
    signal,
  })
  assert.equal(!probe.ok && probe.code, 'INPUT')
})
