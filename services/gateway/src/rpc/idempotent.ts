import type { Caller, Context, IdSource } from '../context.ts'
import { checkIdempotencyKey, idempotently } from '../operations/idempotent.ts'
import { freshIds } from '../operations/request-ids.ts'

/** Runs a call that may carry an idempotency key; its answer is JSON text. */
export async function maybeIdempotently(
  context: Context,
  caller: Caller,
  call: { key: string | undefined; method: string; request: unknown },
  run: (ids: IdSource, isRepeat: boolean) => Promise<string>,
): Promise<string> {
  const { key, method, request } = call
  if (key === undefined || key === '') return run(freshIds, false)
  checkIdempotencyKey(key, '/idempotency_key')
  const identity = JSON.stringify([method, request])
  const answer = await idempotently(context, caller, { key, identity }, async (ids, isRepeat) => ({
    status: 200,
    body: await run(ids, isRepeat),
  }))
  return answer.body ?? 'null'
}
