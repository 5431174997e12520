import { isParked, type Status, type WaitKind } from '@millrace/execution'
import { type Awaited, type Blocked, dependencyNeed, type ReturnWhen } from '@millrace/lock'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
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

/** Executions that have waited for a lock for longer than this. */
export async function lockSeeds(
  db: Queryable,
  input: { readonly olderThanMs: number; readonly limit: number },
): Promise<ExecutionKey[]> {
  return (await db.query<SeedRow>(sql.lockSeeds, [input.olderThanMs, input.limit])).map(seedOf)
}

/** Executions whose wait for others is between so and so old. Reads every wait. */
export async function dependencySeeds(
  db: Queryable,
  input: { readonly olderThanMs: number; readonly newerThanMs: number; readonly limit: number },
): Promise<ExecutionKey[]> {
  const params = [input.olderThanMs, input.newerThanMs, input.limit]
  return (await db.query<SeedRow>(sql.dependencySeeds, params)).map(seedOf)
}

interface SeedRow {
  workspace_id: string
  execution_id: string
}

const seedOf = (row: SeedRow): ExecutionKey => ({
  workspaceId: row.workspace_id,
  executionId: row.execution_id,
})

/**
 * What stands still of everything that these executions wait for, directly or not. Whoever is
 * ready, running, LOST or paused before its next line is left out: it moves, now or by a person.
 */
export async function loadBlocked(
  db: Queryable,
  seeds: readonly ExecutionKey[],
): Promise<BlockedExecution[]> {
  if (seeds.length === 0) return []
  const rows = await db.query<GraphRow>(sql.blockedGraph, [keysParam(seeds)])
  const blocked = new Map<string, { row: GraphRow; waits: BlockedWait[] }>()
  for (const row of rows) {
    const standsStill =
      isParked(row.status) || (row.status === 'PAUSED' && row.beneath !== 'WAITING_ENGINE')
    if (!standsStill || row.seq === null) continue
    const entry = blocked.get(row.id) ?? { row, waits: [] }
    entry.waits.push(toBlockedWait({ ...row, seq: row.seq }))
    blocked.set(row.id, entry)
  }
  return [...blocked.values()].map(({ row, waits }) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    name: row.name,
    waits,
  }))
}

/** Holds these rows, so that none of them moves until the transaction ends. */
export async function lockExecutions(tx: Queryable, keys: readonly ExecutionKey[]): Promise<void> {
  await tx.query(sql.lockExecutions, [keysParam(keys)])
}

function toBlockedWait(row: GraphRow & { seq: number }): BlockedWait {
  const facts = {
    seq: row.seq,
    generation: row.generation ?? 1,
    waitKind: row.kind ?? 'TIMER',
    subject: row.subject,
    on: row.targets ?? [],
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

const keysParam = (keys: readonly ExecutionKey[]): string =>
  JSON.stringify(
    keys.map((key) => ({ workspace_id: key.workspaceId, execution_id: key.executionId })),
  )

interface GraphRow {
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
