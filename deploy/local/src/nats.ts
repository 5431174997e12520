import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { ServiceError, freePort, sleep } from '@millrace/runtime'
import { createChild, type Child, type ChildEvents } from './child.ts'
import type { Home } from './home.ts'
import { writeWhole } from './write-whole.ts'

export interface LocalNats {
  readonly url: string
  readonly child: Child
}

/** Our own nats-server with JetStream in MILLRACE_HOME/nats, on a free port of 127.0.0.1. */
export async function createNats(home: Home, events: ChildEvents): Promise<LocalNats> {
  if (spawnSync('nats-server', ['--version']).status !== 0)
    throw new ServiceError(
      'unavailable',
      'nats-server is not on the PATH. Debian: apt-get install nats-server. macOS: brew install nats-server. ' +
        'Others: https://github.com/nats-io/nats-server/releases. Or name a server in MILLRACE_NATS_URL.',
    )
  const port = await freePort()
  const file = join(home.nats, 'nats.conf')
  const command = (): { command: string; args: string[] } => {
    // Written at every start: whoever empties the folder of a stopped server may do so.
    mkdirSync(home.nats, { recursive: true })
    writeWhole(file, configuration(home, port))
    return { command: 'nats-server', args: ['--config', file] }
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    child: createChild({ home, name: 'nats', service: 'nats', command, ...events }),
  }
}

/** Resolves when the server greets with JetStream up. Rejects with the signal's reason. */
export async function waitForNats(url: string, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(url)
  while (!(await greets(hostname, Number(port || 4_222)))) await sleep(50, signal)
}

/** Its first line, INFO, says what it can. */
function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 })
    const answer = (is: boolean): void => {
      socket.destroy()
      resolve(is)
    }
    socket.once('timeout', () => answer(false))
    socket.once('error', () => answer(false))
    socket.once('data', (chunk) => answer(chunk.toString().includes('"jetstream":true')))
  })
}

/** Nudges only: what it holds can be rebuilt from Postgres, so small limits lose nothing. */
const configuration = (home: Home, port: number): string => `# Written by make up at every start.
listen: "127.0.0.1:${port}"
server_name: "millrace-local"
max_payload: 4MB
jetstream {
  store_dir: ${JSON.stringify(join(home.nats, 'store'))}
  max_memory_store: 512MB
  max_file_store: 2GB
}
`
