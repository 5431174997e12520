import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { sql } from './reverts-sql.ts'

/** How an execution came to one of its generations. Times: ms since 1970. */
export interface RevertRow {
  readonly generation: number
  readonly from_generation: number
  readonly seq: number
  readonly name: string | null
  /** Null: its own code. */
  readonly created_by: string | null
  readonly created_at: number
}

/** The reverts of an execution after the generation `after`, oldest first. */
export function listReverts(
  db: Queryable,
  key: ExecutionKey,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<RevertRow[]> {
  return db.query<RevertRow>(sql.readReverts, [key.workspaceId, key.executionId, after, limit])
}
