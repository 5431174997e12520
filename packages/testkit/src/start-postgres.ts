import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialisePostgres, serverCommand } from '@millrace/local-postgres'
import { envStr, freePort } from '@millrace/runtime'

/** A real Postgres for tests. */
export interface TestPostgres extends AsyncDisposable {
  /** Of the maintenance database, as superuser. */
  readonly url: string
  /** Ends it and deletes its data; a server that was lent by the environment stays. */
  stop(): Promise<void>
}

/**
 * The server that MILLRACE_TEST_POSTGRES_URL names (`make test` starts one for the whole run),
 * otherwise one of our own: PostgreSQL 18 from npm, empty, on a free port, in a temporary folder.
 * Containers are not used: the same binaries run on a laptop, in CI and in `make up`. `own`: never
 * the lent one, for a test that changes the settings of its server.
 */
export async function startPostgres({ own = false } = {}): Promise<TestPostgres> {
  const lent = own ? undefined : envStr('MILLRACE_TEST_POSTGRES_URL')
  return lent === undefined ? startOwn() : { url: lent, stop, [Symbol.asyncDispose]: stop }

  function stop(): Promise<void> {
    return Promise.resolve()
  }
}

async function startOwn(): Promise<TestPostgres> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-test-postgres-'))
  const folder = join(home, 'data')
  let server: ChildProcess | null = null
  // A test file that exits without stopping its server leaves none behind.
  const killOnExit = (): void => void server?.kill('SIGINT')
  const stop = async (): Promise<void> => {
    process.removeListener('exit', killOnExit)
    if (server !== null && server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
    }
    await rm(home, { recursive: true, force: true })
  }
  try {
    await initialisePostgres({ folder, user: USER, password: USER, flags: ['--no-sync'] })
    const port = await freePort()
    const { command, args, options } = serverCommand({ folder, port, settings: SETTINGS })
    server = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    process.once('exit', killOnExit)
    await untilReady(server)
    const url = `postgres://${USER}:${USER}@127.0.0.1:${port}/postgres`
    return { url, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Throws with what the server said when it ends instead. */
function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    server.stderr?.on('data', (chunk: Buffer) => {
      output = (output + String(chunk)).slice(-8_000)
      if (output.includes('ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('close', () => reject(new Error(`Postgres did not start:\n${output}`)))
  })
}

const USER = 'millrace'

// Nothing in a test outlives its server, so nothing has to reach the disk.
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'max_connections=200',
]
