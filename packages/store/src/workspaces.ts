import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

export interface WorkspaceRow {
  readonly id: string
  readonly name: string
  /** ms since 1970 */
  readonly created_at: number
}

/** Throws `conflict` when the name is taken. */
export async function insertWorkspace(
  db: Queryable,
  workspace: { id: string; name: string },
): Promise<void> {
  await db.query(statements.insertWorkspace, [workspace.id, workspace.name])
}

export async function readWorkspace(db: Queryable, id: string): Promise<WorkspaceRow | null> {
  const rows = await db.query<WorkspaceRow>(statements.readWorkspace, [id])
  return rows[0] ?? null
}

/** By name, those after `afterName`. */
export function listWorkspaces(
  db: Queryable,
  page: { afterName: string | null; limit: number },
): Promise<WorkspaceRow[]> {
  return db.query(statements.listWorkspaces, [page.afterName, page.limit])
}

/** Inside a transaction: whether this installation is still empty, with everybody else kept out. */
export async function isFirstStart(tx: Queryable): Promise<boolean> {
  await tx.query(statements.lockBootstrap)
  const rows = await tx.query<{ any: boolean }>(statements.anyWorkspace)
  return rows[0]?.any === false
}

/** The organization of everything in this installation. */
export async function readOrganizationId(db: Queryable): Promise<string> {
  const rows = await db.query<{ organization_id: string }>(statements.readInstallation)
  return rows[0]?.organization_id ?? ''
}

const statements = loadStatements('workspaces', [
  'insertWorkspace',
  'readWorkspace',
  'listWorkspaces',
  'lockBootstrap',
  'anyWorkspace',
  'readInstallation',
])
