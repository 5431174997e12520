import { newId } from '@millrace/runtime'
import {
  createTestDatabase,
  openSql,
  seedRows,
  startPostgres,
  type SeedRow,
  type TestDatabase,
  type TestPostgres,
} from '@millrace/testkit'
import { createDatabase, type Database } from '../src/database.ts'
import { migrate } from '../src/migrate.ts'

/** A database for one test file, and rows in any state for it. Imported from tests only. */
export interface TestStore {
  readonly db: Database
  readonly url: string
  readonly workspaceId: string
  execution(row?: SeedRow): Promise<string>
  executions(rows: readonly SeedRow[]): Promise<string[]>
  wait(executionId: string, row?: SeedRow): Promise<void>
  /** Rows of one statement, on a connection that stays open. */
  sql<Row extends object>(text: string, params?: readonly unknown[]): Promise<Row[]>
  seed(table: string, rows: readonly SeedRow[]): Promise<void>
  close(): Promise<void>
}

export async function startTestStore(profile: 'hot' | 'api' = 'hot'): Promise<TestStore> {
  const server: TestPostgres = await startPostgres()
  const database: TestDatabase = await createTestDatabase({ server: server.url, migrate })
  const db = createDatabase({ url: database.url, application: 'test', profile })
  const session = await openSql(database.url)
  const workspaceId = newId()

  async function executions(rows: readonly SeedRow[]): Promise<string[]> {
    const full = rows.map((row) => {
      const id = newId()
      return {
        workspace_id: workspaceId,
        id,
        type: 'FLOW',
        status: 'WAITING_ENGINE',
        top_execution_id: id,
        ...row,
      }
    })
    await seedRows(session, 'execution', full)
    return full.map((row) => row.id)
  }

  return {
    db,
    url: database.url,
    workspaceId,
    executions,
    execution: async (row = {}) => (await executions([row]))[0] ?? '',
    wait: (executionId, row = {}) =>
      seedRows(session, 'wait', [
        {
          workspace_id: workspaceId,
          execution_id: executionId,
          generation: 1,
          seq: 1,
          kind: 'TIMER',
          ...row,
        },
      ]),
    seed: (table, rows) => seedRows(session, table, rows),
    sql: session.run,
    async close() {
      await session[Symbol.asyncDispose]()
      await db.close()
      await database.drop()
      await server.stop()
    },
  }
}

export { newCommit, newExecution } from './fixtures.ts'
