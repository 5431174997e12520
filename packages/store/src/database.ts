import pg from 'pg'
import { type ServiceError, toServiceError } from './sql-error.ts'
import type { Statement } from './statement.ts'

/**
 * A pool of connections to Postgres.
 *
 * Two profiles, because their needs contradict each other:
 * - `hot`: the guarded moves. Generic plans and nested loops over primary keys, so that a batch of
 *   one and of a thousand run the same plan; no statement timeout (the batch is bounded instead).
 * - `api`: what people ask. The planner's own choice, and a statement timeout.
 */
export interface Database {
  /** Runs one prepared statement and returns its rows. Throws ServiceError. */
  query<Row>(statement: Statement, params?: readonly unknown[]): Promise<Row[]>
  /** Runs `work` in one transaction. A throw rolls back. Never spans user code or a network call. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export type Queryable = Pick<Database, 'query'>

/** Runs `work` in the caller's transaction, or in one of its own. */
export function inTransaction<T>(
  db: Queryable | Database,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  return 'transaction' in db ? db.transaction(work) : work(db)
}

export interface DatabaseOptions {
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly application: string
  readonly profile: 'hot' | 'api'
  /** Connections at most; default 4. */
  readonly connections?: number
  /** `api` only; default 10,000 ms. */
  readonly statementTimeoutMs?: number
  readonly onError?: (error: ServiceError) => void
}

// Measured: hashing the whole table to join a batch of 64 took 46 % of a core (design, section 9).
export const HOT_SETTINGS =
  '-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan'

// Each connection is a process of Postgres with 2 MiB of plans and catalog; more than one load in a
// minute needs is given back. Opening one again takes some 10 ms.
const KEPT_CONNECTIONS = 2
const IDLE_CONNECTION_MS = 60_000

export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.application,
    max: options.connections ?? 4,
    min: KEPT_CONNECTIONS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: options.profile === 'hot' ? HOT_SETTINGS : '-c jit=off',
    ...(options.profile === 'api' && { statement_timeout: options.statementTimeoutMs ?? 10_000 }),
    idle_in_transaction_session_timeout: 30_000,
    types: { getTypeParser },
  })
  // A connection that dies idle is replaced at the next query; without a listener it would end the process.
  pool.on('error', (error) => options.onError?.(toServiceError(error, options.application)))

  return {
    query: (statement, params) => run(pool, statement, params),
    async transaction(work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw toServiceError(error, 'connect')
      })
      let broken = true
      // Between two statements nobody awaits the connection: an error that breaks it then is told to
      // its listeners alone, and without one it would end the process. The next statement fails.
      const ignore = (): void => undefined
      client.on('error', ignore)
      try {
        await client.query('BEGIN')
        const result = await work({ query: (statement, params) => run(client, statement, params) })
        await client.query('COMMIT')
        broken = false
        return result
      } catch (error) {
        const rolledBack = await client.query('ROLLBACK').then(
          () => true,
          () => false,
        )
        broken = !rolledBack
        throw toServiceError(error, 'transaction')
      } finally {
        client.off('error', ignore)
        client.release(broken)
      }
    },
    close: () => pool.end(),
  }
}

async function run<Row>(
  on: Pick<pg.Pool | pg.PoolClient, 'query'>,
  statement: Statement,
  params: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    const result = await on.query({
      name: statement.name,
      text: statement.text,
      values: [...params],
    })
    return result.rows as Row[]
  } catch (error) {
    throw toServiceError(error, statement.name)
  }
}

/** json stays text (its reader decides when to parse it), times become ms, bigint becomes a number. */
export function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  switch (oid) {
    case pg.types.builtins.JSON:
    case pg.types.builtins.JSONB:
      return (value) => value
    case pg.types.builtins.TIMESTAMPTZ:
      return (value) => parseTime(value)
    case pg.types.builtins.INT8:
      return (value) => Number(value)
    default:
      return pg.types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown
  }
}

const toDate = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (
  value: string,
) => Date | number

/** ms since 1970, with the microseconds that Postgres keeps cut off; ±Infinity stays. */
const parseTime = (value: string): number => Number(toDate(value))
