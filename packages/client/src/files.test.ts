import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Reply, startScriptedServer } from '../test/scripted-server.ts'
import { ServerAwayError } from './away-error.ts'
import { createClient, type Client } from './create-client.ts'

/** Half of what it has announced. */
const breaksOff =
  (status: number): Reply =>
  (_, response) => {
    response.writeHead(status, { 'content-length': '8' })
    response.write('half', () => setImmediate(() => response.destroy()))
  }

test('a content that comes whole is read piece by piece', async () => {
  const whole: Reply = (_, response) => void response.end('grüße')
  await using server = await startScriptedServer([whole])
  const { files } = createClient({ url: server.url, apiKey: null })
  assert.equal(await new Response(await files.read('f')).text(), 'grüße')
})

test('a content that breaks off is a server that is away, after what has come', async () => {
  await using server = await startScriptedServer([breaksOff(200)])
  const { files } = createClient({ url: server.url, apiKey: null })
  const content = await files.read('f')
  const seen: Uint8Array[] = []
  await assert.rejects(async () => {
    for await (const piece of content) seen.push(piece)
  }, ServerAwayError)
  assert.equal(Buffer.concat(seen).toString(), 'half')
})

const ASKED: Record<string, (client: Client) => Promise<unknown>> = {
  'a text': ({ files }) => files.readText('f'),
  'what was written': ({ files }) => files.write('f', 'x'),
  'an export': ({ executions }) => Array.fromAsync(executions.export('e')),
}
for (const [what, ask] of Object.entries(ASKED)) {
  test(`an answer about ${what} that breaks off is a server that is away`, async () => {
    for (const status of [200, 500]) {
      await using server = await startScriptedServer([breaksOff(status)])
      await assert.rejects(ask(createClient({ url: server.url, apiKey: null })), ServerAwayError)
    }
  })
}
