import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { executionService, pb } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'
import { bodyCheck } from '../http/validate.ts'
import { exportExecution, exportExecutions } from '../operations/export-executions.ts'
import { importExecutions } from '../operations/import-executions.ts'
import { updateExecution } from '../operations/patch-execution.ts'
import { getExecution } from '../operations/read-execution.ts'
import { purgeExecution, restoreExecution, trashExecution } from '../operations/trash-execution.ts'
import { executionNotFound } from '../problem.ts'
import { ExecutionPatch } from '../schemas/execution.ts'
import { callerOf } from './caller.ts'
import { toExecutionMessage } from './execution-message.ts'
import { maybeIdempotently } from './idempotent.ts'

/** The record as a whole: changed, in the trash, out as YAML and in again. */
export function executionRecordRpc(
  context: Context,
): Pick<
  GrpcImplementation<typeof executionService>,
  'update' | 'delete' | 'restore' | 'export' | 'import'
> {
  const read = async (caller: Caller, id: string): Promise<{ execution: pb.Execution }> => {
    const { json } = await getExecution(context, caller, { id, fields: null, waitSeconds: 0 })
    return { execution: toExecutionMessage(json) }
  }

  return {
    async update(request, call) {
      const caller = await callerOf(context, call)
      const [id, values] = [uuid(request.id), request.values ?? {}]
      checkPatch(values)
      await updateExecution(context, caller, { id, body: values })
      return read(caller, id)
    },
    async delete({ id, permanently }, call) {
      const caller = await callerOf(context, call)
      await (permanently ? purgeExecution : trashExecution)(context, caller, uuid(id))
      return {}
    },
    async restore(request, call) {
      const caller = await callerOf(context, call)
      const id = uuid(request.id)
      await restoreExecution(context, caller, id)
      return read(caller, id)
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
          : exportExecution(context, caller, { id: uuid(id), tree: tree ?? true })
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

function uuid(id: string): string {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) throw executionNotFound(id)
  return id.toLowerCase()
}
