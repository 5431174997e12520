import {
  explain,
  type GateFacts,
  type Party,
  type Unblock,
  type WaitFacts,
  type Why as Explanation,
} from '@millrace/execution'
import { type FlowLimit, parseGateKey } from '@millrace/lock'
import {
  type AwaitedRow,
  type ExecutionRow,
  flows,
  type FlowRow,
  inspectLock,
  liveProcesses,
  maxRuntimeOf,
  type MessageRow,
  readAwaited,
  readClock,
  readExecution,
  readLockedSettingName,
  readMessages,
  readWaits,
  toExecution,
  type WaitRow,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import { time, timeOrNull } from './page-request.ts'

/** Why an execution is not moving, since when, until when, and what would free it. */
export interface Why {
  readonly moving: boolean
  readonly status: Explanation['status']
  readonly reason: string | null
  readonly since: string | null
  readonly until: string | null
  readonly waits: readonly ExplainedWait[]
  readonly unblock: readonly Action[]
  /** When its maximum runtime ends it; null: no limit, or not started. */
  readonly ends_at: string | null
  /** With `chain`: what holds it, what holds that, down to the root. */
  readonly chain?: readonly { readonly execution_id: string; readonly why: Why }[]
}

export interface ExplainedWait {
  readonly kind: string
  readonly ref: string | null
  readonly reason: string
  /** The execution that has what this one waits for. */
  readonly holder: string | null
  readonly position: number | null
  readonly since: string
  readonly until: string | null
  readonly unblock: readonly Action[]
}

export interface Action {
  readonly action: string
  readonly href: string
}

const CHAIN_MAX = 100

/** Throws `notFound`. */
export async function explainExecution(
  context: Context,
  caller: Caller,
  request: { id: string; chain: boolean },
): Promise<Why> {
  const first = await explainOne(context, caller, request.id)
  if (first === null) throw executionNotFound(request.id)
  if (!request.chain) return first.why

  const chain: { execution_id: string; why: Why }[] = []
  const seen = new Set([request.id])
  const next = [...first.heldBy]
  for (let id = next.shift(); id !== undefined && chain.length < CHAIN_MAX; id = next.shift()) {
    if (seen.has(id)) continue
    seen.add(id)
    const link = await explainOne(context, caller, id)
    if (link === null) continue
    chain.push({ execution_id: id, why: link.why })
    next.push(...link.heldBy)
  }
  return { ...first.why, chain }
}

/** The explanation, and the live executions that hold it up. */
async function explainOne(
  context: Context,
  caller: Caller,
  executionId: string,
): Promise<{ why: Why; heldBy: string[] } | null> {
  const key = { workspaceId: caller.workspaceId, executionId }
  const row = await readExecution(context.api, key)
  if (row === null) return null
  const [open, awaited, processes, now] = await Promise.all([
    readWaits(context.api, key),
    readAwaited(context.api, key),
    liveProcesses(context.api),
    readClock(context.api),
  ])
  const [locks, messages] = await Promise.all([
    readLocks(context, row, open),
    readAwaitedMessages(context, row, open),
  ])
  const waits = open.map((wait) => toFacts(row, wait, { awaited, locks, messages }))
  const runner = row.type === 'CONNECTION' ? 'connector' : 'engine'
  const explanation = explain({
    executionId,
    type: row.type,
    execution: toExecution(row, open),
    now,
    movedAt: row.ended_at ?? row.moved_at,
    startedAt: row.started_at,
    isProcessAlive:
      row.process_id === null
        ? null
        : processes.some((process) => process.processId === row.process_id),
    processesAlive: processes.filter((process) => process.service === runner).length,
    waits,
  })
  const parties = waits.flatMap((wait) => [...wait.holders, ...wait.members])
  const live = parties.filter(({ status }) => status !== null && !status.startsWith('ENDED_'))
  return { why: toWhy(explanation, endsAt(row)), heldBy: live.map((party) => party.executionId) }
}

/** Waits and pauses count: it is ended then, whatever it does. */
function endsAt({ extra, started_at: startedAt, ended_at: endedAt }: ExecutionRow): string | null {
  const seconds = maxRuntimeOf(extra)
  if (seconds === null || startedAt === null || endedAt !== null) return null
  return time(startedAt + seconds * 1_000)
}

interface LockFacts {
  readonly name: string
  /** Of the limits of a flow. */
  readonly gate: Omit<GateFacts, 'startsAt'> | null
  /** When the places of a rate are free again, the first of them first; ms since 1970. */
  readonly freeAt: readonly number[]
  readonly holders: readonly Party[]
  /** Executions in the order of their turns. */
  readonly queue: readonly string[]
}

async function readLocks(
  context: Context,
  { workspace_id: workspaceId }: ExecutionRow,
  open: readonly WaitRow[],
): Promise<Map<string, LockFacts>> {
  const keys = new Set(open.flatMap((wait) => (wait.kind === 'LOCK' ? (wait.subject ?? []) : [])))
  const facts = await Promise.all(
    [...keys].map(async (key): Promise<[string, LockFacts]> => {
      const { holders, waiters } = await inspectLock(context.api, { workspaceId, key }, QUEUE_MAX)
      const gate = await readGate(context, { workspaceId, key })
      const setting = key.startsWith(SETTING) ? key.slice(SETTING.length) : null
      const name =
        setting === null
          ? key.replace(/^semaphore:/, '')
          : await readLockedSettingName(context.api, { workspaceId, id: setting })
      const parties = holders.map(({ executionId, status }): Party => ({ executionId, status }))
      const queue = waiters.map((waiter) => waiter.executionId)
      const freeAt = holders.flatMap((holder) => holder.until ?? []).toSorted((a, b) => a - b)
      return [key, { name: name ?? key, gate, freeAt, holders: parties, queue }]
    }),
  )
  return new Map(facts)
}

const SETTING = 'setting:'
const QUEUE_MAX = 1_000

async function readAwaitedMessages(
  context: Context,
  { workspace_id: workspaceId }: ExecutionRow,
  open: readonly WaitRow[],
): Promise<Map<string, MessageRow>> {
  const ids = new Set(open.flatMap((wait) => (wait.kind === 'RESPONSE' ? (wait.ref ?? []) : [])))
  const keys = [...ids].map((messageId) => ({ workspaceId, messageId }))
  return new Map((await readMessages(context.api, keys)).map((message) => [message.id, message]))
}

/** What a flow allows, as its record says it now; null for other locks. */
async function readGate(
  context: Context,
  { workspaceId, key }: { workspaceId: string; key: string },
): Promise<LockFacts['gate']> {
  const gate = parseGateKey(key)
  if (gate === null) return null
  const flow = await flows.read(context.api, { workspaceId, id: gate.flowId, trashed: true })
  return { flow: flow?.name ?? null, value: gate.value, ...limitOf(flow, gate.kind) }
}

function limitOf(
  flow: FlowRow | null,
  kind: 'concurrency' | 'rate',
): { limit: number; perSeconds: number | null } {
  const text = kind === 'rate' ? flow?.rate_limit : flow?.concurrency
  const limit = typeof text === 'string' ? (JSON.parse(text) as FlowLimit) : null
  return {
    limit: limit?.limit ?? 1,
    perSeconds: kind === 'rate' ? (limit?.per_seconds ?? 1) : null,
  }
}

/** When a place in the queue of a rate has its turn, if nobody before it leaves. */
export function turnAt(
  position: number,
  rate: { readonly freeAt: readonly number[]; readonly limit: number; readonly perSeconds: number },
): number | null {
  const { freeAt, limit, perSeconds } = rate
  const place = (position - 1) % limit
  const rounds = Math.floor((position - 1) / limit)
  const first = freeAt[place]
  return first === undefined ? null : first + rounds * perSeconds * 1_000
}

function toFacts(
  row: ExecutionRow,
  wait: WaitRow,
  found: {
    awaited: readonly AwaitedRow[]
    locks: Map<string, LockFacts>
    messages: Map<string, MessageRow>
  },
): WaitFacts {
  const message = wait.kind === 'RESPONSE' ? found.messages.get(wait.ref ?? '') : undefined
  const lock = wait.kind === 'LOCK' ? found.locks.get(wait.subject ?? '') : undefined
  const place = lock?.queue.indexOf(row.id) ?? -1
  const members = found.awaited.filter((one) => one.seq === wait.seq)
  const gate = gateOf(lock, place === -1 ? null : place + 1)
  return {
    ...(gate !== null && { gate }),
    ...(wait.kind === 'LOCK' && {
      isSemaphore: wait.subject?.startsWith(SETTING) !== true && gate === null,
    }),
    seq: wait.seq,
    kind: wait.kind,
    since: wait.since,
    // The iteration of a schedule waits for a decision at that time, not for a timer.
    dueAt: wait.due_at ?? (wait.kind === 'START' ? row.scheduled_for : null),
    ref: wait.ref,
    // The subject of a start is where it goes on to wait.
    subject: wait.kind === 'START' ? scheduleOf(row) : (lock?.name ?? wait.subject),
    // Who started within the period holds nobody up that could let go.
    holders: typeof gate?.perSeconds === 'number' ? [] : (lock?.holders ?? []),
    position: place === -1 ? null : place + 1,
    members: members.map(({ id, status }) => ({ executionId: id, status })),
    returnWhen: wait.return_when,
    needed: wait.needed,
    ...(message !== undefined && {
      assignees: message.assignees,
      expectedAt: message.due_at,
    }),
  }
}

/** The name of the schedule whose iteration it is; null for all others. */
const scheduleOf = ({ type, extra }: ExecutionRow): string | null =>
  type !== 'SCHEDULE' || extra === null
    ? null
    : (JSON.parse(extra) as { readonly schedule_name: string }).schedule_name

function gateOf(lock: LockFacts | undefined, position: number | null): GateFacts | null {
  if (lock === undefined || lock.gate === null) return null
  const { gate, freeAt } = lock
  const { limit, perSeconds } = gate
  if (perSeconds === null || position === null) return { ...gate, startsAt: null }
  return { ...gate, startsAt: turnAt(position, { freeAt, limit, perSeconds }) }
}

const toWhy = (explanation: Explanation, endsAtTime: string | null): Why => ({
  moving: explanation.moving,
  status: explanation.status,
  reason: explanation.reason,
  since: time(explanation.since),
  until: timeOrNull(explanation.until),
  waits: explanation.waits.map((wait) => ({
    kind: wait.kind,
    ref: wait.ref,
    reason: wait.reason,
    holder: wait.holder ?? null,
    position: wait.position ?? null,
    since: time(wait.since),
    until: timeOrNull(wait.until),
    unblock: wait.unblock.map(toAction),
  })),
  unblock: explanation.unblock.map(toAction),
  ends_at: endsAtTime,
})

/** What to call; `ref` is an execution, a lock or a message. */
function toAction({ action, ref }: Unblock): Action {
  const name = encodeURIComponent(ref)
  switch (action) {
    case 'cancel':
    case 'resume':
      return { action, href: `/api/latest/execution/${name}/${action}` }
    case 'debug':
      return { action, href: `/api/latest/execution/${name}/debug` }
    case 'reply':
      return { action, href: `/api/latest/message/${name}/reply` }
    case 'forceRelease':
      return { action: 'force_release', href: `/api/latest/setting/${name}/lock/release?by=name` }
  }
}
