import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { heldParam, type ShardFence } from './shard-leases.ts'
import { ZERO_ID } from './row-order.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('sweep', [
  'sweepExecutions',
  'sweepWaits',
  'deleteStaleWaits',
  'expiredProcesses',
  'heldByProcess',
  'recoverLost',
  'removeExpired',
])

/**
 * A live execution that may need a push. `ready`: in WAITING_ENGINE for a while; `lost`: at a process
 * without a lease; `abandoned`: no orphan, and an ancestor was cancelled.
 */
export interface ExecutionFind {
  readonly find: 'ready' | 'lost' | 'abandoned'
  readonly workspaceId: string
  readonly executionId: string
  readonly type: string
  readonly version: number
  readonly epoch: number
  readonly priority: number
  /** Since its last move. */
  readonly ageMs: number
}

/**
 * An open wait that may need a push. `stale`: of an ended execution or a former generation;
 * `dependency`: something it waits for has ended; `response`: its message is open no more; `control` and
 * `record`: not carried out yet; `lock`: without a ticket yet.
 */
export interface WaitFind {
  readonly find: 'stale' | 'dependency' | 'response' | 'control' | 'record' | 'lock'
  readonly workspaceId: string
  readonly executionId: string
  readonly seq: number
  /** LOCK: its key. */
  readonly subject: string | null
}

/** One step of a walk. `next`: where the following page begins; null: the walk is at its end. */
export interface SweepPage<Find, Key> {
  readonly finds: readonly Find[]
  readonly rows: number
  readonly next: Key | null
}

export interface WaitKey extends ExecutionKey {
  readonly seq: number
}

/** Walks what has not ended. `readyForMs`: how long in WAITING_ENGINE before it is a find. */
export async function sweepExecutions(
  db: Queryable,
  input: ShardFence & {
    readonly after: ExecutionKey | null
    readonly limit: number
    readonly readyForMs: number
  },
): Promise<SweepPage<ExecutionFind, ExecutionKey>> {
  const { after, limit } = input
  const rows = await db.query<ExecutionFindRow>(sql.sweepExecutions, [
    heldParam(input),
    input.processId,
    after?.workspaceId ?? ZERO_ID,
    after?.executionId ?? ZERO_ID,
    limit,
    input.readyForMs,
  ])
  const last = rows.find((row) => row.find === 'page')
  return {
    finds: rows.flatMap(({ find, ...row }) =>
      find === 'page'
        ? []
        : [
            {
              find,
              workspaceId: row.workspace_id,
              executionId: row.id,
              type: row.type,
              version: row.version,
              epoch: row.epoch,
              priority: row.priority,
              ageMs: row.age_ms,
            },
          ],
    ),
    rows: last?.rows ?? 0,
    next:
      last === undefined || last.rows < limit
        ? null
        : { workspaceId: last.workspace_id, executionId: last.id },
  }
}

/** Walks the open waits. `openForMs`: how old a wait must be before a lost nudge is suspected. */
export async function sweepWaits(
  db: Queryable,
  input: ShardFence & {
    readonly after: WaitKey | null
    readonly limit: number
    readonly openForMs: number
  },
): Promise<SweepPage<WaitFind, WaitKey>> {
  const { after, limit } = input
  const rows = await db.query<WaitFindRow>(sql.sweepWaits, [
    heldParam(input),
    input.processId,
    after?.workspaceId ?? ZERO_ID,
    after?.executionId ?? ZERO_ID,
    after?.seq ?? -1,
    limit,
    input.openForMs,
  ])
  const last = rows.find((row) => row.find === 'page')
  return {
    finds: rows.flatMap(({ find, ...row }) =>
      find === 'page' ? [] : [{ find, ...waitKeyOf(row), subject: row.subject }],
    ),
    rows: last?.rows ?? 0,
    next: last === undefined || last.rows < limit ? null : waitKeyOf(last),
  }
}

