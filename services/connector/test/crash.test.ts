import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { recoverLost } from '@millrace/store'
import { runSql } from '@millrace/testkit'
import { startBench, type TestBench, workspaceId } from './bench.ts'

let bench: TestBench

before(async () => {
  bench = await startBench()
})
after(() => bench[Symbol.asyncDispose]())

/** A connector in a process of its own. */
function spawnConnector(): ChildProcess {
  const { config } = bench
  return spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      MILLRACE_POSTGRES_URL: config.postgresUrl,
      MILLRACE_NATS_URL: config.natsUrl,
      MILLRACE_ALLOWED_RANGES: '127.0.0.0/8',
    },
  })
}

async function killAndRecover(child: ChildProcess, ids: string[]): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
  // What the scheduler does once the lease has run out.
  await runSql(
    bench.database.url,
    `UPDATE process_lease SET expires_at = clock() - interval '1 second'`,
  )
  const executions = await Promise.all(
    ids.map(async (id) => ({ workspaceId, executionId: id, epoch: (await bench.row(id)).epoch })),
  )
  const recovered = await recoverLost(bench.db, { executions, maxRecoveries: 5 })
  assert.equal(recovered.length, ids.length)
  for (const id of ids) await bench.dispatch(id)
}

test('kill -9 between send and answer: safe repeats, never ends in OUTCOME_UNKNOWN and is not sent again', async () => {
  const child = spawnConnector()
  const paths = ['/crash-get', '/crash-put', '/crash-keyed', '/crash-post'] as const
  const holds = paths.map((path) => bench.target.hold(path))
  const at = (path: string): string => bench.target.url + path
  const ids = await Promise.all([
    bench.connection({ url: at(paths[0]) }),
    bench.connection({ url: at(paths[1]), mode: { mode_name: 'put' } }),
    bench.connection({
      url: at(paths[2]),
      mode: { mode_name: 'post' },
      idempotency_key_header: 'Idempotency-Key',
    }),
    bench.connection({ url: at(paths[3]), mode: { mode_name: 'post' } }),
  ])
  await Promise.all(holds.map((hold) => hold.arrived))
  await killAndRecover(child, ids)
  for (const hold of holds) hold.release()

  await bench.start()
  const rows = await Promise.all(ids.map((id) => bench.until(id, 'ENDED_SUCCESS', 'ENDED_ERROR')))
  assert.deepEqual(
    rows.map((row) => row.status),
    ['ENDED_SUCCESS', 'ENDED_SUCCESS', 'ENDED_SUCCESS', 'ENDED_ERROR'],
  )
  const error = rows[3]?.output?.['error'] as Record<string, unknown>
  assert.deepEqual([error['code'], error['outcome']], ['OUTCOME_UNKNOWN', 'unknown'])
  assert.deepEqual(
    paths.map((path) => bench.target.count(path)),
    [2, 2, 2, 1],
  )
  const keyed = rows[2]?.output?.['result'] as { key: string }
  assert.equal(keyed.key, `${ids[2]}-1`)
  const attempts = await runSql<{ outcome: string }>(
    bench.database.url,
    'SELECT outcome FROM connection_attempt WHERE execution_id = $1',
    [ids[3]],
  )
  assert.deepEqual(attempts, [{ outcome: 'unknown' }])
})
