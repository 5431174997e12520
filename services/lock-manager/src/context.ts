import type { Bus } from '@millrace/bus'
import type { Logger } from '@millrace/runtime'
import type { Database, Presence, ShardKeeper } from '@millrace/store'
import type { LockManagerConfig } from './config.ts'
import type { LockMetrics } from './telemetry.ts'

/** What every part of the lock-manager works with. */
export interface LockContext {
  readonly config: LockManagerConfig
  readonly db: Database
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: LockMetrics
  readonly shards: Pick<ShardKeeper, 'fence' | 'holds'>
  readonly presence: Pick<Presence, 'isAlive'>
}

/** For `loop`: a run failed and is tried again; Postgres being away is no more than that. */
export const retryLogger =
  (log: Logger) =>
  (error: unknown, { name, retryMs }: { name: string; retryMs: number }): void =>
    log.warn({ error, loop: name, retryMs }, 'a run failed and is tried again')