/** Deletes waits of executions that have ended or were reverted since; returns those deleted. */
export async function deleteStaleWaits(
  db: Queryable,
  keys: readonly WaitKey[],
): Promise<WaitKey[]> {
  if (keys.length === 0) return []
  const param = keys.map((key) => ({
    workspace_id: key.workspaceId,
    execution_id: key.executionId,
    seq: key.seq,
  }))
  return (await db.query<WaitKeyRow>(sql.deleteStaleWaits, [JSON.stringify(param)])).map(waitKeyOf)
}

/** Processes that stopped renewing their lease. */
export async function expiredProcesses(
  db: Queryable,
): Promise<{ readonly processId: string; readonly service: string }[]> {
  const rows = await db.query<{ process_id: string; service: string }>(sql.expiredProcesses)
  return rows.map((row) => ({ processId: row.process_id, service: row.service }))
}

/** What a process holds AT_ENGINE, in pages. */
export async function heldByProcess(
  db: Queryable,
  input: {
    readonly processId: string
    readonly after: ExecutionKey | null
    readonly limit: number
  },
): Promise<(ExecutionKey & { readonly epoch: number })[]> {
  const rows = await db.query<{ workspace_id: string; id: string; epoch: number }>(
    sql.heldByProcess,
    [
      input.processId,
      input.after?.workspaceId ?? ZERO_ID,
      input.after?.executionId ?? ZERO_ID,
      input.limit,
    ],
  )
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    epoch: row.epoch,
  }))
}

/** An execution whose process is gone, after the move. `status`: ready again, or LOST for good. */
export interface RecoveredExecution extends ExecutionKey {
  readonly type: string
  readonly status: 'WAITING_ENGINE' | 'LOST'
  readonly version: number
  readonly priority: number
  readonly parentId: string | null
  /** Who held it. */
  readonly processId: string | null
}

/**
 * Takes AT_ENGINE executions from processes without a lease and gives them back to the queue, each
 * `maxRecoveries` times at most between two advances; after that they stay LOST, with the reason in
 * `message`. Passed over: whatever moved since, and whatever a process holds that lives after all.
 */
export async function recoverLost(
  db: Queryable,
  input: {
    readonly executions: readonly (ExecutionKey & { readonly epoch: number })[]
    readonly maxRecoveries: number
  },
): Promise<RecoveredExecution[]> {
  const { executions, maxRecoveries } = input
  if (executions.length === 0) return []
  const param = executions.map((key) => ({
    workspace_id: key.workspaceId,
    id: key.executionId,
    epoch: key.epoch,
  }))
  const rows = await db.query<RecoveredRow>(sql.recoverLost, [
    JSON.stringify(param),
    maxRecoveries,
    lostMessage(maxRecoveries),
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    type: row.type,
    status: row.status,
    version: row.version,
    priority: row.priority,
    parentId: row.parent_execution_id,
    processId: row.process_id,
  }))
}

/** What a LOST execution says of itself. */
export const lostMessage = (maxRecoveries: number): string =>
  `The process that ran it stopped answering ${maxRecoveries + 1} times in a row, each time before it got any further. ` +
  'Resume it to let it try again, or cancel it.'

/** False when it was renewed in between, or another copy was first. */
export async function removeExpired(db: Queryable, processId: string): Promise<boolean> {
  return (await db.query(sql.removeExpired, [processId])).length > 0
}

const waitKeyOf = (row: WaitKeyRow): WaitKey => ({
  workspaceId: row.workspace_id,
  executionId: row.execution_id,
  seq: row.seq,
})

interface WaitKeyRow {
  workspace_id: string
  execution_id: string
  seq: number
}

interface WaitFindRow extends WaitKeyRow {
  find: WaitFind['find'] | 'page'
  subject: string | null
  rows: number
}

interface ExecutionFindRow {
  find: ExecutionFind['find'] | 'page'
  workspace_id: string
  id: string
  type: string
  version: number
  epoch: number
  priority: number
  age_ms: number
  rows: number
}

interface RecoveredRow {
  workspace_id: string
  id: string
  type: string
  status: 'WAITING_ENGINE' | 'LOST'
  version: number
  priority: number
  parent_execution_id: string | null
  process_id: string | null
}
