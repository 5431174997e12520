import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

/** Notes who did what to what. `details` is JSON text. */
export async function insertAudit(
  db: Queryable,
  entry: {
    workspaceId: string
    id: string
    actorId: string | null
    action: string
    subject: string
    details: string | null
  },
): Promise<void> {
  const { workspaceId, id, actorId, action, subject, details } = entry
  await db.query(statements.insertAudit, [workspaceId, id, actorId, action, subject, details])
}

const statements = loadStatements('audit', ['insertAudit'])
