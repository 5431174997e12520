import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { payloadOf, putPayloads, type Payload } from './payloads.ts'
import { pgTextOrNull } from './pg-text.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('connections', [
  'loadConnections',
  'claimConnections',
  'adoptConnection',
  'nextAttempt',
  'endConnections',
  'releaseConnection',
  'closeAttempt',
  'readConnectionStates',
])

/** What may have become of an attempt on the far side. */
export type AttemptOutcome = 'none' | 'known' | 'unknown'

/** One attempt as it is kept. `details`: JSON text, written by the connector service alone. */
export interface AttemptRow {
  readonly attempt: number
  readonly processId: string
  /** Whether that process has its lease. */
  readonly isAlive: boolean
  readonly repeatClass: string
  readonly isEnded: boolean
  readonly outcome: AttemptOutcome | null
  readonly details: string | null
}

export interface LoadedConnection extends ExecutionKey {
  readonly status: Status
  readonly version: number
  readonly epoch: number
  readonly generation: number
  readonly connectorType: string | null
  /** JSON text of the call's own inputs. */
  readonly input: string | null
  /** Whether it names a kept connector; `kept` is null then when that was deleted. */
  readonly usesKept: boolean
  readonly kept: { readonly connectorType: string; readonly value: string } | null
  readonly traceparent: string | null
  readonly parentId: string | null
  /** The newest one, of any generation. */
  readonly lastAttempt: AttemptRow | null
}

/** Loads connections by key; what does not exist is absent. */
export async function loadConnections(
  db: Queryable,
  keys: readonly ExecutionKey[],
): Promise<LoadedConnection[]> {
  const rows = await db.query<LoadedRow>(sql.loadConnections, [
    JSON.stringify(keys.map(keyColumns)),
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    status: row.status,
    version: row.version,
    epoch: row.epoch,
    generation: row.generation,
    connectorType: row.connector_type,
    input: row.input,
    usesKept: row.connector_id !== null,
    kept:
      row.kept_type === null || row.kept_value === null
        ? null
        : { connectorType: row.kept_type, value: row.kept_value },
    traceparent: row.traceparent,
    parentId: row.parent_execution_id,
    lastAttempt: attemptOf(row),
  }))
}

function attemptOf(row: LoadedRow): AttemptRow | null {
  if (row.attempt === null || row.attempt_process_id === null || row.repeat_class === null)
    return null
  return {
    attempt: row.attempt,
    processId: row.attempt_process_id,
    isAlive: row.attempt_alive,
    repeatClass: row.repeat_class,
    isEnded: row.attempt_ended_at !== null,
    outcome: row.outcome,
    details: row.details,
  }
}

/** Status and version of connections, for whoever has them under way; what is gone is absent. */
export async function readConnectionStates(
  db: Queryable,
  keys: readonly ExecutionKey[],
): Promise<(ExecutionKey & { readonly status: Status; readonly version: number })[]> {
  if (keys.length === 0) return []
  const rows = await db.query<Pick<LoadedRow, 'workspace_id' | 'id' | 'status' | 'version'>>(
    sql.readConnectionStates,
    [JSON.stringify(keys.map(keyColumns))],
  )
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    status: row.status,
    version: row.version,
  }))
}

export interface ConnectionClaim extends ExecutionKey {
  /** The version at which it is ready: the guard. */
  readonly version: number
  readonly attempt: number
  readonly repeatClass: string
  /** JSON text. */
  readonly details: string
}

/** An execution as this process holds it now. */
export interface ClaimedConnection {
  readonly version: number
  readonly epoch: number
  readonly parentId: string | null
}

/**
 * Claims connections and opens their attempts, before anything leaves. Returns those that were
 * claimed, by execution id; the others were moved by somebody else. A crash after it leaves attempts
 * that are not ended under a process that is gone: they may have left.
 */
export async function claimConnections(
  db: Queryable,
  { items, processId }: { readonly items: readonly ConnectionClaim[]; readonly processId: string },
): Promise<Map<string, ClaimedConnection>> {
  const ordered = items.toSorted(byId)
  const rows = await db.query<ClaimedRow>(sql.claimConnections, [
    JSON.stringify(
      ordered.map((item) => ({
        workspace_id: item.workspaceId,
        id: item.executionId,
        version: item.version,
        attempt: item.attempt,
        repeat_class: item.repeatClass,
      })),
    ),
    ordered.map((item) => item.details),
    processId,
  ])
  return new Map(rows.map((row) => [row.id, claimedOf(row)]))
}

/**
 * Takes an execution back whose attempt is still under way in this very process (it was paused and
 * resumed meanwhile). Null: somebody else has moved it.
 */
export async function adoptConnection(
  db: Queryable,
  item: ExecutionKey & { readonly version: number; readonly processId: string },
): Promise<ClaimedConnection | null> {
  const [row] = await db.query<ClaimedRow>(sql.adoptConnection, [
    item.workspaceId,
    item.executionId,
    item.version,
    item.processId,
  ])
  return row === undefined ? null : claimedOf(row)
}

/** A connection as it is held: its claim guards what is written of it. */
export interface HeldConnection extends ExecutionKey {
  readonly version: number
  readonly epoch: number
  readonly attempt: number
}

