import { argon2, type Argon2Parameters, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { randomToken } from '@millrace/runtime'

const derive = promisify(
  (parameters: Argon2Parameters, done: (error: Error | null, key: Buffer) => void) =>
    argon2('argon2id', parameters, done),
)

// OWASP's least: 19 MiB, two passes, one lane; about 60 ms of a core, off the event loop.
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const

/** `argon2id$m,t,p$salt$key`, salt and key as base64url. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = makeSalt()
  const key = await derive({ ...COST, message: password, nonce, tagLength: 32 })
  const cost = [COST.memory, COST.passes, COST.parallelism].join(',')
  return `argon2id$${cost}$${nonce.toString('base64url')}$${key.toString('base64url')}`
}

/** Whether it is the password; `outdated` when its hash should be made anew at today's cost. */
export async function checkPassword(
  password: string,
  stored: string,
): Promise<{ matches: boolean; outdated: boolean }> {
  const [algorithm, cost = '', salt = '', expected = ''] = stored.split('$')
  const [memory = 0, passes = 0, parallelism = 0] = cost.split(',').map(Number)
  if (algorithm !== 'argon2id' || expected === '') return { matches: false, outdated: false }
  const key = Buffer.from(expected, 'base64url')
  const nonce = Buffer.from(salt, 'base64url')
  const parameters = { memory, passes, parallelism, message: password, nonce }
  const made = await derive({ ...parameters, tagLength: key.length })
  const outdated = memory < COST.memory || passes < COST.passes || parallelism !== COST.parallelism
  return { matches: timingSafeEqual(made, key), outdated }
}

/** Costs what a check costs, so that an unknown name takes as long as a wrong password. */
export async function checkNothing(password: string): Promise<void> {
  await derive({ ...COST, message: password, nonce: makeSalt(), tagLength: 32 })
}

const makeSalt = (): Buffer => Buffer.from(randomToken(16), 'base64url')
