import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import pg from 'pg'

it('runs a command beside both servers, passes its exit code on and leaves no server', async () => {
  const script = `console.log(JSON.stringify([process.env.MILLRACE_TEST_POSTGRES_URL,
    process.env.MILLRACE_TEST_NATS_URL])); process.exit(7)`
  const entry = new URL('./test-servers.ts', import.meta.url).pathname
  const env = { ...process.env, MILLRACE_TEST_POSTGRES_URL: '' }
  const child = spawn(process.execPath, [entry, process.execPath, '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const [postgres, nats] = JSON.parse(await text(child.stdout)) as [string, string]
  assert.equal(await exited, 7)
  assert.match(nats, /^nats:/)
  const client = new pg.Client({ connectionString: postgres })
  await assert.rejects(client.connect(), { code: 'ECONNREFUSED' })
})
