import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { registerProcess } from './leases.ts'
import { checkRuntimes } from './limits.ts'
import { readExecution } from './read-execution.ts'
import { revertExecution } from './revert-execution.ts'
import { keepShards } from './shard-leases.ts'
import { startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId, sql } = store
after(() => store.close())

const LONG_AGO = '2020-01-01T00:00:00Z'

/** That so many statements wait for a row of another's. */
async function waiting(count: number): Promise<void> {
  const locked = {
    name: 'test.waiting',
    text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  }
  while ((await db.query(locked)).length !== count);
}

test('what is reverted while its maximum runtime is looked at has its time once more', async () => {
  const service = 'scheduler'
  const processId = newId()
  await registerProcess(db, { processId, service, address: null })
  const held = await keepShards(db, { service, processId, ttlMs: 60_000 })
  const executionId = await store.execution({
    started_at: LONG_AGO,
    extra: { max_runtime_seconds: 60 },
  })
  const other = await store.execution({ started_at: LONG_AGO })
  const rows = [executionId, other].map((id) => ({ workspace_id: workspaceId, execution_id: id }))
  await store.seed(
    'runtime_limit',
    rows.map((row) => ({ ...row, seconds: 60, check_at: LONG_AGO })),
  )
  const outcome = { kind: 'value', value: { v: 0 } }
  const entry = { seq: 1, kind: 'savepoint', label: 'here', line: 1, digest: 'd', outcome }
  await store.seed('savepoint', [
    { ...rows[0], generation: 1, first_seq: 1, last_seq: 1, entries: [entry] },
  ])

  // Stands in the way of the revert's last step, so that it has the row of its execution meanwhile.
  await sql('BEGIN')
  await sql('SELECT FROM runtime_limit WHERE execution_id = $1 FOR UPDATE', [executionId])
  const key = { workspaceId, executionId }
  const reverting = revertExecution(db, key, { to: { name: 'here' }, by: newId() })
  await waiting(1)
  const checking = checkRuntimes(db, { processId, held, limit: 10 })
  await waiting(2)
  await sql('COMMIT')

  assert.equal((await reverting).kind, 'reverted')
  assert.deepEqual(
    (await checking).map((one) => one.executionId),
    [other],
  )
  const row = await readExecution(db, key)
  assert.deepEqual([row?.status, row?.generation], ['WAITING_ENGINE', 2])
  assert.deepEqual(
    await sql('SELECT check_at > clock() AS later FROM runtime_limit WHERE execution_id = $1', [
      executionId,
    ]),
    [{ later: true }],
  )
})
