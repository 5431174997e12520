import type { Partition, Partitioned } from '@millrace/store'

export interface PartitionPlan {
  readonly add: readonly { readonly of: Partitioned; readonly from: number; readonly to: number }[]
  readonly drop: readonly Partition[]
}

/**
 * Which partitions of one table to make and which to drop, all times in ms. One whole period beyond
 * the present one is there ahead, so there is a period's time to make the next. What was born while
 * none was there stays in the default partition. Dropped is what nobody can need: all executions born
 * in it have had their time after a life that began before it ended; longer lives are moved.
 */
export function planPartitions(
  of: Partitioned,
  {
    at,
    partitions,
    periodMs,
    keepMs,
  }: {
    readonly at: number
    readonly partitions: readonly Partition[]
    readonly periodMs: number
    /** 0: for ever. */
    readonly keepMs: number
  },
): PartitionPlan {
  const own = partitions.filter((partition) => partition.of === of)
  const add = []
  let end = Math.max(...own.map(({ to }) => to), 0)
  // After a gap at the next round time: ids of now may already be in the default partition.
  if (end < at) end = Math.ceil(at / periodMs) * periodMs
  while (end < at + periodMs) {
    const to = nextMark(end, periodMs)
    add.push({ of, from: end, to })
    end = to
  }
  const drop = own.filter(({ to }) => keepMs > 0 && to + keepMs + SLACK_MS < at)
  return { add, drop }
}

/** The next multiple of the period; 1970 began on a Thursday, and so does a week. */
const nextMark = (ms: number, periodMs: number): number =>
  (Math.floor(ms / periodMs) + 1) * periodMs

// The walk that removes executions should have been there first: what it has not removed is moved.
const SLACK_MS = 60_000
