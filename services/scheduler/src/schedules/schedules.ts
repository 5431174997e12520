import { notifyAnswered } from '@millrace/bus'
import { after, now, ServiceError, type Timer } from '@millrace/runtime'
import { type ScheduleKey, schedulesOfEnded } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'
import { createBacklog } from '../resolve/backlog.ts'
import type { Cascade } from '../resolve/cascade.ts'
import { announce } from './aftermath.ts'

/**
 * Keeps schedules going. Any copy may attend to any schedule, since its row lock makes one wait for
 * the other; the holder of its shard finds by its sweep what nobody was told of.
 */
export interface Schedules {
  /** These have ended: whether a schedule waits for one is looked up, as long as there are any. */
  noteEnded(keys: readonly ExecutionKey[]): void
  /** These need attention. */
  note(keys: readonly ScheduleKey[]): void
  /** Attends to one now. Throws what Postgres says. */
  attend(key: ScheduleKey): Promise<void>
  /** What the last walk has found: without schedules, ends are not looked at. */
  setUsed(isUsed: boolean): void
  isUsed(): boolean
  start(): void
  stop(): Promise<void>
}

export function createSchedules(
  context: SchedulerContext,
  { cascade }: { readonly cascade: Pick<Cascade, 'noteCancelled'> },
): Schedules {
  const { db, bus, log, metrics } = context
  let isUsed = false
  const timers = new Set<Timer>()

  const ends = createBacklog<ExecutionKey>({
    name: 'schedule ends',
    log,
    keyOf: (key) => key.executionId,
    maxItems: ENDS_MAX,
    async run(keys) {
      waiting.add(await schedulesOfEnded(db, keys))
    },
  })

  const waiting = createBacklog<ScheduleKey>({
    name: 'schedules',
    log,
    keyOf: (key) => key.scheduleId,
    maxItems: AT_ONCE,
    async run(keys) {
      const results = await Promise.allSettled(keys.map(attend))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
  })

  /** Its holder looks once a second; what starts before that would be late. */
  function lookAgain(key: ScheduleKey, startMs: number): void {
    const delayMs = startMs - now()
    if (delayMs > SOON_MS) return
    const timer = after(Math.max(delayMs, 0) + MARGIN_MS, () => {
      timers.delete(timer)
      waiting.add([key])
    })
    timer.unref()
    timers.add(timer)
  }

  async function attend(key: ScheduleKey): Promise<void> {
    isUsed = true
    // Loaded with the first schedule: calendars and their rules take several MiB.
    const { attendSchedule } = await import('./attend-schedule.ts')
    for (let attempt = 1; ; attempt += 1) {
      const done = await db
        .transaction((tx) => attendSchedule(tx, key))
        .catch((error: unknown) => {
          const isStale = error instanceof ServiceError && error.code === 'stale'
          if (isStale && attempt < ATTEMPTS) return null
          throw error
        })
      if (done === null) continue
      metrics.scheduled.inc({ of: 'iteration' }, done.born.filter(isIteration).length)
      metrics.scheduled.inc({ of: 'run' }, done.born.filter((one) => !isIteration(one)).length)
      announce(bus, done)
      notifyAnswered(context.bus, done.answered, context.presence.isAlive)
      cascade.noteCancelled(done.cancelled)
      for (const startMs of done.awaiting) lookAgain(key, startMs)
      return
    }
  }

  return {
    noteEnded(keys) {
      if (isUsed) ends.add(keys)
    },
    note: waiting.add,
    attend,
    setUsed(isAny) {
      isUsed = isAny
    },
    isUsed: () => isUsed,
    start() {
      ends.start()
      waiting.start()
    },
    async stop() {
      for (const timer of timers) timer.cancel()
      await ends.stop()
      await waiting.stop()
    },
  }
}

const isIteration = ({ type }: { readonly type: string }): boolean => type === 'SCHEDULE'

const ENDS_MAX = 1_000
// Transactions on as many connections; each takes some milliseconds.
const AT_ONCE = 4
const ATTEMPTS = 5
// Two looks of the holder of its shard.
const SOON_MS = 2_000
// Postgres's clock must have come to it as well.
const MARGIN_MS = 2
