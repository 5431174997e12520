import type { ResponseOf } from '@millrace/runtime/grpc'
import { countWaits, type Database, readShards, type ShardKeeper } from '@millrace/store'
import type { schedulerService } from '@millrace/wire'

export interface InspectDeps {
  readonly db: Database
  readonly shards: Pick<ShardKeeper, 'fence'>
  readonly processId: string
}

type Inspect = (typeof schedulerService)['inspect']

/** The shards of this copy, as the table has them, and what lies before it. */
export async function inspectRpc({
  db,
  shards,
  processId,
}: InspectDeps): Promise<ResponseOf<Inspect>> {
  const held = shards.fence().held.map(({ shard }) => shard)
  const rows = (await readShards(db, 'scheduler')).filter((row) => row.processId === processId)
  const counts = await countWaits(db, held)
  return {
    processId,
    shards: rows.map(({ shard, term, expiresAt }) => ({
      shard,
      term: BigInt(term),
      expiresAt: Number.isFinite(expiresAt) ? new Date(expiresAt) : undefined,
    })),
    timersDue: BigInt(counts.due),
    timersAhead: BigInt(counts.ahead),
    nextDueAt: counts.nextDueAt === null ? undefined : new Date(counts.nextDueAt),
    dependenciesOpen: BigInt(counts.dependencies),
  }
}
