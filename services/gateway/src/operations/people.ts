import { newId, ServiceError, sha256Hex, toServiceError } from '@millrace/runtime'
import {
  type ApiKeyRow,
  type Database,
  endSessionsOf,
  insertApiKey,
  insertAudit,
  insertUser,
  insertWorkspace,
  installStandardWrappers,
  listApiKeys,
  listUsers,
  listWorkspaces,
  projects,
  type Queryable,
  readApiKey,
  readUser,
  readWorkspace,
  setPassword,
  trashApiKey,
  trashUser,
  type UserRow,
  type WorkspaceRow,
} from '@millrace/store'
import { makeCredential } from '../auth/credentials.ts'
import { hashPassword } from '../auth/password.ts'
import type { Caller, Context } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import type { NewApiKeyBody, NewUserBody, NewWorkspaceBody } from '../schemas/record.ts'
import { time, timeOrNull } from './page-request.ts'
import { randomToken } from '@millrace/runtime'
import { standardWrappers } from '../standard-wrappers.ts'

/** The secrets of a workspace's first user; shown once. */
export interface FirstUser {
  readonly workspaceId: string
  readonly userId: string
  readonly userName: string
  readonly password: string
  readonly apiKey: string
}

/**
 * Founds a workspace with its project Default, the standard wrappers, its first user and that one's
 * API key, in one commit.
 */
export function foundWorkspace(
  db: Database,
  input: { name: string; userName: string; password: string | null; isAdmin: boolean },
  first: (tx: Queryable) => Promise<boolean> = () => Promise.resolve(true),
): Promise<FirstUser | null> {
  const password = input.password ?? randomToken(18)
  return db.transaction(async (tx) => {
    if (!(await first(tx))) return null
    const [workspaceId, userId] = [newId(), newId()]
    const { name, userName, isAdmin } = input
    await insertWorkspace(tx, { id: workspaceId, name })
    const passwordHash = await hashPassword(password)
    await insertUser(tx, { workspaceId, id: userId, name: userName, passwordHash, isAdmin })
    await projects.insert(tx, {
      workspaceId,
      id: newId(),
      by: userId,
      fields: { name: 'Default', description: null },
    })
    await installStandardWrappers(tx, workspaceId, standardWrappers())
    const { secret, hash, prefix } = makeCredential('apiKey')
    await insertApiKey(tx, {
      workspaceId,
      id: newId(),
      name: `${userName}'s first key`,
      userId,
      keyHash: hash,
      prefix,
      expiresAt: null,
    })
    return { workspaceId, userId, userName, password, apiKey: secret }
  })
}

export async function createWorkspace(
  { api }: Context,
  caller: Caller,
  body: NewWorkspaceBody,
): Promise<object> {
  demandAdmin(caller, 'create workspaces')
  const userName = body.user_name ?? `admin@${body.name}`
  const input = { name: body.name, userName, password: body.password ?? null, isAdmin: false }
  const first = await foundWorkspace(api, input).catch((error: unknown) => {
    throw taken(error, `A workspace ${body.name} or a user ${userName}`)
  })
  if (first === null) throw new ServiceError('internal', 'the workspace was not founded')
  const row = await readWorkspace(api, first.workspaceId)
  await audit(api, caller, 'workspace.create', `workspace ${first.workspaceId}`)
  return {
    ...(row === null ? { id: first.workspaceId } : workspaceJson(row)),
    user_name: first.userName,
    password: first.password,
    api_key: first.apiKey,
  }
}

/** Administrators see all, others their own. */
export async function getWorkspaces(
  { api }: Context,
  caller: Caller,
  page: { limit: number; cursor: string | null },
): Promise<object> {
  const rows = caller.isAdmin
    ? await listWorkspaces(api, { afterName: page.cursor, limit: page.limit + 1 })
    : [await readWorkspace(api, caller.workspaceId)].flatMap((row) => row ?? [])
  return pageOf(rows, page.limit, workspaceJson, (row) => row.name)
}

export async function getWorkspace({ api }: Context, caller: Caller, id: string): Promise<object> {
  const visible = caller.isAdmin || id === caller.workspaceId
  const row = visible ? await readWorkspace(api, id) : null
  if (row === null) throw new ServiceError('notFound', `There is no workspace ${id}.`)
  return workspaceJson(row)
}

export async function createUser(
  { api }: Context,
  caller: Caller,
  body: NewUserBody,
): Promise<object> {
  demandAdmin(caller, 'create users')
  const { workspaceId } = caller
  const id = newId()
  const passwordHash = await hashPassword(body.password)
  const isAdmin = body.is_admin ?? false
  await insertUser(api, { workspaceId, id, name: body.name, passwordHash, isAdmin }).catch(
    (error: unknown) => {
      throw taken(error, `A user ${body.name}`)
    },
  )
  await audit(api, caller, 'user.create', `user ${id}`)
  return getUser({ api }, caller, id)
}

export async function getUser(
  { api }: Pick<Context, 'api'>,
  caller: Caller,
  id: string,
): Promise<object> {
  const row = await readUser(api, { workspaceId: caller.workspaceId, id })
  if (row === null) throw notFound(`user ${id}`)
  return userJson(row)
}

