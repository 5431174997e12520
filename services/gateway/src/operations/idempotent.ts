import { after, ServiceError, sha256Hex, toServiceError } from '@millrace/runtime'
import { answerKey, claimKey, dropKey, type OwnKey, releaseKey } from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { invalid } from '../problem.ts'
import { derivedIds } from './request-ids.ts'

export interface Answer {
  readonly status: number
  /** JSON text; null for none. */
  readonly body: string | null
}

/** Throws `invalid` for a key that is not kept as it is. */
export function checkIdempotencyKey(key: string, pointer: string): void {
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalid([{ pointer, message: 'must have 1 to 255 printable characters of ASCII' }])
}

/**
 * Runs a request that carries an Idempotency-Key at most once in 24 hours: the same key and request
 * get the first answer, another request is a `conflict`, and so is one whose first is under way.
 * A crash between doing and answering is repeated with the same ids and so makes nothing twice; `run`
 * is told that it may have been done already.
 */
export async function idempotently(
  context: Pick<Context, 'api'>,
  caller: Pick<Caller, 'workspaceId'>,
  request: { key: string; identity: string },
  run: (ids: IdSource, isRepeat: boolean) => Promise<Answer>,
): Promise<Answer> {
  const place = { workspaceId: caller.workspaceId, key: request.key }
  const hash = sha256Hex(request.identity)
  const claim = await claimKey(context.api, place, hash)
  switch (claim.kind) {
    case 'answered':
      return { status: claim.status, body: claim.answer === 'null' ? null : claim.answer }
    case 'otherRequest':
      throw new ServiceError(
        'conflict',
        'This Idempotency-Key was used for another request within 24 hours. Use a new key.',
      )
    case 'underWay':
      throw new ServiceError(
        'conflict',
        'A request with this Idempotency-Key is under way. Try again for its answer.',
        // The first one is answered in milliseconds as a rule; only after a crash does its lease count.
        { details: { retryAfterSeconds: 1 } },
      )
    case 'mine':
  }
  const ids = derivedIds(claim.at, sha256Hex(`${caller.workspaceId}\0${request.key}\0${hash}`))
  const own = { ...place, lease: claim.lease }
  try {
    const answer = await run(ids, claim.takeover)
    await answerKey(context.api, own, { status: answer.status, body: answer.body ?? 'null' })
    return answer
  } catch (error) {
    // Refused: nothing was made, the key is free. Unknown: whoever tries again takes over.
    if (!toServiceError(error).retryable && toServiceError(error).code !== 'internal')
      await dropKey(context.api, own)
    else await releaseKey(context.api, own).catch(() => releaseLater(context, own))
    throw error
  }
}

/** For a Postgres that is away just now. A crash meanwhile leaves the key to its lease. */
function releaseLater({ api }: Pick<Context, 'api'>, own: OwnKey, triesLeft = RELEASE_TRIES): void {
  if (triesLeft === 0) return
  const again = (): void => releaseLater({ api }, own, triesLeft - 1)
  after(RELEASE_EVERY_MS, () => void releaseKey(api, own).catch(again)).unref()
}

/** As long as the lease holds. */
const RELEASE_TRIES = 20
const RELEASE_EVERY_MS = 1_000
