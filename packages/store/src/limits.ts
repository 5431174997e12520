import { type FlowLimits, startGates } from '@millrace/lock'
import type { Database, Queryable } from './database.ts'
import type { NewExecution } from './new-execution.ts'
import type { ExecutionKey } from './read-execution.ts'
import { heldParam, type ShardFence } from './shard-leases.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('limits', [
  'readFlowLimits',
  'openGates',
  'reachGates',
  'passGates',
  'putRuntimeLimits',
  'lockRuntimes',
  'checkRuntimes',
  'nextRuntimeCheck',
  'forgetRuntimes',
])

/** The same, with the limits that their flows have where nobody said what they are. */
export async function withFlowLimits(
  db: Queryable,
  items: readonly NewExecution[],
): Promise<readonly NewExecution[]> {
  const unknown = items.filter(isUnknown)
  if (unknown.length === 0) return items
  const rows = await db.query<FlowLimitsRow>(sql.readFlowLimits, [
    JSON.stringify(
      unknown.map(({ workspaceId, flowId }) => ({ workspace_id: workspaceId, id: flowId })),
    ),
  ])
  const limits = new Map(rows.map((row) => [`${row.workspace_id}/${row.id}`, row]))
  return items.map((item) => {
    const row = isUnknown(item) ? limits.get(`${item.workspaceId}/${item.flowId}`) : undefined
    if (row === undefined) return item
    const seconds = maxRuntimeOf(item.extra) ?? row.max_runtime_seconds
    const extra = item.extra === null ? {} : (JSON.parse(item.extra) as object)
    return {
      ...item,
      gates: startGates(row, JSON.parse(item.input)),
      extra:
        seconds === null ? item.extra : JSON.stringify({ ...extra, max_runtime_seconds: seconds }),
    }
  })
}

const isUnknown = ({ type, flowId, gates }: NewExecution): boolean =>
  gates === undefined && type === 'FLOW' && flowId !== null

/** Whether its creation needs `openLimits` in the same transaction; for most it does not. */
export const isLimited = ({ gates, extra }: NewExecution): boolean =>
  (gates?.length ?? 0) > 0 || maxRuntimeOf(extra) !== null

/** Its maximum runtime in seconds, of the JSON text of its rarely set properties. */
export function maxRuntimeOf(extra: string | null): number | null {
  if (extra === null || !extra.includes('"max_runtime_seconds"')) return null
  const seconds = (JSON.parse(extra) as { max_runtime_seconds?: unknown }).max_runtime_seconds
  return typeof seconds === 'number' ? seconds : null
}

/** What the creation of limited executions brings with it; in its transaction. */
export async function openLimits(tx: Queryable, items: readonly NewExecution[]): Promise<void> {
  const gates = items.flatMap((item) =>
    (item.gates ?? []).map((gate, index) => ({
      workspace_id: item.workspaceId,
      execution_id: item.id,
      ordinal: index + 1,
      key: gate.key,
      capacity: gate.capacity,
    })),
  )
  if (gates.length > 0) await tx.query(sql.openGates, [JSON.stringify(gates)])
  const limits = items.flatMap((item) => {
    const seconds = maxRuntimeOf(item.extra)
    const key = { workspaceId: item.workspaceId, executionId: item.id }
    return seconds === null ? [] : [{ ...key, seconds, scheduledFor: item.scheduledFor }]
  })
  await putRuntimeLimits(tx, limits)
}

/**
 * Has the runtime of executions watched. For those that are born with a limit `openLimits` does so; a
 * revert of one that has ended needs it again.
 */
export async function putRuntimeLimits(
  db: Queryable,
  limits: readonly (ExecutionKey & {
    readonly seconds: number
    /** ms since 1970; null: it may start now. */
    readonly scheduledFor: number | null
  })[],
): Promise<void> {
  if (limits.length === 0) return
  const rows = limits.map(({ workspaceId, executionId, seconds, scheduledFor }) => ({
    workspace_id: workspaceId,
    execution_id: executionId,
    seconds,
    scheduled_for: scheduledFor,
  }))
  await db.query(sql.putRuntimeLimits, [JSON.stringify(rows)])
}

