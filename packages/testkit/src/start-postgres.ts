import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envStr } from '@millrace/runtime'
import { loadEmbeddedPostgres } from './embedded-postgres.ts'
import { freePort } from './free-port.ts'

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
 * Containers are not used: the same binaries run on a laptop, in CI and in `make up`.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const lent = envStr('MILLRACE_TEST_POSTGRES_URL')
  return lent === undefined ? startOwn() : { url: lent, stop, [Symbol.asyncDispose]: stop }

  function stop(): Promise<void> {
    return Promise.resolve()
  }
}

async function startOwn(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-postgres-'))
  // Postgres refuses to run as root; its own user has to get through to the data.
  await chmod(folder, 0o755)
  const port = await freePort()
  const output: string[] = []
  const note = (line: unknown): void => {
    output.push(String(line))
    if (output.length > 200) output.shift()
  }
  const EmbeddedPostgres = await loadEmbeddedPostgres()
  const data = join(folder, 'data')
  const server = new EmbeddedPostgres({
    databaseDir: data,
    port,
    user: 'millrace',
    password: 'millrace',
    createPostgresUser: process.getuid?.() === 0,
    persistent: true,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: SETTINGS.flatMap((setting) => ['-c', setting]),
    onLog: note,
    onError: note,
  })
  // A test file that exits without stopping its server leaves none behind.
  const killOnExit = (): void => endPostmaster(data)
  const stop = async (): Promise<void> => {
    process.removeListener('exit', killOnExit)
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await server.initialise()
    process.once('exit', killOnExit)
    await server.start()
  } catch (error) {
    await stop()
    throw new Error(`Postgres did not start:\n${output.join('')}`, { cause: error })
  }
  return {
    url: `postgres://millrace:millrace@127.0.0.1:${port}/postgres`,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

// Nothing in a test outlives its server, so nothing has to reach the disk.
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'max_connections=200',
  'timezone=UTC',
]

/** The first line of this file is the process id of the server that has the data open. */
function endPostmaster(data: string): void {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10)
    process.kill(pid, 'SIGINT')
  } catch {
    // It has ended already.
  }
}
