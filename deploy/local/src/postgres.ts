import { existsSync, readFileSync } from 'node:fs'
import {
  forgetStalePostmaster,
  initialisePostgres,
  runningPostmaster,
  serverCommand,
  tunedSettings,
  type ServerMemory,
} from '@millrace/local-postgres'
import { freePort, randomToken, sleep } from '@millrace/runtime'
import pg from 'pg'
import { createChild, type Child, type ChildEvents } from './child.ts'
import type { Home } from './home.ts'
import { endProcess } from './process-record.ts'
import { identityOf } from './process-identity.ts'
import { writeWhole } from './write-whole.ts'

export interface LocalPostgres {
  readonly url: string
  readonly child: Child
}

const USER = 'millrace'
const DATABASE = 'millrace'

/** Our own Postgres on MILLRACE_HOME/postgres, on a free port of 127.0.0.1. */
export async function createPostgres(
  home: Home,
  memory: ServerMemory,
  events: ChildEvents,
): Promise<LocalPostgres> {
  const folder = home.postgres
  const password = passwordOf(home)
  await initialisePostgres({ folder, user: USER, password })
  await endFormer(folder)
  const port = await freePort()
  const child = createChild({
    home,
    name: 'postgres',
    service: 'postgres',
    command: () => {
      forgetStalePostmaster(folder)
      return serverCommand({ folder, port, settings: tunedSettings(memory) })
    },
    stopSignal: 'SIGINT', // ends sessions at once and leaves a clean folder
    ...events,
  })
  return { url: `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`, child }
}

/** Resolves when the server answers and our database exists. Rejects with the signal's reason. */
export async function waitForPostgres(url: string, signal: AbortSignal): Promise<void> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  for (;;) {
    try {
      await createDatabase(maintenance.href)
      return
    } catch {
      await sleep(50, signal) // coming up, or recovering after a crash
    }
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [
      DATABASE,
    ])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  } finally {
    await client.end()
  }
}

/** Written before initdb reads it: a crash between the two leaves a password that still fits. */
function passwordOf(home: Home): string {
  if (existsSync(home.postgresPassword)) return readFileSync(home.postgresPassword, 'utf8').trim()
  const password = randomToken(24)
  writeWhole(home.postgresPassword, `${password}\n`, 0o600)
  return password
}

/** A server that a killed supervisor left behind: its port is unknown, and the folder is its. */
async function endFormer(folder: string): Promise<void> {
  const pid = runningPostmaster(folder)
  const former = pid === null ? null : identityOf(pid)
  if (former !== null) await endProcess(former, { signal: 'SIGINT', withinMs: 10_000 })
}
