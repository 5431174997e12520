import { type Logger, loop } from '@millrace/runtime'
import type { Database } from './database.ts'
import { dropShards, keepShards, SHARD_LEASE_TTL_MS, type ShardFence } from './shard-leases.ts'

/** The shards of this copy, kept in the background. */
export interface ShardKeeper {
  start(): void
  /** Hands all of them over. */
  stop(): Promise<void>
  /** What it believes to hold; the statements check. */
  fence(): ShardFence
  /** Whether it has this shard: shard 0's holder does what only one copy need do. */
  holds(shard: number): boolean
}

export function createShardKeeper(options: {
  readonly db: Database
  readonly log: Logger
  readonly service: string
  readonly processId: string
  readonly ttlMs?: number
  /** Called when shards came: what waits in them is to be looked at. */
  readonly onGained: () => void
}): ShardKeeper {
  const { db, log, service, processId, ttlMs = SHARD_LEASE_TTL_MS, onGained } = options
  let fence: ShardFence = { processId, held: [] }

  const keeper = loop('shards', {
    async run() {
      const had = new Set(fence.held.map(({ shard }) => shard))
      const held = await keepShards(db, { service, processId, ttlMs })
      fence = { processId, held }
      const changed = held.length !== had.size || held.some(({ shard }) => !had.has(shard))
      if (changed) log.info({ shards: held.map(({ shard }) => shard) }, 'shards changed')
      if (held.some(({ shard }) => !had.has(shard))) onGained()
      return ttlMs / 3
    },
    onError: (error, { retryMs }) =>
      log.warn({ error, retryMs }, 'the shard leases were not renewed'),
  })

  return {
    start: keeper.start,
    async stop() {
      await keeper.stop()
      fence = { processId, held: [] }
      await dropShards(db, { service, processId }).catch(() => undefined)
    },
    fence: () => fence,
    holds: (shard) => fence.held.some((one) => one.shard === shard),
  }
}
