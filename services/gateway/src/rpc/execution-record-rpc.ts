import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { executionService } from '@millrace/wire'
import type { Context } from '../context.ts'
import { idOf } from '../http/execution-parts.ts'
import { bodyCheck } from '../http/validate.ts'
import { exportExecution, exportExecutions } from '../operations/export-executions.ts'
import { importExecutions } from '../operations/import-executions.ts'
import { updateExecution } from '../operations/patch-execution.ts'
import { purgeExecution, restoreExecution, trashExecution } from '../operations/trash-execution.ts'
import { ExecutionPatch } from '../schemas/execution.ts'
import { callerOf } from './caller.ts'
import { changeExecution } from './change-execution.ts'
import { maybeIdempotently } from './idempotent.ts'

/** The record as a whole: changed, in the trash, out as YAML and in again. */
export function executionRecordRpc(
  context: Context,
): Pick<
  GrpcImplementation<typeof executionService>,
  'update' | 'delete' | 'restore' | 'export' | 'import'
> {
  return {
    async update({ id, values: body = {} }, call) {
      checkPatch(body)
      const asked = { id, key: undefined, method: 'execution.update' }
      return changeExecution(context, call, asked, (caller, known) =>
        updateExecution(context, caller, { id: known, body }),
      )
    },
    async delete({ id, permanently }, call) {
      const caller = await callerOf(context, call)
      await (permanently ? purgeExecution : trashExecution)(context, caller, idOf({ id }))
      return {}
    },
    async restore({ id, idempotencyKey: key }, call) {
      const asked = { id, key, method: 'execution.restore' }
      return changeExecution(context, call, asked, (caller, known) =>
        restoreExecution(context, caller, known),
      )
    },
    async *export({ id, filter, order, tree }, call) {
      const caller = await callerOf(context, call)
      const documents =
        id === undefined
          ? exportExecutions(context, caller, {
              filter: filter === undefined ? undefined : JSON.stringify(filter),
              order,
              tree,
            })
          : exportExecution(context, caller, { id: idOf({ id }), tree: tree ?? true })
      for await (const yaml of documents) yield { yaml }
    },
    async import({ yaml: text, dryRun: isDry, idempotencyKey: key }, call) {
      const caller = await callerOf(context, call)
      const json = await maybeIdempotently(
        context,
        caller,
        { key, method: 'execution.import', request: [text, isDry] },
        async (ids) =>
          JSON.stringify(await importExecutions(context, caller, { text, ids, isDry })),
      )
      const ids = JSON.parse(json) as string[]
      return { ids: isDry ? [] : ids, count: ids.length }
    },
  }
}

const checkPatch = bodyCheck(ExecutionPatch)
