import { newId, ServiceError } from '@millrace/runtime'
import {
  countLoginFailure,
  endSession,
  forgetLoginFailures,
  insertAudit,
  insertSession,
  readLoginLock,
  readUserByName,
  setPassword,
  type UserWithPassword,
} from '@millrace/store'
import { sha256Hex } from '@millrace/runtime'
import type { Context } from '../context.ts'
import { kindOfCredential, makeCredential } from './credentials.ts'
import { checkNothing, checkPassword, hashPassword } from './password.ts'

const SESSION_SECONDS = 30 * 24 * 3_600

/**
 * Begins a session. Throws `unauthenticated` without saying whether name or password was wrong, and
 * `limited` after repeated failures of this account from this address.
 */
export function login(context: Context, input: LoginInput): Promise<LoggedIn> {
  const source = { account: input.userName.toLowerCase(), address: input.address }
  return context.logins.take(source, () => begin(context, input, source))
}

interface LoginInput {
  readonly userName: string
  readonly password: string
  readonly address: string
}

interface LoggedIn {
  readonly token: string
  readonly expiresAt: number
}

async function begin(
  { api: db }: Context,
  input: LoginInput,
  source: { account: string; address: string },
): Promise<LoggedIn> {
  const locked = await readLoginLock(db, source)
  if (locked > 0) throw tooManyFailures(locked)

  const user = await readUserByName(db, input.userName)
  if (user === null || !(await isRight(db, user, input.password))) {
    if (user === null) await checkNothing(input.password)
    await countLoginFailure(db, source)
    throw new ServiceError('unauthenticated', 'The user name or the password is wrong.')
  }
  await forgetLoginFailures(db, source)
  const { secret, hash } = makeCredential('session')
  const expiresAt = await insertSession(db, {
    workspaceId: user.workspace_id,
    userId: user.id,
    tokenHash: hash,
    lifetimeSeconds: SESSION_SECONDS,
  })
  await insertAudit(db, {
    workspaceId: user.workspace_id,
    id: newId(),
    actorId: user.id,
    action: 'login',
    subject: `user ${user.id}`,
    details: JSON.stringify({ address: input.address }),
  })
  return { token: secret, expiresAt }
}

/** Ends the session of this token; other credentials are not touched. */
export async function logout({ api, authenticator }: Context, secret: string): Promise<void> {
  if (kindOfCredential(secret) !== 'session') return
  await endSession(api, sha256Hex(secret))
  authenticator.forget(secret)
}

async function isRight(
  db: Context['api'],
  user: UserWithPassword,
  password: string,
): Promise<boolean> {
  const { matches, outdated } = await checkPassword(password, user.password_hash)
  if (matches && outdated) {
    const passwordHash = await hashPassword(password)
    await setPassword(db, { workspaceId: user.workspace_id, id: user.id, passwordHash })
  }
  return matches
}

const tooManyFailures = (seconds: number): ServiceError =>
  new ServiceError(
    'limited',
    `Too many failed logins. Logins of this account from this address are refused for ${seconds} s.`,
    { details: { retryAfterSeconds: seconds } },
  )
