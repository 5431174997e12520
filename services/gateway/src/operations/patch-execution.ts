import { patchExecution } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import type { ExecutionPatchBody } from '../schemas/execution.ts'
import { extraText, trimmedName } from './create-execution.ts'
import { time } from './page-request.ts'

/** Changes what describes an execution. It does not move, so its version stays. */
export async function updateExecution(
  context: Context,
  caller: Caller,
  request: { id: string; body: ExecutionPatchBody },
): Promise<void> {
  const { name: given, ...rest } = request.body
  const name = trimmedName(given, '/name')
  const { tags, is_hidden: isHidden } = rest
  const changed = await patchExecution(
    context.api,
    { workspaceId: caller.workspaceId, id: request.id },
    {
      ...(name !== undefined && { name }),
      // Also for the name alone: who has changed it, and when.
      ...(Object.keys(request.body).length > 0 && {
        extra: (before: string | null, at: number) => {
          const present = before === null ? {} : (JSON.parse(before) as object)
          return extraText({ ...present, ...rest, ...modified(at) }, '')
        },
      }),
      ...(tags !== undefined && { tags: tags ?? [] }),
      ...(isHidden !== undefined && { isHidden }),
    },
  )
  if (!changed) throw executionNotFound(request.id)

  function modified(at: number): object {
    return { modified_by: caller.userId, modified_at: time(at) }
  }
}
