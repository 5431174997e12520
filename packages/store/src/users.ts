import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

export interface UserRow {
  readonly workspace_id: string
  readonly id: string
  readonly name: string
  readonly is_admin: boolean
  /** ms since 1970 */
  readonly created_at: number
  readonly modified_at: number
}

/** With the secret that no caller ever sees. */
export type UserWithPassword = UserRow & { readonly password_hash: string }

/** Throws `conflict` when the name is taken, in whichever workspace. */
export async function insertUser(
  db: Queryable,
  user: { workspaceId: string; id: string; name: string; passwordHash: string; isAdmin: boolean },
): Promise<void> {
  const { workspaceId, id, name, passwordHash, isAdmin } = user
  await db.query(statements.insertUser, [workspaceId, id, name, passwordHash, isAdmin])
}

export async function readUserByName(
  db: Queryable,
  name: string,
): Promise<UserWithPassword | null> {
  const rows = await db.query<UserWithPassword>(statements.readUserByName, [name])
  return rows[0] ?? null
}

export async function readUser(
  db: Queryable,
  key: { workspaceId: string; id: string },
): Promise<UserWithPassword | null> {
  const rows = await db.query<UserWithPassword>(statements.readUser, [key.workspaceId, key.id])
  return rows[0] ?? null
}

export function listUsers(
  db: Queryable,
  page: { workspaceId: string; afterName: string | null; limit: number },
): Promise<UserRow[]> {
  return db.query(statements.listUsers, [page.workspaceId, page.afterName, page.limit])
}

export async function setPassword(
  db: Queryable,
  user: { workspaceId: string; id: string; passwordHash: string },
): Promise<boolean> {
  const params = [user.workspaceId, user.id, user.passwordHash]
  return (await db.query(statements.setPassword, params)).length > 0
}

/** Trashes the user, ends the sessions and withdraws the keys, all at once. */
export async function trashUser(
  db: Queryable,
  key: { workspaceId: string; id: string },
): Promise<boolean> {
  return (await db.query(statements.trashUser, [key.workspaceId, key.id])).length > 0
}

/** An account and where its logins come from. */
export interface LoginSource {
  readonly account: string
  readonly address: string
}

/** Seconds for which logins are still refused; 0 when they are not. */
export async function readLoginLock(db: Queryable, source: LoginSource): Promise<number> {
  const params = [source.account, source.address]
  const rows = await db.query<{ seconds: number }>(statements.readLock, params)
  return rows[0]?.seconds ?? 0
}

export async function countLoginFailure(db: Queryable, source: LoginSource): Promise<void> {
  await db.query(statements.countFailure, [source.account, source.address, FAILURES_MAX])
}

export async function forgetLoginFailures(db: Queryable, source: LoginSource): Promise<void> {
  await db.query(statements.forgetFailures, [source.account, source.address])
}

const FAILURES_MAX = 10

const statements = loadStatements('users', [
  'insertUser',
  'readUserByName',
  'readUser',
  'listUsers',
  'setPassword',
  'trashUser',
  'readLock',
  'countFailure',
  'forgetFailures',
])
