import type { StopAnswer } from '@millrace/replay'
import {
  type ActivationCommit,
  commitActivations,
  type CommitResult,
} from './commit-activations.ts'
import { commitWithFiles } from './commit-files.ts'
import type { Database, Queryable } from './database.ts'
import {
  type DebugProperties,
  debugPropertiesOf,
  linesOf,
  withDebugProperties,
} from './debug-properties.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

/** How an execution stands with its debugger. */
export interface DebugSession {
  readonly isProductive: boolean
  readonly wanted: DebugProperties
  /** The last position that the code had seen at the last commit; null before the first one. */
  readonly seen: number | null
  /** JSON text of the Stop; null when it is not stopped. */
  readonly stop: string | null
}

/** Where an activation has stopped. `text`: the Stop as JSON. */
export interface NewStop {
  readonly seq: number
  readonly line: number
  readonly text: string
}

/** Null: no such execution in this workspace. */
export async function readDebugSession(
  db: Queryable,
  { workspaceId, executionId }: ExecutionKey,
): Promise<DebugSession | null> {
  const [row] = await db.query<SessionRow>(sql.readSession, [workspaceId, executionId])
  if (row === undefined) return null
  const isPresent = row.session_generation === row.generation
  return {
    isProductive: row.is_productive,
    wanted: debugPropertiesOf(row.extra),
    seen: isPresent ? row.seen : null,
    stop: isPresent ? row.stop : null,
  }
}

/**
 * Commits an activation in development mode: with its files, and in the same transaction what its code
 * has seen, and the stop, under which it is PAUSED. One that has become productive meanwhile is not
 * stopped: the stop is answered at once.
 *
 * A crash before it leaves nothing: the code runs again and stops at the same line.
 */
export async function commitDebugged(
  db: Database,
  item: ActivationCommit,
  stop: NewStop | null,
): Promise<CommitResult> {
  const [result] = await commitWithFiles(db, [item], async (tx) => [
    await commitWithSession(tx, item, stop),
  ])
  return result ?? { applied: false }
}

async function commitWithSession(
  tx: Queryable,
  item: ActivationCommit,
  stop: NewStop | null,
): Promise<CommitResult> {
  const { workspaceId, executionId, generation, consumed } = item
  const key = [workspaceId, executionId]
  const [result] = await commitActivations(tx, [item])
  if (result === undefined || !result.applied) return { applied: false }
  if (item.ended) {
    await tx.query(sql.dropSession, key)
    return result
  }
  await tx.query(sql.keepSession, [...key, generation, consumed, stop?.text ?? null])
  if (stop === null) return result
  // The commit holds the row's lock: what is read here stays so.
  const [row] = await tx.query<SessionRow>(sql.readSession, key)
  const { version } = result
  const extra = withDebugProperties(row?.extra ?? null, { breakNext: false })
  await tx.query(sql.stopExecution, [...key, version, stop.seq, String(stop.line), extra])
  if (row?.is_productive !== true) return { ...result, status: 'PAUSED' }
  const passed = { version, seq: stop.seq, answer: { action: 'continue' } } as const
  const moved = await releaseStop(tx, { workspaceId, executionId }, passed)
  return { ...result, status: 'WAITING_ENGINE', version: moved ?? version }
}

/**
 * Answers a stop and lifts its pause, if the execution is still at the version that this was decided
 * on; returns the new version. Null: somebody was first. A crash before the nudge leaves an execution
 * in WAITING_ENGINE that the sweep finds.
 */
export async function releaseStop(
  db: Queryable,
  { workspaceId, executionId }: ExecutionKey,
  {
    version,
    seq,
    answer,
  }: { readonly version: number; readonly seq: number; readonly answer: StopAnswer },
): Promise<number | null> {
  const outcome = JSON.stringify({ kind: 'value', value: { v: answer } })
  const params = [workspaceId, executionId, version, seq, outcome]
  const rows = await db.query<{ version: number }>(sql.releaseStop, params)
  return rows[0]?.version ?? null
}

/**
 * Takes an execution out of development mode, if it is still at this version. `seq`: the stop that it
 * stands at, which is passed. Returns its version; null: somebody was first.
 */
export function makeProductive(
  db: Database,
  key: ExecutionKey,
  { version, seq }: { readonly version: number; readonly seq: number | null },
): Promise<number | null> {
  return db.transaction(async (tx) => {
    const params = [key.workspaceId, key.executionId, version]
    const rows = await tx.query(sql.makeProductive, params)
    if (rows.length === 0) return null
    if (seq === null) return version
    return releaseStop(tx, key, { version, seq, answer: { action: 'continue' } })
  })
}

/** The lines that these flows are to be stopped at, by id; those without any are left out. */
export async function readFlowBreakpoints(
  db: Queryable,
  { workspaceId, ids }: { readonly workspaceId: string; readonly ids: readonly string[] },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await db.query<{ id: string; breakpoints: string }>(sql.readBreakpoints, [
    workspaceId,
    ids,
  ])
  return new Map(
    rows.map(({ id, breakpoints }) => [id, linesOf(JSON.parse(breakpoints) as unknown)]),
  )
}

interface SessionRow {
  generation: number
  is_productive: boolean
  extra: string | null
  session_generation: number | null
  seen: number | null
  stop: string | null
}

const sql = loadStatements('debug', [
  'readSession',
  'keepSession',
  'dropSession',
  'stopExecution',
  'releaseStop',
  'makeProductive',
  'readBreakpoints',
])
