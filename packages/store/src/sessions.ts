import type { CredentialRow } from './api-keys.ts'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

/** Begins a session and returns when it ends (ms since 1970). `tokenHash`: sha256 in hex. */
export async function insertSession(
  db: Queryable,
  session: { workspaceId: string; userId: string; tokenHash: string; lifetimeSeconds: number },
): Promise<number> {
  const { workspaceId, userId, tokenHash, lifetimeSeconds } = session
  const params = [workspaceId, tokenHash, userId, lifetimeSeconds]
  const rows = await db.query<{ expires_at: number }>(statements.insertSession, params)
  return rows[0]?.expires_at ?? 0
}

export async function readSessionByHash(
  db: Queryable,
  tokenHash: string,
): Promise<CredentialRow | null> {
  const rows = await db.query<CredentialRow>(statements.readSessionByHash, [tokenHash])
  return rows[0] ?? null
}

/** False when there was none: ending a session twice is harmless. */
export async function endSession(db: Queryable, tokenHash: string): Promise<boolean> {
  return (await db.query(statements.endSession, [tokenHash])).length > 0
}

/** Ends all of a user but the one with this token's hash; null spares none. */
export async function endSessionsOf(
  db: Queryable,
  { workspaceId, userId, spared }: { workspaceId: string; userId: string; spared: string | null },
): Promise<void> {
  await db.query(statements.endSessionsOf, [workspaceId, userId, spared])
}

/** Deletes what has been over for a month. */
export async function sweepSessions(db: Queryable): Promise<void> {
  await db.query(statements.sweepSessions)
}

const statements = loadStatements('sessions', [
  'insertSession',
  'readSessionByHash',
  'endSession',
  'endSessionsOf',
  'sweepSessions',
])
