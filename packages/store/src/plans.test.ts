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
 * The hot statements keep the plan they were measured with: each row of a batch is found by the
 * primary key. A plan that walks an index instead looks the same on an empty table and made a batch
 * of 256 ten times slower on a full one.
 */
const HOT = {
  executions: [
    'createExecutions',
    'claimExecutions',
    'commitActivations',
    'endActivations',
    'loadForActivation',
    'loadScripts',
    'readExecution',
    'readWaits',
    'markWatched',
    'applyIfVersion',
  ],
  answers: ['answerWaits'],
  payloads: ['putPayloads', 'readPayloads'],
} as const

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
  const statements = loadStatements(aggregate, names)
  for (const name of names) {
    test(`${aggregate}.${name} finds its rows by primary key`, async () => {
      const { text } = statements[name] ?? { text: '' }
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (GENERIC_PLAN) ${text}`,
      )
      const plan = rows.map((row) => row['QUERY PLAN'])
      const scans = plan.flatMap((line, at) =>
        / Scan .*\bon (execution|wait|wait_member|script|payload|setting|savepoint(_\w+)?|answer(_\w+)?)\b/.test(
          line,
        )
          ? [[line.trim(), plan[at + 1]?.trim()]]
          : [],
      )
      for (const [line, next] of scans) {
        assert.match(line ?? '', /Index (Only )?Scan using \w+_pkey/, plan.join('\n'))
        assert.match(next ?? '', /^Index Cond: .*workspace_id.*(AND|=)/, plan.join('\n'))
      }
      assert.doesNotMatch(plan.join('\n'), /Hash Join|Merge Join|Seq Scan/)
    })
  }
}
