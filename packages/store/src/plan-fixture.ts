import assert from 'node:assert/strict'
import { createTestDatabase, startPostgres } from '@millrace/testkit'
import pg from 'pg'
import { createDatabase, HOT_SETTINGS } from './database.ts'
import { migrate } from './migrate.ts'
import { addPartition, PARTITIONED, readPartitions } from './partitions.ts'
import type { Statement } from './statement.ts'

/** A migrated, empty database that tells what a hot connection would do with a statement. */
export interface Plans extends AsyncDisposable {
  /**
   * Every scan of a table of ours enters an index by equality on its first columns, and one of these
   * is not `workspace_id`: such a scan reads what it was asked for, however the table grows. Tables in
   * `walks` are excepted. A plan that walks a workspace looks the same on an empty table, and made a
   * batch of 256 ten times slower on a full one.
   */
  assertFoundByKey(statement: Statement, walks?: readonly string[]): Promise<void>
  /** It enters this index by a condition and not from its beginning to its end. */
  assertEnters(statement: Statement, index: string): Promise<void>
}

const SCAN =
  /^ *(?:-> +)?(?:Parallel )?(Seq|Bitmap Heap|Index|Index Only) Scan(?: Backward)?(?: using (\w+))? on (\w+)/

/** A handful of rows each. */
const SMALL: ReadonlySet<string> = new Set(['shard_lease', 'process_lease'])

export async function createPlans(): Promise<Plans> {
  const server = await startPostgres()
  const database = await createTestDatabase({ server: server.url, migrate })
  await addSomePartitions(database.url)
  const client = new pg.Client({ connectionString: database.url, options: HOT_SETTINGS })
  await client.connect()
  const columnsOf = await readIndexes(client)

  async function explain(statement: Statement): Promise<readonly string[]> {
    const explained = `EXPLAIN (GENERIC_PLAN) ${statement.text}`
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(explained)
    return rows.map((row) => row['QUERY PLAN'])
  }

  return {
    async assertFoundByKey(statement, walks = []) {
      const plan = await explain(statement)
      const text = plan.join('\n')
      assert.doesNotMatch(text, /Hash Join|Merge Join|hashed SubPlan/i, text)
      for (const [at, line] of plan.entries()) {
        const [, how, using, table] = SCAN.exec(line) ?? []
        if (table === undefined || SMALL.has(table) || walks.includes(table)) continue
        const [name, condition] =
          how === 'Bitmap Heap' ? bitmapIndex(plan, at) : [using, plan[at + 1] ?? '']
        assert.match(condition, /Index Cond/, text)
        const asked = new Set([...condition.matchAll(/\(+"?(\w+)"? = /g)].map((match) => match[1]))
        const columns = columnsOf.get(name ?? '') ?? []
        const first = columns.findIndex((column) => !asked.has(column))
        const entered = columns.slice(0, first === -1 ? columns.length : first)
        const enough = condition.includes('ROW(') || entered.some((one) => one !== 'workspace_id')
        assert.ok(enough, `${table} is walked by ${name}:\n${text}`)
      }
    },
    async assertEnters(statement, index) {
      const text = (await explain(statement)).join('\n')
      assert.match(text, new RegExp(` using ${index} on .*\n +Index Cond: `), text)
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await database.drop()
      await server.stop()
    },
  }
}

/** Statements must find their way through any number of them. */
async function addSomePartitions(url: string): Promise<void> {
  const db = createDatabase({ url, application: 'plans', profile: 'hot', connections: 1 })
  const { at } = await readPartitions(db)
  for (const table of PARTITIONED)
    for (const days of [1, 2, 3])
      await addPartition(db, { of: table, from: at + days * DAY_MS, to: at + (days + 1) * DAY_MS })
  await db.close()
}

const DAY_MS = 86_400_000

/** The index and its condition, below the heap scan that fetches what the index has found. */
function bitmapIndex(plan: readonly string[], from: number): [string | undefined, string] {
  const at = plan.findIndex((line, place) => place > from && line.includes('Bitmap Index Scan'))
  return [/ on (\w+)/.exec(plan[at] ?? '')?.[1], plan[at + 1] ?? '']
}

async function readIndexes(client: pg.Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT i.indexrelid::regclass::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid
     WHERE i.indrelid::regclass::text NOT LIKE 'pg_%' GROUP BY 1`,
  )
  return new Map(rows.map(({ name, columns }) => [name, columns]))
}