export async function getUsers(
  { api }: Context,
  caller: Caller,
  page: { limit: number; cursor: string | null },
): Promise<object> {
  const { workspaceId } = caller
  const rows = await listUsers(api, { workspaceId, afterName: page.cursor, limit: page.limit + 1 })
  return pageOf(rows, page.limit, userJson, (row) => row.name)
}

/**
 * One's own, or as administrator anybody's of the workspace. Ends the user's sessions, which somebody
 * else may have; that of the caller's own credential goes on.
 */
export async function changePassword(
  { api, authenticator }: Context,
  caller: Caller,
  { id, password, credential }: { id: string; password: string; credential: string | null },
): Promise<object> {
  if (id !== caller.userId) demandAdmin(caller, "change others' passwords")
  const { workspaceId } = caller
  const passwordHash = await hashPassword(password)
  if (!(await setPassword(api, { workspaceId, id, passwordHash }))) throw notFound(`user ${id}`)
  const spared = credential === null ? null : sha256Hex(credential)
  await endSessionsOf(api, { workspaceId, userId: id, spared })
  authenticator.clear()
  await audit(api, caller, 'user.password', `user ${id}`)
  return getUser({ api }, caller, id)
}

export async function deleteUser(context: Context, caller: Caller, id: string): Promise<void> {
  demandAdmin(caller, 'delete users')
  if (id === caller.userId)
    throw new ServiceError('conflict', 'Nobody can delete themselves. Ask another administrator.')
  if (!(await trashUser(context.api, { workspaceId: caller.workspaceId, id })))
    throw notFound(`user ${id}`)
  context.authenticator.clear()
  await audit(context.api, caller, 'user.trash', `user ${id}`)
}

/** A key for the caller; `api_key` is shown this once. */
export async function createApiKey(
  { api }: Context,
  caller: Caller,
  body: NewApiKeyBody,
): Promise<object> {
  if (body.roles !== undefined && body.roles !== null)
    throw invalid([{ pointer: '/roles', message: 'are not available yet; leave them out' }])
  const { workspaceId, userId } = caller
  const { secret, hash, prefix } = makeCredential('apiKey')
  const id = newId()
  const expiresAt = typeof body.expires_at === 'string' ? Date.parse(body.expires_at) : null
  const key = { workspaceId, id, name: body.name, userId, keyHash: hash, prefix, expiresAt }
  await insertApiKey(api, key)
  await audit(api, caller, 'api_key.create', `api_key ${id}`)
  const row = await readApiKey(api, { workspaceId, id })
  return { ...(row === null ? { id } : apiKeyJson(row)), api_key: secret }
}

export async function getApiKeys(
  { api }: Context,
  caller: Caller,
  page: { limit: number; cursor: string | null },
): Promise<object> {
  const { workspaceId } = caller
  if (page.cursor !== null && !/^[\da-f-]{36}$/i.test(page.cursor))
    throw invalid([{ pointer: '/cursor', message: 'is damaged; begin without a cursor' }])
  const rows = await listApiKeys(api, { workspaceId, beforeId: page.cursor, limit: page.limit + 1 })
  return pageOf(rows, page.limit, apiKeyJson, (row) => row.id)
}

export async function getApiKey({ api }: Context, caller: Caller, id: string): Promise<object> {
  const row = await readApiKey(api, { workspaceId: caller.workspaceId, id })
  if (row === null) throw notFound(`api_key ${id}`)
  return apiKeyJson(row)
}

/** Other gateways honour a withdrawn key for up to 5 s more. */
export async function deleteApiKey(context: Context, caller: Caller, id: string): Promise<void> {
  if (!(await trashApiKey(context.api, { workspaceId: caller.workspaceId, id })))
    throw notFound(`api_key ${id}`)
  context.authenticator.clear()
  context.bus.nudgeRecords([{ workspaceId: caller.workspaceId, type: 'api_key', id }])
  await audit(context.api, caller, 'api_key.trash', `api_key ${id}`)
}

export function demandAdmin(caller: Caller, what: string): void {
  if (!caller.isAdmin)
    throw new ServiceError(
      'forbidden',
      `Only administrators may ${what}; ${caller.userName} is none. Ask one of them.`,
    )
}

function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => object,
  toCursor: (row: Row) => string,
): object {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: items.map(toItem), next_cursor: more ? toCursor(last) : null }
}

const audit = (db: Queryable, caller: Caller, action: string, subject: string): Promise<void> =>
  insertAudit(db, {
    workspaceId: caller.workspaceId,
    id: newId(),
    actorId: caller.userId,
    action,
    subject,
    details: null,
  })

function taken(error: unknown, what: string): ServiceError {
  const service = toServiceError(error)
  return service.code === 'conflict'
    ? new ServiceError('conflict', `${what} exists already. Choose another name.`)
    : service
}

const workspaceJson = (row: WorkspaceRow): object => ({
  id: row.id,
  record_type: 'WORKSPACE',
  name: row.name,
  created_at: time(row.created_at),
})

const userJson = (row: UserRow): object => ({
  id: row.id,
  record_type: 'USER',
  workspace_id: row.workspace_id,
  name: row.name,
  is_admin: row.is_admin,
  created_at: time(row.created_at),
  modified_at: time(row.modified_at),
})

const apiKeyJson = (row: ApiKeyRow): object => ({
  id: row.id,
  name: row.name,
  user_id: row.user_id,
  prefix: row.prefix,
  created_at: time(row.created_at),
  expires_at: timeOrNull(row.expires_at),
})
