import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** A database of its own for one test file. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  /** Ends whatever is still connected. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  /** Of any database of the server, as superuser: `startPostgres().url`. */
  readonly server: string
  /** Brings an empty or older database up to date; the store's `migrate`. */
  readonly migrate: (url: string) => Promise<unknown>
}

/**
 * Creates a fresh, migrated database. Migrations run once per server, into a template that every
 * other database is copied from; test files of several processes share it.
 */
export async function createTestDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const { server, migrate } = options
  const name = `test_${randomBytes(8).toString('hex')}`
  await withClient(server, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK])
    if (!readyTemplates.has(server)) {
      await prepareTemplate(client, server, migrate)
      readyTemplates.add(server)
    }
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`)
  })
  const drop = (): Promise<void> =>
    withClient(server, async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    })
  return { url: urlOf(server, name), drop, [Symbol.asyncDispose]: drop }
}

const TEMPLATE = 'millrace_template'
// Any fixed number: processes that share a server prepare and copy the template one after another,
// since a database that somebody is connected to cannot be copied.
const ADVISORY_LOCK = 7_216_012
const readyTemplates = new Set<string>()

/** On a lent server the template may stem from an older checkout; then it is made anew. */
async function prepareTemplate(
  client: pg.Client,
  server: string,
  migrate: TestDatabaseOptions['migrate'],
): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE])
  if (rowCount === 1) {
    const current = await migrate(urlOf(server, TEMPLATE)).then(
      () => true,
      () => false,
    )
    if (current) return
    await client.query(`DROP DATABASE ${TEMPLATE} WITH (FORCE)`)
  }
  await client.query(`CREATE DATABASE ${TEMPLATE}`)
  await migrate(urlOf(server, TEMPLATE))
}

async function withClient(
  server: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: server, application_name: 'testkit' })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
