import { isParked, type Status, type WaitKind } from '@millrace/execution'
import {
  type Awaited,
  type Blocked,
  type BlockedLock,
  dependencyNeed,
  type ReturnWhen,
} from '@millrace/lock'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { ZERO_ID } from './row-order.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('deadlocks', [
  'lockSeeds',
  'dependencySeeds',
  'blockedGraph',
  'lockExecutions',
])

/** An open wait in the blocked graph, with what it takes to answer and to name it. */
export type BlockedWait = Awaited & {
  readonly seq: number
  readonly generation: number
  readonly waitKind: WaitKind
  /** LOCK: the key of the lock. */
  readonly subject: string | null
}

/** An execution that stands still. */
export interface BlockedExecution extends Blocked<BlockedWait> {
  readonly workspaceId: string
  readonly name: string | null
}

/** Where a page of waits for locks ended. */
export interface LockWaitCursor extends ExecutionKey {
  readonly seq: number
  /** As Postgres writes it, with its microseconds. */
  readonly since: string
}

/**
 * A page of the executions whose code has waited for a lock for longer than this; `next`: where the next
 * page begins, null when this was the last one.
 */
export async function lockSeeds(
  db: Queryable,
  input: {
    readonly olderThanMs: number
    readonly after: LockWaitCursor | null
    readonly limit: number
  },
): Promise<{ readonly seeds: readonly ExecutionKey[]; readonly next: LockWaitCursor | null }> {
  const { olderThanMs, after, limit } = input
  const rows = await db.query<LockSeedRow>(sql.lockSeeds, [
    olderThanMs,
    after?.since ?? '-infinity',
    after?.workspaceId ?? ZERO_ID,
    after?.executionId ?? ZERO_ID,
    after?.seq ?? 0,
    limit,
  ])
  const last = rows.length < limit ? undefined : rows.at(-1)
  return {
    seeds: rows.map(seedOf),
    next: last === undefined ? null : { ...seedOf(last), seq: last.seq, since: last.since },
  }
}

/**
 * A page, after one of them, of the executions whose wait for others is older than so much. Reads every
 * wait. With `newerThanMs` only of waits that are younger than that, and of those for a place in a
 * limited flow, too.
 */
export async function dependencySeeds(
  db: Queryable,
  input: {
    readonly olderThanMs: number
    readonly newerThanMs: number | null
    readonly after: ExecutionKey | null
    readonly limit: number
  },
): Promise<{ readonly seeds: readonly ExecutionKey[]; readonly next: ExecutionKey | null }> {
  const { olderThanMs, newerThanMs, after, limit } = input
  const rows = await db.query<SeedRow>(sql.dependencySeeds, [
    olderThanMs,
    newerThanMs,
    after?.workspaceId ?? ZERO_ID,
    after?.executionId ?? ZERO_ID,
    limit,
  ])
  const seeds = rows.map(seedOf)
  return { seeds, next: rows.length < limit ? null : (seeds.at(-1) ?? null) }
}

interface SeedRow {
  workspace_id: string
  execution_id: string
}

interface LockSeedRow extends SeedRow {
  seq: number
  since: string
}

const seedOf = (row: SeedRow): ExecutionKey => ({
  workspaceId: row.workspace_id,
  executionId: row.execution_id,
})

/** What stands still, and the locks that some of it waits for. */
export interface BlockedGraph {
  readonly executions: readonly BlockedExecution[]
  readonly locks: readonly BlockedLock[]
}

/**
 * What stands still of everything that these executions wait for, directly or not. Whoever is
 * ready, running, LOST or paused before its next line is left out: it moves, now or by a person. So are
 * locks that nobody holds but for a time.
 */
export async function loadBlocked(
  db: Queryable,
  seeds: readonly ExecutionKey[],
): Promise<BlockedGraph> {
  if (seeds.length === 0) return { executions: [], locks: [] }
  const rows = await db.query<GraphRow>(sql.blockedGraph, [keysParam(seeds)])
  const blocked = new Map<string, { row: ExecutionGraphRow; waits: BlockedWait[] }>()
  const locks: BlockedLock[] = []
  for (const row of rows) {
    if (row.id === null) {
      locks.push({ id: lockId(row.workspace_id, row.key), holders: row.targets })
      continue
    }
    const standsStill =
      isParked(row.status) || (row.status === 'PAUSED' && row.beneath !== 'WAITING_ENGINE')
    if (!standsStill || row.seq === null) continue
    const entry = blocked.get(row.id) ?? { row, waits: [] }
    entry.waits.push(toBlockedWait({ ...row, seq: row.seq }))
    blocked.set(row.id, entry)
  }
  const executions = [...blocked.values()].map(({ row, waits }) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    name: row.name,
    waits,
  }))
  return { executions, locks }
}

/** Holds these rows, so that none of them moves until the transaction ends. */
export async function lockExecutions(tx: Queryable, keys: readonly ExecutionKey[]): Promise<void> {
  await tx.query(sql.lockExecutions, [keysParam(keys)])
}

function toBlockedWait(row: ExecutionGraphRow & { seq: number }): BlockedWait {
  const facts = {
    seq: row.seq,
    generation: row.generation ?? 1,
    waitKind: row.kind ?? 'TIMER',
    subject: row.subject,
    on:
      row.kind === 'LOCK' && row.subject !== null
        ? [lockId(row.workspace_id, row.subject)]
        : (row.targets ?? []),
    // Who has not started has no call that could be told.
    canFail: (row.kind === 'LOCK' && row.seq !== 0) || row.kind === 'DEPENDENCY',
  }
  if (row.kind !== 'DEPENDENCY') return { ...facts, kind: 'any' }
  const needed = dependencyNeed({
    returnWhen: row.return_when ?? 'ALL_SUCCEEDED',
    needed: row.needed,
    members: row.members ?? 0,
    succeeded: row.succeeded ?? 0,
    failed: row.failed ?? 0,
  })
  return { ...facts, kind: 'n', needed }
}

const lockId = (workspaceId: string, key: string): string => `${workspaceId}/${key}`

const keysParam = (keys: readonly ExecutionKey[]): string =>
  JSON.stringify(
    keys.map((key) => ({ workspace_id: key.workspaceId, execution_id: key.executionId })),
  )

type GraphRow = ExecutionGraphRow | LockGraphRow

/** `targets`: its holders. */
interface LockGraphRow {
  workspace_id: string
  id: null
  key: string
  targets: string[]
}

/** `targets`: of a wait for executions those that have not ended. */
interface ExecutionGraphRow {
  workspace_id: string
  id: string
  name: string | null
  status: Status
  beneath: string | null
  seq: number | null
  generation: number | null
  kind: WaitKind | null
  subject: string | null
  return_when: ReturnWhen | null
  needed: number | null
  members: number | null
  succeeded: number | null
  failed: number | null
  targets: string[] | null
}
