import type { CallContext, GrpcImplementation } from '@millrace/runtime/grpc'
import { encodeStatus, type executionService, type pb } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'
import { idOf } from '../http/execution-parts.ts'
import { bodyCheck } from '../http/validate.ts'
import { bulkExecutions } from '../operations/bulk-executions.ts'
import { createExecution, createExecutions } from '../operations/create-execution.ts'
import { runDoctor } from '../operations/doctor.ts'
import { getLog } from '../operations/execution-history.ts'
import { readExecutionTree } from '../operations/execution-tree.ts'
import { followExecution } from '../operations/follow-execution.ts'
import { type MoveAction, moveExecution } from '../operations/move-execution.ts'
import { getExecution, listExecutionsJson } from '../operations/read-execution.ts'
import type { SteerOutcome } from '../operations/steer-executions.ts'
import { explainExecution, type Why } from '../operations/why-execution.ts'
import { CancelBody, Depth, EventId, TreeBody } from '../schemas/execution.ts'
import { strict } from '../schemas/parts.ts'
import { toBulkBody } from './bulk-request.ts'
import { callerOf } from './caller.ts'
import { changeExecution } from './change-execution.ts'
import { toBatch, toNewExecution, withoutUndefined } from './create-request.ts'
import { debugMethods } from './debug-methods.ts'
import { executionRecordRpc } from './execution-record-rpc.ts'
import { toDate, toExecutionMessage } from './execution-message.ts'
import { historyPage } from './history-page.ts'
import { maybeIdempotently } from './idempotent.ts'
import { toListInput } from './list-request.ts'
import { type LogItem, toLogEntry } from './log-entry.ts'
import { pastRpc } from './past-rpc.ts'
import { waitSecondsOf } from './wait-seconds.ts'

