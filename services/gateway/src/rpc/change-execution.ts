import type { CallContext } from '@millrace/runtime/grpc'
import type { pb } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'
import { idOf } from '../http/execution-parts.ts'
import { getExecution } from '../operations/read-execution.ts'
import { callerOf } from './caller.ts'
import { toExecutionMessage } from './execution-message.ts'
import { maybeIdempotently } from './idempotent.ts'

/**
 * A call that changes one execution, and its answer: the execution as it is then. With a key it is
 * done once; `change` is told of a repeat whose first try may have done it already.
 */
export async function changeExecution(
  context: Context,
  call: CallContext,
  request: {
    readonly id: string
    readonly key: string | undefined
    readonly method: string
    /** What else makes it another request. */
    readonly body?: unknown
  },
  change: (caller: Caller, id: string, isRepeat: boolean) => Promise<unknown>,
): Promise<{ execution: pb.Execution }> {
  const caller = await callerOf(context, call)
  const { key, method, body } = request
  const id = idOf(request)
  const json = await maybeIdempotently(
    context,
    caller,
    { key, method, request: { id, body } },
    async (_ids, isRepeat) => {
      await change(caller, id, isRepeat)
      return (await getExecution(context, caller, { id, fields: null, waitSeconds: 0 })).json
    },
  )
  return { execution: toExecutionMessage(json) }
}
