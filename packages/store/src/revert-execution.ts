import { decide, isEnded } from '@millrace/execution'
import { applyIfVersion } from './apply-if-version.ts'
import type { Database, Queryable } from './database.ts'
import {
  cutAt,
  findSavepointOf,
  keepsLast,
  type SavepointRef,
  type SavepointRefusal,
} from './find-savepoint.ts'
import { maxRuntimeOf } from './limits.ts'
import { inheritPast } from './past.ts'
import {
  type ExecutionKey,
  type ExecutionRow,
  readExecution,
  readWaits,
  toExecution,
} from './read-execution.ts'
import { sql } from './reverts-sql.ts'
import { readClock } from './why.ts'

export interface RevertRequest {
  readonly to: SavepointRef
  /** Who asks; null: its own code. */
  readonly by: string | null
  /** Only if it is at this version. Default: whatever it is at. */
  readonly version?: number
}

/**
 * `unknown`: no such execution. `missing`: no such savepoint. `overtaken`: somebody moved it meanwhile,
 * nothing has happened.
 */
export type RevertResult =
  | {
      readonly kind: 'reverted'
      readonly before: ExecutionRow
      readonly version: number
      readonly generation: number
      /** The call that the new life begins after. */
      readonly seq: number
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'overtaken' }
  | SavepointRefusal

/** How often code may come back to one savepoint by itself before that counts as a loop without end. */
const OWN_REVERTS_MAX = 1_000

/**
 * Takes an execution back to a savepoint, in one transaction: the next life with what it inherits, the
 * waits of the former one gone, guarded by the version. The former life stays as it was. Afterwards the
 * caller nudges whoever held it, an engine, and the locks it held; a crash before that leaves a ready
 * execution and locks of a former life, which the sweeps find.
 */
export function revertExecution(
  db: Database,
  key: ExecutionKey,
  request: RevertRequest,
): Promise<RevertResult> {
  return db.transaction((tx) => revertIn(tx, key, request))
}

async function revertIn(
  tx: Queryable,
  key: ExecutionKey,
  { to, by, version }: RevertRequest,
): Promise<RevertResult> {
  const row = await readExecution(tx, key)
  if (row === null) return { kind: 'unknown' }
  if (version !== undefined && row.version !== version) return { kind: 'overtaken' }
  const why = whyNot(row) ?? (await whyNoPlace(tx, row))
  if (why !== null) return { kind: 'impossible', why }
  const found = await findSavepointOf(tx, row, to)
  if (found.kind !== 'found') return found
  const cut = cutAt(found, await readClock(tx))
  if (cut.kind !== 'cut') return cut
  if (by === null && (await isLoop(tx, key, cut.seq)))
    return {
      kind: 'impossible',
      why: `The code has gone back to savepoint ${cut.seq} ${OWN_REVERTS_MAX} times, the limit of reverts from inside. What it waits for may never come: give it a way out, such as the number that the savepoint returns.`,
    }

  const before = toExecution(row, await readWaits(tx, key))
  const decision = decide(before, {
    type: 'reverted',
    generation: row.generation,
    kept: cut.kept,
  })
  if (decision.kind !== 'moved') return { kind: 'impossible', why: `It is ${row.status}.` }
  const { next } = decision
  // An answer that came since the row was read moved nothing: it is not inherited, and what it answered
  // is asked again.
  if (!(await applyIfVersion(tx, key, { before, after: next }))) return { kind: 'overtaken' }
  const { generation } = next
  await inheritPast(tx, { ...key, generation }, { past: found.past, cut })
  await tx.query(sql.beginLife, [
    key.workspaceId,
    key.executionId,
    generation,
    found.past.life.generation,
    cut.seq,
    'name' in to ? to.name : null,
    by,
    cut.entries.at(-1)?.line ?? null,
  ])
  const seconds = maxRuntimeOf(row.extra)
  if (seconds !== null)
    await tx.query(sql.renewRuntime, [key.workspaceId, key.executionId, seconds])
  if (keepsLast(row))
    await tx.query(sql.dropFormerLives, [key.workspaceId, key.executionId, generation])
  return { kind: 'reverted', before: row, version: next.version, generation, seq: cut.seq }
}

/** Why an execution of this kind cannot go back at all; null where it can. */
function whyNot(row: ExecutionRow): string | null {
  if (row.type === 'CONNECTION')
    return `Execution ${row.id} is a connection, which has no savepoints. Rerun it instead.`
  if (row.type === 'SCHEDULE')
    return `Execution ${row.id} is an iteration of a schedule, of which only one may live. Revert or rerun what it has started.`
  if (row.started_at === null)
    return `Execution ${row.id} has not started yet, so there is nothing to go back to.`
  return null
}

/** Its end has given back its place in a flow of which only so many may run: it would be one too many. */
async function whyNoPlace(tx: Queryable, row: ExecutionRow): Promise<string | null> {
  if (!isEnded(row.status)) return null
  const gates = await tx.query<{ key: string }>(sql.hasGate, [row.workspace_id, row.id])
  if (gates.length === 0) return null
  return `Execution ${row.id} has ended and given back its place in its flow, of which only so many may run at once. Rerun it from the savepoint instead.`
}

async function isLoop(tx: Queryable, key: ExecutionKey, seq: number): Promise<boolean> {
  const rows = await tx.query<{ count: number }>(sql.countOwnReverts, [
    key.workspaceId,
    key.executionId,
    seq,
  ])
  return (rows[0]?.count ?? 0) >= OWN_REVERTS_MAX
}
