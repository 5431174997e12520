import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'
import { sweepInSteps, type SweepOptions } from './sweep-in-steps.ts'

export interface IdempotencyKey {
  readonly workspaceId: string
  readonly key: string
}

/**
 * What a request with an Idempotency-Key finds.
 * `mine`: go on, and answer or drop the key afterwards; `takeover` when an earlier try died midway, so
 * that what is to be made may exist already under the id derived from `at` (ms since 1970).
 */
export type KeyClaim =
  | {
      readonly kind: 'mine'
      readonly at: number
      readonly takeover: boolean
      readonly lease: string
    }
  | { readonly kind: 'answered'; readonly status: number; readonly answer: string }
  | { readonly kind: 'underWay' }
  | { readonly kind: 'otherRequest' }

/** `requestHash`: sha256 (hex) of everything that makes the request what it is. */
export async function claimKey(
  db: Queryable,
  { workspaceId, key }: IdempotencyKey,
  requestHash: string,
): Promise<KeyClaim> {
  const params = [workspaceId, key, requestHash]
  const claimed = await db.query<{ created_at: number; takeover: boolean; lease: string }>(
    statements.claimKey,
    params,
  )
  const mine = claimed[0]
  if (mine !== undefined) {
    const { created_at: at, takeover, lease } = mine
    return { kind: 'mine', at, takeover, lease }
  }

  const rows = await db.query<FoundKey>(statements.readKey, params)
  const found = rows[0]
  // Dropped between the two statements: as if it were still there; the caller tries again.
  if (found === undefined) return { kind: 'underWay' }
  if (!found.same) return { kind: 'otherRequest' }
  if (found.status === null) return { kind: 'underWay' }
  return { kind: 'answered', status: found.status, answer: found.answer ?? 'null' }
}

/** What a claim of one's own is ended by. Of one that somebody has taken over, nothing is changed. */
export type OwnKey = IdempotencyKey & { readonly lease: string }

/** Keeps the answer (JSON text) for those who ask again. */
export async function answerKey(
  db: Queryable,
  { workspaceId, key, lease }: OwnKey,
  answer: { status: number; body: string },
): Promise<void> {
  await db.query(statements.answerKey, [workspaceId, key, lease, answer.status, answer.body])
}

/** The request failed and changed nothing: the key may be used again. */
export async function dropKey(db: Queryable, { workspaceId, key, lease }: OwnKey): Promise<void> {
  await db.query(statements.dropKey, [workspaceId, key, lease])
}

/**
 * The request failed and nobody knows what it has changed: the next one with this key takes over at
 * once instead of waiting for the lease to run out.
 */
export async function releaseKey(
  db: Queryable,
  { workspaceId, key, lease }: OwnKey,
): Promise<void> {
  await db.query(statements.releaseKey, [workspaceId, key, lease])
}

/** Forgets the keys that are older than a day. */
export const sweepKeys = (db: Queryable, options: SweepOptions = {}): Promise<void> =>
  sweepInSteps(db, statements.sweepKeys, options)

interface FoundKey {
  readonly same: boolean
  readonly status: number | null
  readonly answer: string | null
}

const statements = loadStatements('idempotency', [
  'claimKey',
  'readKey',
  'answerKey',
  'dropKey',
  'releaseKey',
  'sweepKeys',
])