/** Executions over gRPC: the same operations as over HTTP. */
export function executionRpc(context: Context): GrpcImplementation<typeof executionService> {
  const move =
    (action: MoveAction) =>
    async (
      { id, idempotencyKey: key, message, tree }: MoveRequest,
      call: CallContext,
    ): Promise<{ execution: pb.Execution }> => {
      const body = withoutUndefined({ message, tree })
      if (action === 'cancel') checkCancel(body)
      else checkTree(body)
      const how = { message: message ?? null, tree: tree === true }
      const asked = { id, key, method: `execution.${action}`, body }
      return changeExecution(context, call, asked, (caller, known, isRepeat) =>
        moveExecution(context, caller, { id: known, action, isRepeat, ...how }),
      )
    }

  const createOne = async (
    request: pb.ExecutionServiceCreateRequest,
    asked: {
      caller: Caller
      waitSeconds: number
      gone: () => AbortSignal
      traceparent: string | null
    },
  ): Promise<{ execution: pb.Execution }> => {
    const body = toNewExecution(request)
    const { caller, ...more } = asked
    const json = await maybeIdempotently(
      context,
      caller,
      { key: request.idempotencyKey, method: 'create', request: body },
      async (ids) =>
        (await createExecution(context, caller, { ...more, body, fields: null, ids })).json,
    )
    return { execution: toExecutionMessage(json) }
  }

  return {
    ...executionRecordRpc(context),
    async create(request, call) {
      const caller = await callerOf(context, call)
      const waitSeconds = waitSecondsOf(request.waitSeconds)
      // Its message was counted at the door.
      const leave = context.admission.enter({ bytes: 0, waits: waitSeconds > 0 })
      try {
        const { traceparent } = call
        const gone = (): AbortSignal => call.signal
        return await createOne(request, { caller, waitSeconds, gone, traceparent })
      } finally {
        leave()
      }
    },
    async createBatch(request, call) {
      const caller = await callerOf(context, call)
      context.admission.check(request.executions.length)
      const bodies = toBatch(request)
      const { traceparent } = call
      const key = request.idempotencyKey
      const json = await maybeIdempotently(
        context,
        caller,
        { key, method: 'createBatch', request: bodies },
        async (ids) =>
          JSON.stringify(await createExecutions(context, caller, { bodies, traceparent, ids })),
      )
      return { ids: JSON.parse(json) as string[] }
    },
    async get({ id, waitSeconds }, call) {
      const caller = await callerOf(context, call)
      const wait = { waitSeconds: waitSecondsOf(waitSeconds), gone: () => call.signal }
      const request = { id: idOf({ id }), fields: null, ...wait }
      return { execution: toExecutionMessage((await getExecution(context, caller, request)).json) }
    },
    async list(request, call) {
      const caller = await callerOf(context, call)
      // The message has fields of its own, so the record must have them too.
      const input = { ...toListInput(request), fields: undefined, trashed: request.trashed }
      const page = JSON.parse(await listExecutionsJson(context, caller, input)) as PageJson
      return {
        items: page.items.map((item) => toExecutionMessage(JSON.stringify(item))),
        nextCursor: page.next_cursor ?? undefined,
        total: page.total === undefined ? undefined : BigInt(page.total),
        asOf: page.as_of,
      }
    },
    cancel: move('cancel'),
    pause: move('pause'),
    resume: move('resume'),
    ...debugMethods(context),
    async why({ id, chain }, call) {
      const caller = await callerOf(context, call)
      const why = await explainExecution(context, caller, { id: idOf({ id }), chain })
      const links = [{ execution_id: id, why }, ...(why.chain ?? [])]
      return { explanations: links.map((link) => toExplanation(link.execution_id, link.why)) }
    },
    async tree({ id, depth }, call) {
      const caller = await callerOf(context, call)
      checkDepth({ depth })
      const { rows } = await readExecutionTree(context, caller, { id: idOf({ id }), depth })
      const { workspaceId } = caller
      return {
        nodes: rows.map((row) => ({
          depth: row.depth,
          execution: toExecutionMessage(
            JSON.stringify({ ...row, workspace_id: workspaceId, version: 0 }),
          ),
        })),
      }
    },
    async log({ id, limit, cursor }, call) {
      const caller = await callerOf(context, call)
      const request = { id: idOf({ id }), ...historyPage({ limit, cursor }) }
      const page = await getLog(context, caller, request)
      return {
        items: (page.items as LogItem[]).map(toLogEntry),
        nextCursor: page.next_cursor ?? undefined,
      }
    },
    ...pastRpc(context),
    async *stream({ id, lastEventId = null }, call) {
      const caller = await callerOf(context, call)
      checkEventId({ last_event_id: lastEventId ?? undefined })
      const { build } = context
      const request = { id: idOf({ id }), lastEventId, signal: call.signal, build }
      for await (const event of followExecution(context, caller, request)) {
        const at = event.data['at']
        yield {
          eventId: event.id,
          type: event.type,
          at: typeof at === 'string' ? new Date(at) : undefined,
          data: { ...event.data },
        }
      }
    },
    async bulk(request, call) {
      const caller = await callerOf(context, call)
      const body = toBulkBody(request)
      const json = await maybeIdempotently(
        context,
        caller,
        { key: request.idempotencyKey, method: 'bulk', request: body },
        async (ids) => JSON.stringify(await bulkExecutions(context, caller, body, ids)),
      )
      return {
        outcomes: (JSON.parse(json) as readonly SteerOutcome[]).map(({ id, status, detail }) => ({
          id,
          ok: status < 400,
          code: status < 400 ? undefined : String(status),
          message: detail ?? undefined,
        })),
      }
    },
    async doctor({ repair }, call) {
      const caller = await callerOf(context, call)
      const report = await runDoctor(context, caller, { repair })
      return {
        healthy: report.healthy,
        executions: BigInt(report.executions),
        waits: BigInt(report.waits),
        truncated: report.truncated,
        left: report.left ?? undefined,
        findings: report.findings.map((finding) => ({
          kind: finding.kind,
          executionId: finding.execution_id ?? undefined,
          sentence: finding.sentence,
          repair: finding.repair ?? undefined,
          repaired: finding.repaired,
        })),
      }
    },
  }
}

function toExplanation(executionId: string, why: Why): pb.Explanation {
  return {
    executionId,
    moving: why.moving,
    status: encodeStatus(why.status),
    reason: why.reason ?? '',
    since: toDate(why.since),
    until: toDate(why.until),
    waits: why.waits.map((wait) => ({
      kind: wait.kind,
      ref: wait.ref ?? '',
      holder: wait.holder ?? undefined,
      position: wait.position ?? undefined,
      reason: wait.reason,
      since: toDate(wait.since),
      until: toDate(wait.until),
      unblock: wait.unblock.map(({ action, href }) => ({ action, href })),
    })),
    unblock: why.unblock.map(({ action, href }) => ({ action, href })),
    endsAt: toDate(why.ends_at),
  }
}

const checkCancel = bodyCheck(CancelBody)
const checkTree = bodyCheck(TreeBody)
const checkDepth = bodyCheck(strict({ depth: Depth }))
const checkEventId = bodyCheck(strict({ last_event_id: EventId }))

interface MoveRequest {
  readonly id: string
  readonly idempotencyKey?: string | undefined
  readonly message?: string | undefined
  readonly tree?: boolean
}

interface PageJson {
  readonly items: readonly object[]
  readonly next_cursor: string | null
  readonly total?: number
  readonly as_of: string
}
