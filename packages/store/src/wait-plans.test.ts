import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  createTestDatabase,
  startPostgres,
  type TestDatabase,
  type TestPostgres,
} from '@millrace/testkit'
import pg from 'pg'
import { HOT_SETTINGS } from './database.ts'
import { migrate } from './migrate.ts'
import { loadStatements } from './statement.ts'

/**
 * What resolves waits runs all the time, on tables whose statistics are of a minute ago at best. Each
 * table is entered by at least two columns of one index, unless the statement is meant to walk it.
 */
const WALKS: Readonly<Record<string, readonly string[]>> = {
  'timers.takeDue': ['wait'],
  'timers.nextDue': ['wait'],
  'sweep.sweepExecutions': [],
  'sweep.sweepWaits': [],
  'sweep.heldByProcess': [],
  'locks.locksToServe': ['lock_request', 'lock_holder'],
  'deadlocks.lockSeeds': ['wait'],
  'deadlocks.dependencySeeds': ['wait'],
}
const HOT = {
  timers: ['takeDue', 'nextDue', 'countWaits'],
  dependencies: ['collectDependencies'],
  sweep: [
    'sweepExecutions',
    'sweepWaits',
    'deleteStaleWaits',
    'expiredProcesses',
    'heldByProcess',
    'recoverLost',
    'removeExpired',
  ],
  cascades: ['readChildren', 'cancelExecutions'],
  controls: ['readControls'],
  locks: [
    'ensureLocks',
    'lockLocks',
    'readHolders',
    'readRequests',
    'saveLocks',
    'locksHeldBy',
    'locksToServe',
    'readLock',
    'readLockHolders',
    'readLockWaiters',
    'listLocks',
    'auditLock',
    'countQueues',
  ],
  deadlocks: ['lockSeeds', 'dependencySeeds', 'blockedGraph', 'lockExecutions'],
} as const
/** For people, now and then. */
const FOR_PEOPLE = new Set(['timers.countWaits', 'locks.countQueues', 'locks.listLocks'])
/** A handful of rows each. */
const SMALL = /\bon (?:shard_lease|process_lease)\b/

let server: TestPostgres
let database: TestDatabase
let client: pg.Client

before(async () => {
  server = await startPostgres()
  database = await createTestDatabase({ server: server.url, migrate })
  client = new pg.Client({ connectionString: database.url, options: HOT_SETTINGS })
  await client.connect()
})
after(async () => {
  await client.end()
  await database.drop()
  await server.stop()
})

for (const [aggregate, names] of Object.entries(HOT)) {
  const statements: Readonly<Record<string, { readonly text: string }>> = loadStatements(
    aggregate,
    names as readonly string[],
  )
  for (const name of names) {
    const id = `${aggregate}.${name}`
    if (FOR_PEOPLE.has(id)) continue
    test(`${id} finds its rows by key`, async () => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (GENERIC_PLAN) ${statements[name]?.text ?? ''}`,
      )
      const plan = rows.map((row) => row['QUERY PLAN'])
      const text = plan.join('\n')
      assert.doesNotMatch(text, /Hash Join|Merge Join|Hashed SubPlan|hashed SubPlan/, text)
      for (const [at, line] of plan.entries()) {
        if (line.includes('Bitmap Index Scan')) continue // its heap scan has the condition
        const table = /(?:Scan|Index Only Scan)\b.*\bon (\w+)/.exec(line)?.[1]
        if (table === undefined || SMALL.test(line)) continue
        if (/CTE Scan|Function Scan|WorkTable Scan|Subquery Scan|Values Scan/.test(line)) continue
        if (WALKS[id]?.includes(table) === true) continue
        const condition = plan[at + 1] ?? ''
        assert.match(line, /Index/, text)
        const columns = condition.match(/\b\w+ [=>] |ROW\(/g) ?? []
        assert.match(condition, /Index Cond/, text)
        assert.ok(columns.length >= 2 || condition.includes('ROW('), text)
      }
    })
  }
}
