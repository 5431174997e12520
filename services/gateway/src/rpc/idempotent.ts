import type { Caller, Context, IdSource } from '../context.ts'
import { freshIds } from '../operations/create-execution.ts'
import { idempotently } from '../operations/idempotent.ts'

/** Runs a call that may carry an idempotency key; its answer is JSON text. */
export async function maybeIdempotently(
  context: Context,
  caller: Caller,
  call: { key: string | undefined; method: string; request: unknown },
  run: (ids: IdSource, isRepeat: boolean) => Promise<string>,
): Promise<string> {
  const { key, method, request } = call
  if (key === undefined || key === '') return run(freshIds, false)
  const identity = JSON.stringify([method, request])
  const answer = await idempotently(context, caller, { key, identity }, async (ids, isRepeat) => ({
    status: 200,
    body: await run(ids, isRepeat),
  }))
  return answer.body ?? 'null'
}
