import { loop, type Loop } from '@millrace/runtime'
import { expiredProcesses, heldByProcess, removeExpired } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import { recover } from '../resolve/recover.ts'

/** Frees what processes held whose lease ran out. One copy, the holder of shard 0, does this. */
export function expiredProcessesLoop(context: SchedulerContext): Loop {
  const { db, log, metrics, shards } = context

  return loop('expired processes', {
    async run(signal) {
      if (!shards.holds(0)) return LOOK_EVERY_MS
      for (const { processId, service } of await expiredProcesses(db)) {
        if (signal.aborted) return
        if (service === 'engine' || service === 'connector') await free(processId, signal)
        // Last: as long as the row is there, a crash here only means doing this again.
        if (!(await removeExpired(db, processId))) continue
        metrics.expired.inc({ service })
        log.warn({ expired: processId, of: service }, 'a process stopped renewing its lease')
      }
      return LOOK_EVERY_MS
    },
    onError: retryLogger(log),
  })

  async function free(processId: string, signal: AbortSignal): Promise<void> {
    let after = null
    while (!signal.aborted) {
      const held = await heldByProcess(db, { processId, after, limit: PAGE })
      await recover(context, held)
      if (held.length < PAGE) return
      after = held.at(-1) ?? null
    }
  }
}

const LOOK_EVERY_MS = 2_000
const PAGE = 500