/** An execution whose start time has come and that waits for its place in a limited flow. */
export interface GatedExecution extends ExecutionKey {
  readonly version: number
  /** PAUSED: it asks for its place when it is resumed. */
  readonly status: 'WAITING_LOCK' | 'PAUSED'
  readonly parentId: string | null
  /** Of the lock. */
  readonly key: string
}

/** gateReached: their START waits become waits for a place. Those that are not due are passed over. */
export async function reachGates(
  db: Queryable,
  keys: readonly ExecutionKey[],
): Promise<GatedExecution[]> {
  if (keys.length === 0) return []
  const rows = await db.query<GatedRow>(sql.reachGates, [JSON.stringify(keys.map(keyColumns))])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    version: row.version,
    status: row.status,
    parentId: row.parent_execution_id,
    key: row.key,
  }))
}

/** Who got a place at a gate. */
export interface PassedGate extends ExecutionKey {
  readonly generation: number
  /** Of the gate. */
  readonly key: string
}

/**
 * Those of them that have another gate before them wait for that from now on; `key` of the answer is
 * its. The others are to be answered. Whoever calls holds the rows of these executions.
 */
export async function passGates(
  tx: Queryable,
  passed: readonly PassedGate[],
): Promise<(ExecutionKey & { readonly key: string })[]> {
  if (passed.length === 0) return []
  const rows = await tx.query<{ workspace_id: string; execution_id: string; key: string }>(
    sql.passGates,
    [
      JSON.stringify(
        passed.map((one) => ({ ...keyColumns(one), generation: one.generation, key: one.key })),
      ),
    ],
  )
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.execution_id,
    key: row.key,
  }))
}

/** An execution that has run for too long. */
export interface OverrunExecution extends ExecutionKey {
  /** True: it was ended by this very call. False: what it has started may not all be cancelled yet. */
  readonly isNew: boolean
  readonly version: number
  readonly type: string
  readonly parentId: string | null
  /** Who held it or kept it warm. */
  readonly processId: string | null
}

/**
 * Ends what has run for longer than it may, of the caller's shards, and names again what was ended
 * before and is not forgotten: its descendants have to be cancelled before it is.
 */
export async function checkRuntimes(
  db: Database,
  input: ShardFence & { readonly limit: number },
): Promise<OverrunExecution[]> {
  const params = [heldParam(input), input.processId, input.limit]
  const rows = await db.transaction(async (tx) => {
    const due = await tx.query<LimitRow>(sql.lockRuntimes, params)
    if (due.length === 0) return []
    return tx.query<OverrunRow>(sql.checkRuntimes, [JSON.stringify(due)])
  })
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    isNew: row.is_new,
    version: row.version,
    type: row.type,
    parentId: row.parent_execution_id,
    processId: row.process_id,
  }))
}

/** ms until the next look in these shards (below 0: late); null when nothing is limited. */
export async function nextRuntimeCheckMs(
  db: Queryable,
  shards: readonly number[],
): Promise<number | null> {
  const [row] = await db.query<{ in_ms: number }>(sql.nextRuntimeCheck, [shards])
  return row?.in_ms ?? null
}

/** All below them is cancelled. What lives again is left to be watched. */
export async function forgetRuntimes(db: Queryable, keys: readonly ExecutionKey[]): Promise<void> {
  if (keys.length > 0) await db.query(sql.forgetRuntimes, [JSON.stringify(keys.map(keyColumns))])
}

const keyColumns = ({ workspaceId, executionId }: ExecutionKey) => ({
  workspace_id: workspaceId,
  execution_id: executionId,
})

interface FlowLimitsRow extends FlowLimits {
  workspace_id: string
  max_runtime_seconds: number | null
}

interface GatedRow {
  workspace_id: string
  id: string
  version: number
  status: 'WAITING_LOCK' | 'PAUSED'
  parent_execution_id: string | null
  key: string
}

interface LimitRow {
  workspace_id: string
  execution_id: string
}

interface OverrunRow {
  workspace_id: string
  id: string
  version: number
  type: string
  parent_execution_id: string | null
  process_id: string | null
  is_new: boolean
}
