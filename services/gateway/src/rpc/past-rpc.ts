import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { executionService, pb } from '@millrace/wire'
import { Type } from 'typebox'
import { idOf } from '../http/execution-parts.ts'
import { bodyCheck } from '../http/validate.ts'
import type { Context } from '../context.ts'
import { rerunExecution } from '../operations/rerun-execution.ts'
import { getReverts, revertToSavepoint } from '../operations/revert-execution.ts'
import { parseSavepoint } from '../operations/savepoint-ref.ts'
import { getSavepoint, getSavepoints } from '../operations/savepoint-views.ts'
import { Name, strict } from '../schemas/parts.ts'
import { Generation, RerunBody } from '../schemas/past.ts'
import { callerOf } from './caller.ts'
import { changeExecution } from './change-execution.ts'
import { withoutUndefined } from './create-request.ts'
import { toDate, toExecutionMessage } from './execution-message.ts'
import { historyPage } from './history-page.ts'
import { maybeIdempotently } from './idempotent.ts'
import { type LogItem, toLogEntry } from './log-entry.ts'
import { waitSecondsOf } from './wait-seconds.ts'

type ExecutionRpc = GrpcImplementation<typeof executionService>
type PastRpc = Pick<ExecutionRpc, 'savepoints' | 'savepoint' | 'revert' | 'reverts' | 'rerun'>

/** What executions have done, over gRPC: the same operations as over HTTP. */
export function pastRpc(context: Context): PastRpc {
  return {
    async savepoints({ id, generation, limit, cursor }, call) {
      const caller = await callerOf(context, call)
      checkGeneration({ generation })
      const request = { id: idOf({ id }), generation, ...historyPage({ limit, cursor }) }
      const page = await getSavepoints(context, caller, request)
      return {
        items: (page.items as SavepointJson[]).map(toSavepoint),
        nextCursor: page.next_cursor ?? undefined,
      }
    },
    async savepoint({ id, savepoint }, call) {
      const caller = await callerOf(context, call)
      checkSavepoint({ savepoint })
      const request = { id: idOf({ id }), savepoint: parseSavepoint(savepoint) }
      const found = (await getSavepoint(context, caller, request)) as StandJson
      return {
        savepoint: toSavepoint(found),
        inputValue: found.input_value,
        waits: found.waits.map((wait) => ({
          seq: wait.seq,
          command: wait.command,
          name: wait.name,
          lineno: wait.lineno ?? undefined,
          since: toDate(wait.since),
        })),
        locks: [...found.locks],
        logs: found.logs.map(toLogEntry),
        logsTruncated: found.logs_truncated,
      }
    },
    async revert({ id, savepoint, idempotencyKey: key }, call) {
      checkSavepoint({ savepoint })
      const to = parseSavepoint(savepoint)
      const asked = { id, key, method: 'execution.revert', body: to }
      return changeExecution(context, call, asked, (caller, known, isRepeat) =>
        revertToSavepoint(context, caller, { id: known, to, isRepeat }),
      )
    },
    async reverts({ id, limit, cursor }, call) {
      const caller = await callerOf(context, call)
      const request = { id: idOf({ id }), ...historyPage({ limit, cursor }) }
      const page = await getReverts(context, caller, request)
      return {
        items: (page.items as RevertJson[]).map((item) => ({
          generation: item.generation,
          savepointId: item.savepoint_id,
          name: item.name ?? undefined,
          createdBy: item.created_by ?? undefined,
          createdAt: toDate(item.created_at),
        })),
        nextCursor: page.next_cursor ?? undefined,
      }
    },
    async rerun(request, call) {
      const caller = await callerOf(context, call)
      const waitSeconds = waitSecondsOf(request.waitSeconds)
      const body = withoutUndefined({
        input_value: request.inputValue,
        from_savepoint: request.fromSavepoint,
        on_latest: request.onLatest,
        name: request.name,
        is_productive: request.isProductive,
        run: request.run,
      })
      check(body)
      const id = idOf(request)
      const { traceparent } = call
      const gone = (): AbortSignal => call.signal
      const leave = context.admission.enter({ bytes: 0, waits: waitSeconds > 0 })
      try {
        const json = await maybeIdempotently(
          context,
          caller,
          { key: request.idempotencyKey, method: 'rerun', request: { id, body } },
          async (ids) => {
            const asked = { id, body, waitSeconds, gone, fields: null, traceparent, ids }
            return (await rerunExecution(context, caller, asked)).json
          },
        )
        return { execution: toExecutionMessage(json) }
      } finally {
        leave()
      }
    },
  }
}

const check = bodyCheck(RerunBody)
const checkGeneration = bodyCheck(strict({ generation: Type.Optional(Generation) }))
/** A number and an id are names, too, as far as this goes. */
const checkSavepoint = bodyCheck(strict({ savepoint: Name }))

const toSavepoint = (item: SavepointJson): pb.Savepoint => ({
  id: item.id,
  generation: item.generation,
  seq: item.seq,
  name: item.name,
  command: item.command ?? undefined,
  lineno: item.lineno ?? undefined,
  createdAt: toDate(item.created_at),
  answeredAt: toDate(item.answered_at),
  state: item.state,
})

interface SavepointJson {
  readonly id: string
  readonly generation: number
  readonly seq: number
  readonly name: string
  readonly command: string | null
  readonly lineno: number | null
  readonly created_at: string
  readonly answered_at: string | null
  readonly state: string
}

interface StandJson extends SavepointJson {
  readonly input_value: unknown
  readonly waits: readonly {
    readonly seq: number
    readonly command: string
    readonly name: string
    readonly lineno: number | null
    readonly since: string | null
  }[]
  readonly locks: readonly string[]
  readonly logs: readonly LogItem[]
  readonly logs_truncated: boolean
}

interface RevertJson {
  readonly generation: number
  readonly savepoint_id: string
  readonly name: string | null
  readonly created_by: string | null
  readonly created_at: string
}
