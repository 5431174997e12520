import { ServiceError } from '@millrace/runtime'
import { readExecution, readWaits } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, invalid } from '../problem.ts'
import type { InspectBody } from '../schemas/execution.ts'

/**
 * The call stack and the variables of an execution as they were before it made a call, or at a stop, as
 * JSON text; live or ended, debugged or not. Throws `notFound`, `invalid` when there is nothing to look
 * at, `unavailable` without an engine.
 */
export async function inspectExecution(
  context: Context,
  caller: Caller,
  { id, body }: { id: string; body: InspectBody },
): Promise<string> {
  const key = { workspaceId: caller.workspaceId, executionId: id }
  if ((await readExecution(context.api, key)) === null) throw executionNotFound(id)
  const seq = body.seq ?? (await stopOf(context, key))
  if (seq === null)
    throw invalid([
      { pointer: '/seq', message: 'is needed, a call of its history: it is not stopped' },
    ])
  const { expressions = [] } = body
  const seen = await context.engines.inspect({ ...key, seq, expressions })
  if ('stop' in seen) return seen.stop
  const { failed: message } = seen
  const pointer = /expression/i.test(message) ? '/expressions' : '/seq'
  throw new ServiceError('invalid', `Execution ${id} cannot be looked into there: ${message}.`, {
    details: { errors: [{ pointer, message }] },
  })
}

async function stopOf(
  { api }: Context,
  key: { workspaceId: string; executionId: string },
): Promise<number | null> {
  const waits = await readWaits(api, key)
  return waits.find(({ kind }) => kind === 'BREAK')?.seq ?? null
}
