import { patchExecution } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import type { ExecutionPatchBody } from '../schemas/execution.ts'
import { extraText } from './create-execution.ts'

/** Changes what describes an execution. It does not move, so its version stays. */
export async function updateExecution(
  context: Context,
  caller: Caller,
  request: { id: string; body: ExecutionPatchBody },
): Promise<void> {
  const { name, ...rest } = request.body
  const changed = await patchExecution(
    context.api,
    { workspaceId: caller.workspaceId, id: request.id },
    {
      ...(name !== undefined && { name }),
      ...(Object.keys(rest).length > 0 && {
        extra: (before: string | null) => {
          const present = before === null ? {} : (JSON.parse(before) as object)
          return extraText({ ...present, ...rest, modified_by: caller.userId }, '')
        },
      }),
    },
  )
  if (!changed) throw executionNotFound(request.id)
}
