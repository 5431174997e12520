import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  forgetStalePostmaster,
  initialisePostgres,
  runningPostmaster,
  serverCommand,
  tunedSettings,
  type ServerMemory,
} from '@millrace/local-postgres'
import { freePort, monotonicMs, randomToken, ServiceError, sleep } from '@millrace/runtime'
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

/**
 * Our own Postgres on MILLRACE_HOME/postgres, on a free port of 127.0.0.1. Throws `conflict` when its
 * password is gone.
 */
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

interface Waiting {
  readonly signal: AbortSignal
  /** Told every `tellEveryMs`, 20 s by default, what the server has last said. */
  readonly tell: (why: string) => void
  readonly tellEveryMs?: number
}

/**
 * Resolves when the server answers and our database exists. Rejects with the signal's reason, or with
 * `conflict` when the server does not let us in: that passes with no time.
 */
export async function waitForPostgres(
  { home, url }: { readonly home: Home; readonly url: string },
  { signal, tell, tellEveryMs = 20_000 }: Waiting,
): Promise<void> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  let toldAtMs = monotonicMs()
  for (;;) {
    try {
      await createDatabase(maintenance.href)
      return
    } catch (error) {
      // Coming up, or recovering after a crash; or it could not make our database.
      const { code, message } = error as { code?: string; message: string }
      if (code?.startsWith('28') === true)
        // invalid authorization
        throw new ServiceError(
          'conflict',
          `the Postgres of ${home.postgres} refuses user ${USER} (${code}: ${message}); put the password that it was made with into ${home.postgresPassword}`,
          { cause: error },
        )
      if (monotonicMs() - toldAtMs >= tellEveryMs) {
        toldAtMs = monotonicMs()
        tell(message)
      }
      await sleep(50, signal)
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
  if (existsSync(join(home.postgres, 'PG_VERSION')))
    throw new ServiceError(
      'conflict',
      `${home.postgresPassword} is missing, and ${home.postgres} was made with the password in it; bring it back from where the folder came from, or name another home in MILLRACE_HOME`,
    )
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
