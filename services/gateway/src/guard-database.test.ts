import assert from 'node:assert/strict'
import { test } from 'node:test'
import { soon } from '@millrace/runtime'
import { createDatabase, migrate, type Queryable } from '@millrace/store'
import { createTestDatabase, startPostgres } from '@millrace/testkit'
import { guardPostgres } from './guard-database.ts'

test('a process that stood still does not take Postgres for dead', async () => {
  await using server = await startPostgres()
  await using database = await createTestDatabase({ server: server.url, migrate })
  const db = createDatabase({ url: database.url, application: 'test', profile: 'api' })
  let probes = 0
  const probed: Queryable = {
    query: (statement, params) => {
      probes += 1
      // Everything stops with the probe on its way, for longer than it has time.
      if (probes === 1)
        soon(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500))
      return db.query(statement, params)
    },
  }
  const guard = guardPostgres(probed)
  try {
    await guard.guard(db).query({ name: '', text: 'SELECT pg_sleep(3.2)' })
    assert.ok(probes > 0 && guard.isUp())
  } finally {
    guard.stop()
    await db.close()
  }
})
