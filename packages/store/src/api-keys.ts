import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

/** What may be shown of a key. Times: ms since 1970. */
export interface ApiKeyRow {
  readonly id: string
  readonly name: string
  readonly user_id: string
  readonly prefix: string
  readonly created_at: number
  readonly expires_at: number | null
}

/** Who a key or a session stands for. */
export interface CredentialRow {
  readonly workspace_id: string
  readonly user_id: string
  readonly user_name: string
  readonly is_admin: boolean
  readonly expires_at: number | null
  /** Judged by Postgres's clock. */
  readonly expired: boolean
}

/** `keyHash`: sha256 of the key in hex; the key itself is kept nowhere. */
export async function insertApiKey(
  db: Queryable,
  key: {
    workspaceId: string
    id: string
    name: string
    userId: string
    keyHash: string
    prefix: string
    expiresAt: number | null
  },
): Promise<void> {
  const { workspaceId, id, name, userId, keyHash, prefix, expiresAt } = key
  const params = [workspaceId, id, name, userId, keyHash, prefix, expiresAt]
  await db.query(statements.insertApiKey, params)
}

/** The credential behind a key, expired or not; null when nobody made it or it was withdrawn. */
export async function readApiKeyByHash(
  db: Queryable,
  keyHash: string,
): Promise<(CredentialRow & { id: string; name: string }) | null> {
  const rows = await db.query<CredentialRow & { id: string; name: string }>(
    statements.readApiKeyByHash,
    [keyHash],
  )
  return rows[0] ?? null
}

/** Newest first, those made before `beforeId`. */
export function listApiKeys(
  db: Queryable,
  page: { workspaceId: string; beforeId: string | null; limit: number },
): Promise<ApiKeyRow[]> {
  return db.query(statements.listApiKeys, [page.workspaceId, page.beforeId, page.limit])
}

export async function readApiKey(
  db: Queryable,
  key: { workspaceId: string; id: string },
): Promise<ApiKeyRow | null> {
  const rows = await db.query<ApiKeyRow>(statements.readApiKey, [key.workspaceId, key.id])
  return rows[0] ?? null
}

export async function trashApiKey(
  db: Queryable,
  key: { workspaceId: string; id: string },
): Promise<boolean> {
  return (await db.query(statements.trashApiKey, [key.workspaceId, key.id])).length > 0
}

const statements = loadStatements('api-keys', [
  'insertApiKey',
  'readApiKeyByHash',
  'listApiKeys',
  'readApiKey',
  'trashApiKey',
])
