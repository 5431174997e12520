import { sha256 } from '@millrace/runtime'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('shard-leases', [
  'ensureShards',
  'renewShards',
  'yieldShards',
  'takeShards',
  'readShards',
])

/** Scheduler and lock-manager split their work into this many shards each. */
export const SHARDS = 16
/** How long a silent copy keeps its shards. */
export const SHARD_LEASE_TTL_MS = 6_000

/** A shard and the term under which it is held; a higher term means that somebody else has it. */
export interface HeldShard {
  readonly shard: number
  readonly term: number
}

/** Who asks, and what it believes to hold. Statements take only what the table confirms. */
export interface ShardFence {
  readonly processId: string
  readonly held: readonly HeldShard[]
}

/** The last hex digit of a UUIDv7 is random. */
export const shardOfExecution = (executionId: string): number =>
  Number.parseInt(executionId.slice(-1), 16)

export const shardOfLock = (workspaceId: string, key: string): number =>
  (sha256(`${workspaceId}/${key}`)[0] ?? 0) & (SHARDS - 1)

/**
 * Keeps this copy's fair part of a service's shards: renews what it holds, gives up what exceeds
 * its part, takes what is free or ran out. Call it every third of the time to live.
 *
 * A copy counts as soon as its process is registered (`registerProcess`). Two copies that see
 * different numbers of copies only share unevenly until the next call.
 */
export async function keepShards(
  db: Queryable,
  input: { readonly service: string; readonly processId: string; readonly ttlMs?: number },
): Promise<HeldShard[]> {
  const { service, processId, ttlMs = SHARD_LEASE_TTL_MS } = input
  const [copy] = await db.query<CopyRow>(sql.renewShards, [service, processId, ttlMs])
  const part = fairPart(copy ?? { copies: 1, rank: 0 })
  const held = JSON.parse(copy?.held ?? '[]') as HeldShard[]
  const surplus = held.splice(part).map(({ shard }) => shard)
  if (surplus.length > 0) await db.query(sql.yieldShards, [service, processId, surplus])
  const missing = part - held.length
  if (missing <= 0) return held
  let taken = await db.query<HeldShard>(sql.takeShards, [service, processId, ttlMs, missing])
  if (taken.length === 0 && held.length === 0) {
    await db.query(sql.ensureShards, [service, SHARDS])
    taken = await db.query<HeldShard>(sql.takeShards, [service, processId, ttlMs, missing])
  }
  return [...held, ...taken].toSorted((a, b) => a.shard - b.shard)
}

interface CopyRow {
  readonly copies: number
  readonly rank: number
  /** JSON: what it held before and holds on, by shard. */
  readonly held: string
}

/** Gives all of them up at once, so that the others need not wait for the lease to run out. */
export async function dropShards(
  db: Queryable,
  input: { readonly service: string; readonly processId: string },
): Promise<void> {
  const all = Array.from({ length: SHARDS }, (_, shard) => shard)
  await db.query(sql.yieldShards, [input.service, input.processId, all])
}

export interface ShardRow extends HeldShard {
  readonly processId: string | null
  readonly expiresAt: number
}

/** All shards of a service, for people to look at. */
export async function readShards(db: Queryable, service: string): Promise<ShardRow[]> {
  const rows = await db.query<{
    shard: number
    term: number
    process_id: string | null
    expires_at: number
  }>(sql.readShards, [service])
  return rows.map((row) => ({
    shard: row.shard,
    term: row.term,
    processId: row.process_id,
    expiresAt: row.expires_at,
  }))
}

/** Shards of the copy with this rank (0 first) among so many: the parts add up to all. */
export function fairPart({
  copies,
  rank,
}: {
  readonly copies: number
  readonly rank: number
}): number {
  const count = Math.max(1, copies)
  return Math.floor(SHARDS / count) + (rank < SHARDS % count ? 1 : 0)
}

/** The JSON parameter that statements compare with shard_lease. */
export const heldParam = (fence: ShardFence): string => JSON.stringify(fence.held)
