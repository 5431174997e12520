import { isEnded } from '@millrace/execution'
import {
  type ExecutionRecordRow,
  readAwaited,
  readExecutionRecord,
  readLockedSettingName,
  readLockState,
  type RecordWait,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { notFound } from '../problem.ts'
import { time } from './page-request.ts'
import { reasonOf, refOf, rfc3339, untilOf, waitReason } from './why-sentences.ts'

/** Why an execution is not moving, since when, until when, and what would free it. */
export interface Why {
  readonly moving: boolean
  readonly status: string
  readonly reason: string | null
  readonly since: string | null
  readonly until: string | null
  readonly waits: readonly ExplainedWait[]
  /** With `chain`: what holds it, what holds that, down to the root. */
  readonly chain?: readonly { readonly execution_id: string; readonly why: Why }[]
}

export interface ExplainedWait {
  readonly kind: string
  readonly ref: string | null
  readonly reason: string
  /** The execution that has what this one waits for. */
  readonly holder?: string | null
  readonly position?: number | null
  /** How many executions it waits for, and how many of them have not ended. */
  readonly awaited?: { readonly total: number; readonly live: number }
  readonly since: string | null
  readonly until: string | null
  readonly unblock: readonly { readonly action: string; readonly href: string }[]
}

const CHAIN_MAX = 100

/** Throws `notFound`. */
export async function explainExecution(
  context: Context,
  caller: Caller,
  request: { id: string; chain: boolean },
): Promise<Why> {
  const first = await explainOne(context, caller, request.id)
  if (first === null) throw notFound(`execution ${request.id}`)
  if (!request.chain) return first.why

  const chain: { execution_id: string; why: Why }[] = []
  const seen = new Set([request.id])
  const next = [...first.heldBy]
  while (next.length > 0 && chain.length < CHAIN_MAX) {
    const id = next.shift()
    if (id === undefined || seen.has(id)) continue
    seen.add(id)
    const link = await explainOne(context, caller, id)
    if (link === null) continue
    chain.push({ execution_id: id, why: link.why })
    next.push(...link.heldBy)
  }
  return { ...first.why, chain }
}

/** The explanation, and the executions that hold it up. */
async function explainOne(
  context: Context,
  caller: Caller,
  id: string,
): Promise<{ why: Why; heldBy: string[] } | null> {
  const { workspaceId } = caller
  const row = await readExecutionRecord(context.api, { workspaceId, id })
  if (row === null) return null
  const open = row.waits === null ? [] : (JSON.parse(row.waits) as RecordWait[])
  const explained = await Promise.all(open.map((wait) => explainWait(context, row, wait)))
  const moving = row.status === 'AT_ENGINE' || isEnded(row.status)
  return {
    heldBy: explained.flatMap((wait) => wait.heldBy),
    why: {
      moving: moving && !isEnded(row.status),
      status: row.status,
      reason: isEnded(row.status) ? 'It has ended.' : reasonOf(row, open),
      since: time(row.ended_at ?? row.moved_at),
      until: untilOf(row.status, open),
      waits: explained.map((wait) => wait.view),
      ...(row.status === 'PAUSED' && { unblock: [action(id, 'resume')] }),
    },
  }
}

async function explainWait(
  context: Context,
  row: ExecutionRecordRow,
  wait: RecordWait,
): Promise<{ view: ExplainedWait; heldBy: string[] }> {
  const base = {
    kind: wait.kind,
    ref: refOf(wait),
    reason: `It waits for ${waitReason(wait)}.`,
    since: rfc3339(wait.since),
    until: rfc3339(wait.due_at),
  }
  const { workspace_id: workspaceId, id: executionId } = row
  const cancelSelf = action(executionId, 'cancel')
  switch (wait.kind) {
    case 'DEPENDENCY': {
      const awaited = await readAwaited(context.api, { workspaceId, executionId, seq: wait.seq })
      const live = awaited.filter((one) => !one.status.startsWith('ENDED_'))
      const [first] = live
      const counts = { total: awaited[0]?.total ?? 0, live: awaited[0]?.live ?? 0 }
      const name = first?.name ?? first?.id
      const reason =
        first === undefined
          ? 'It waits for executions that have ended; its answer is on its way.'
          : `It waits for ${counts.live === 1 ? '' : `${counts.live} executions, among them `}${first.type} ${name}, which is ${first.status}.`
      return {
        view: {
          ...base,
          ref: base.ref ?? first?.id ?? null,
          reason,
          holder: first?.id ?? null,
          awaited: counts,
          unblock: [...live.slice(0, 5).map((one) => action(one.id, 'cancel')), cancelSelf],
        },
        heldBy: live.map((one) => one.id),
      }
    }
    case 'LOCK': {
      const key = wait.subject ?? ''
      const { holders, waiters } = await readLockState(context.api, { workspaceId, key })
      const place = waiters.findIndex((waiter) => waiter.execution_id === executionId)
      const setting = key.startsWith('setting:') ? key.slice('setting:'.length) : null
      const name =
        setting === null
          ? key
          : ((await readLockedSettingName(context.api, { workspaceId, id: setting })) ?? key)
      const [holder] = holders
      return {
        view: {
          ...base,
          reason:
            holder === undefined
              ? `It waits for the lock ${name}, which is free; its turn is on its way.`
              : `It waits for the lock ${name}, held by ${holder.execution_id} since ${time(holder.held_since)}.`,
          holder: holder?.execution_id ?? null,
          position: place === -1 ? null : place + 1,
          unblock: [
            ...holders.slice(0, 5).map((one) => action(one.execution_id, 'cancel')),
            ...(setting === null
              ? []
              : [
                  {
                    action: 'force_release',
                    href: `/api/latest/setting/${setting}/lock/release`,
                  },
                ]),
            cancelSelf,
          ],
        },
        heldBy: holders.map((one) => one.execution_id),
      }
    }
    default:
      return { view: { ...base, unblock: [cancelSelf] }, heldBy: [] }
  }
}

const action = (id: string, name: string): { action: string; href: string } => ({
  action: name,
  href: `/api/latest/execution/${id}/${name}`,
})
