import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@millrace/runtime'
import { until } from '../stack/index.ts'
import { httpCaller, measure } from './load.ts'

/** Restate: its server on an empty folder, its flows in a process of their own, called over HTTP. */
const peer = (path: string): string => new URL(`peers/${path}`, import.meta.url).pathname
const home = mkdtempSync(join(tmpdir(), 'bench-restate-'))
const [ingress, admin, node, flows] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
]
const server = spawn(peer('node_modules/.bin/restate-server'), ['--base-dir', home], {
  env: {
    ...process.env,
    RESTATE_LOG_FILTER: 'error',
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
    DO_NOT_TRACK: '1',
  },
  stdio: 'ignore',
})
const service = spawn(process.execPath, [peer('restate-service.ts')], {
  env: { ...process.env, SERVICE_PORT: String(flows) },
  stdio: ['ignore', 'ignore', 'inherit'],
})

try {
  await until(registered, { what: 'Restate with the flows registered', timeoutMs: 60_000 })
  const { post, close } = httpCaller(`http://127.0.0.1:${ingress}`)
  // A workflow runs once per key.
  const rows = await measure('restate', {
    empty: (key) => post(`/Empty/${key}/run`, key),
    tenSteps: (key) => post(`/TenSteps/${key}/run`, {}),
    fanOut: (key) => post(`/FanOut/${key}/run`, { n: 1_000 }),
  })
  await close()
  console.log(JSON.stringify({ system: 'restate', rows }))
} finally {
  for (const child of [service, server]) {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  rmSync(home, { recursive: true, force: true })
}

async function registered(): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${flows}` }),
  })
  return answer.ok
}