interface EndedAttempt {
  readonly outcome: AttemptOutcome
  /** JSON text. */
  readonly details: string
}

/** Closes the attempt and opens the next. False: the execution is not held any more; nothing changed. */
export async function nextAttempt(
  db: Queryable,
  item: HeldConnection & EndedAttempt & { readonly nextDetails: string },
): Promise<boolean> {
  const rows = await db.query(sql.nextAttempt, [
    ...heldParams(item),
    item.outcome,
    item.details,
    item.nextDetails,
  ])
  return rows.length > 0
}

export interface ConnectionEnd extends ExecutionKey {
  readonly version: number
  readonly epoch: number
  readonly status: 'ENDED_SUCCESS' | 'ENDED_ERROR' | 'ENDED_CANCELLED'
  readonly message: string | null
  /** JSON text; large ones go to the payload table. */
  readonly output: string
  /** The attempt that ends with it; null: none was made, or it is closed as it should be. */
  readonly attempt: (EndedAttempt & { readonly attempt: number }) | null
}

export type ConnectionEndResult =
  | { readonly applied: false }
  | {
      readonly applied: true
      readonly version: number
      readonly watched: boolean
      readonly parentId: string | null
    }

/**
 * Ends connections together with their attempts, guarded by version and epoch. Results are in order;
 * one that is not applied was moved by somebody else, and its attempt is open still.
 */
export async function endConnections(
  db: Queryable,
  items: readonly ConnectionEnd[],
): Promise<ConnectionEndResult[]> {
  const payloads: Payload[] = []
  const rows = items
    .map((item, ordinal) => ({ item, ordinal, payload: payloadOf(item.workspaceId, item.output) }))
    .toSorted((a, b) => byId(a.item, b.item))
  for (const { payload } of rows) if (payload !== null) payloads.push(payload)
  await putPayloads(db, payloads)
  const moved = await db.query<EndedRow>(sql.endConnections, [
    JSON.stringify(
      rows.map(({ item, ordinal, payload }) => ({
        ordinal,
        workspace_id: item.workspaceId,
        id: item.executionId,
        version: item.version,
        epoch: item.epoch,
        status: item.status,
        message: pgTextOrNull(item.message),
        output_hash: payload?.hash ?? null,
        attempt: item.attempt?.attempt ?? null,
        outcome: item.attempt?.outcome ?? null,
      })),
    ),
    rows.map(({ item, payload }) => (payload === null ? item.output : null)),
    rows.map(({ item }) => item.attempt?.details ?? null),
  ])
  const results: ConnectionEndResult[] = items.map(() => ({ applied: false }))
  for (const row of moved)
    results[row.ordinal] = {
      applied: true,
      version: row.version,
      watched: row.watched,
      parentId: row.parent_execution_id,
    }
  return results
}

/** Gives a held connection back to the queue. The new version, or null when it is not held any more. */
export async function releaseConnection(
  db: Queryable,
  item: HeldConnection & EndedAttempt,
): Promise<{ readonly version: number; readonly parentId: string | null } | null> {
  const [row] = await db.query<Omit<ClaimedRow, 'epoch'>>(sql.releaseConnection, [
    ...heldParams(item),
    item.outcome,
    item.details,
  ])
  return row === undefined ? null : { version: row.version, parentId: row.parent_execution_id }
}

/** Closes an attempt of this process whose execution somebody else has moved. */
export async function closeAttempt(
  db: Queryable,
  item: ExecutionKey & EndedAttempt & { readonly attempt: number; readonly processId: string },
): Promise<boolean> {
  const rows = await db.query(sql.closeAttempt, [
    item.workspaceId,
    item.executionId,
    item.attempt,
    item.processId,
    item.outcome,
    item.details,
  ])
  return rows.length > 0
}

const heldParams = (item: HeldConnection): unknown[] => [
  item.workspaceId,
  item.executionId,
  item.version,
  item.epoch,
  item.attempt,
]

const keyColumns = ({ workspaceId, executionId }: ExecutionKey) => ({
  workspace_id: workspaceId,
  id: executionId,
})

const byId = (a: ExecutionKey, b: ExecutionKey): number => (a.executionId < b.executionId ? -1 : 1)

const claimedOf = (row: ClaimedRow): ClaimedConnection => ({
  version: row.version,
  epoch: row.epoch,
  parentId: row.parent_execution_id,
})

interface LoadedRow {
  readonly workspace_id: string
  readonly id: string
  readonly status: Status
  readonly version: number
  readonly epoch: number
  readonly generation: number
  readonly connector_type: string | null
  readonly connector_id: string | null
  readonly traceparent: string | null
  readonly parent_execution_id: string | null
  readonly input: string | null
  readonly kept_type: string | null
  readonly kept_value: string | null
  readonly attempt: number | null
  readonly attempt_process_id: string | null
  readonly repeat_class: string | null
  readonly attempt_ended_at: number | null
  readonly outcome: AttemptOutcome | null
  readonly details: string | null
  readonly attempt_alive: boolean
}

interface ClaimedRow {
  readonly id: string
  readonly version: number
  readonly epoch: number
  readonly parent_execution_id: string | null
}

interface EndedRow {
  readonly ordinal: number
  readonly version: number
  readonly watched: boolean
  readonly parent_execution_id: string | null
}
