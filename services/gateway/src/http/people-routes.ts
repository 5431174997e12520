import { readWorkspace } from '@millrace/store'
import { Type } from 'typebox'
import { login, logout } from '../auth/login.ts'
import { time, timeOrNull } from '../operations/page-request.ts'
import {
  changePassword,
  createApiKey,
  createUser,
  createWorkspace,
  deleteApiKey,
  deleteUser,
  getApiKey,
  getApiKeys,
  getUser,
  getUsers,
  getWorkspace,
  getWorkspaces,
} from '../operations/people.ts'
import { notFound } from '../problem.ts'
import { Json, strict } from '../schemas/parts.ts'
import { Login, NewApiKey, NewUser, NewWorkspace, UserPatch } from '../schemas/record.ts'
import { credentialOf, sessionCookie } from './credentials.ts'
import { created, noContent, ok, type Route, route } from './route.ts'

const Key = strict({ id: Type.String() })
const Paging = strict({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  cursor: Type.Optional(Type.String({ maxLength: 512 })),
})

const authRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/auth/login',
    id: 'login',
    summary: 'A token and a session cookie for name and password',
    tag: 'auth',
    auth: 'none',
    idempotent: false,
    body: Login,
    answers: { 200: Type.Object({ token: Type.String(), expires_at: Type.String() }) },
    async handle(context, { body, http }) {
      const { user_name: userName, password } = body
      const { token, expiresAt } = await login(context, { userName, password, address: http.ip })
      const secure = http.protocol === 'https' || http.headers['x-forwarded-proto'] === 'https'
      const cookie = sessionCookie(token, 30 * 24 * 3_600, secure)
      return {
        status: 200,
        body: { token, expires_at: time(expiresAt) },
        headers: { 'set-cookie': cookie, 'cache-control': 'no-store' },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/auth/logout',
    id: 'logout',
    summary: 'End the session of the token or cookie',
    tag: 'auth',
    idempotent: false,
    body: strict({}),
    bodyOptional: true,
    answers: { 204: null },
    async handle(context, { http }) {
      const secret = credentialOf(http)
      if (secret !== null) await logout(context, secret)
      return { ...noContent, headers: { 'set-cookie': sessionCookie('', 0, false) } }
    },
  }),
  route({
    method: 'GET',
    path: '/auth/whoami',
    id: 'whoami',
    summary: 'Who the credentials stand for',
    tag: 'auth',
    answers: { 200: Json },
    async handle(context, { caller }) {
      const workspace = await readWorkspace(context.api, caller.workspaceId)
      return ok({
        user_id: caller.userId,
        user_name: caller.userName,
        is_admin: caller.isAdmin,
        workspace_id: caller.workspaceId,
        workspace_name: workspace?.name ?? null,
        expires_at: timeOrNull(caller.expiresAt),
      })
    },
  }),
]

const apiKeyRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/api_key',
    id: 'createApiKey',
    summary: 'A new key for oneself; it is shown this once',
    tag: 'api_key',
    // A kept answer would keep the key.
    idempotent: false,
    body: NewApiKey,
    answers: { 201: Json },
    handle: async (context, { caller, body }) => created(await createApiKey(context, caller, body)),
  }),
  route({
    method: 'GET',
    path: '/api_key',
    id: 'listApiKeys',
    summary: 'The keys of the workspace, newest first',
    tag: 'api_key',
    query: Paging,
    answers: { 200: Json },
    handle: async (context, { caller, query }) =>
      ok(await getApiKeys(context, caller, pageOf(query))),
  }),
  route({
    method: 'GET',
    path: '/api_key/{id}',
    id: 'getApiKey',
    summary: 'One key, without its secret',
    tag: 'api_key',
    params: Key,
    answers: { 200: Json },
    handle: async (context, { caller, params }) =>
      ok(await getApiKey(context, caller, idOf('api_key', params))),
  }),
  route({
    method: 'DELETE',
    path: '/api_key/{id}',
    id: 'deleteApiKey',
    summary: 'Withdraw a key',
    tag: 'api_key',
    params: Key,
    answers: { 204: null },
    async handle(context, { caller, params }) {
      await deleteApiKey(context, caller, idOf('api_key', params))
      return noContent
    },
  }),
]

const userRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/user',
    id: 'createUser',
    summary: 'A new user of the workspace (administrators)',
    tag: 'user',
    body: NewUser,
    answers: { 201: Json },
    handle: async (context, { caller, body }) => created(await createUser(context, caller, body)),
  }),
  route({
    method: 'GET',
    path: '/user',
    id: 'listUsers',
    summary: 'The users of the workspace, by name',
    tag: 'user',
    query: Paging,
    answers: { 200: Json },
    handle: async (context, { caller, query }) =>
      ok(await getUsers(context, caller, pageOf(query))),
  }),
  route({
    method: 'GET',
    path: '/user/{id}',
    id: 'getUser',
    summary: 'One user',
    tag: 'user',
    params: Key,
    answers: { 200: Json },
    handle: async (context, { caller, params }) =>
      ok(await getUser(context, caller, idOf('user', params))),
  }),
  route({
    method: 'PATCH',
    path: '/user/{id}',
    id: 'changePassword',
    summary: "Change a password: one's own, or as administrator anybody's",
    tag: 'user',
    params: Key,
    body: UserPatch,
    answers: { 200: Json },
    async handle(context, { caller, params, body, http }) {
      const { password } = body
      const request = { id: idOf('user', params), password, credential: credentialOf(http) }
      return ok(await changePassword(context, caller, request))
    },
  }),
  route({
    method: 'DELETE',
    path: '/user/{id}',
    id: 'deleteUser',
    summary: 'Trash a user, with sessions and keys (administrators)',
    tag: 'user',
    params: Key,
    answers: { 204: null },
    async handle(context, { caller, params }) {
      await deleteUser(context, caller, idOf('user', params))
      return noContent
    },
  }),
]

const workspaceRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/workspace',
    id: 'createWorkspace',
    summary: 'A new workspace with its first user and API key, shown this once (administrators)',
    tag: 'workspace',
    idempotent: false,
    body: NewWorkspace,
    answers: { 201: Json },
    handle: async (context, { caller, body }) =>
      created(await createWorkspace(context, caller, body)),
  }),
  route({
    method: 'GET',
    path: '/workspace',
    id: 'listWorkspaces',
    summary: "One's own workspace; for administrators all",
    tag: 'workspace',
    query: Paging,
    answers: { 200: Json },
    handle: async (context, { caller, query }) =>
      ok(await getWorkspaces(context, caller, pageOf(query))),
  }),
  route({
    method: 'GET',
    path: '/workspace/{id}',
    id: 'getWorkspace',
    summary: 'One workspace',
    tag: 'workspace',
    params: Key,
    answers: { 200: Json },
    handle: async (context, { caller, params }) =>
      ok(await getWorkspace(context, caller, idOf('workspace', params))),
  }),
]

export const peopleRoutes: readonly Route[] = [
  ...authRoutes,
  ...apiKeyRoutes,
  ...userRoutes,
  ...workspaceRoutes,
]

const pageOf = (query: { limit?: number; cursor?: string }) => ({
  limit: query.limit ?? 50,
  cursor: query.cursor ?? null,
})

function idOf(type: string, { id }: { id: string }): string {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) throw notFound(`${type} ${id}`)
  return id.toLowerCase()
}
