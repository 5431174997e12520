import { loop, type Loop } from '@millrace/runtime'
import { addPartition, dropPartition, PARTITIONED, readPartitions } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import { planPartitions } from '../retention/plan-partitions.ts'

/**
 * Makes partitions ahead of time and drops those whose time is over. One copy, the holder of shard 0,
 * does this; should two, each partition is made and dropped once, since both are one transaction.
 */
export function partitionsLoop(context: SchedulerContext): Loop {
  const { config, db, log, metrics, shards } = context
  const periodMs = config.partitionMinutes * 60_000
  const keepMs = config.retentionMinutes * 60_000

  return loop('partitions', {
    async run(signal) {
      if (!shards.holds(0)) return LOOK_EVERY_MS
      const { at, partitions } = await readPartitions(db)
      const failures: unknown[] = []
      /** Where one has to wait for too long the others need not. */
      const attempt = async (work: () => Promise<void>): Promise<void> => {
        if (!signal.aborted) await work().catch((error: unknown) => failures.push(error))
      }
      const plans = PARTITIONED.map((of) =>
        planPartitions(of, { at, partitions, periodMs, keepMs }),
      )
      for (const { add } of plans)
        for (const one of add)
          await attempt(async () => {
            await addPartition(db, one)
            log.info({ ...one }, 'made a partition')
          })
      for (const { drop } of plans)
        for (const one of drop)
          await attempt(async () => {
            const moved = await dropPartition(db, { ...one, mostKept: MOST_KEPT })
            if (moved === null) return
            metrics.removed.inc({ of: 'partition' })
            log.info({ partition: one.name, moved }, 'dropped a partition')
          })
      metrics.partitions.set(partitions.length)
      if (failures.length > 0) throw failures[0]
      return Math.min(Math.max(periodMs / 10, LOOK_EVERY_MS), LOOK_AT_LEAST_EVERY_MS)
    },
    onError: retryLogger(log),
  })
}

const LOOK_EVERY_MS = 1_000
const LOOK_AT_LEAST_EVERY_MS = 60_000
// Their rows are moved while writers wait. Where more executions live on, the partition stays.
const MOST_KEPT = 10_000
