import { after, every, monotonicMs, ServiceError, type Timer } from '@millrace/runtime'
import type { Database, Queryable, Statement } from '@millrace/store'

/**
 * Answers `unavailable` within 2 s when Postgres hangs instead of refusing: as long as somebody waits
 * for it a probe asks it too, and while the probe gets no answer nobody waits either. A slow query on a
 * Postgres that answers the probe is left alone, and when it is this process that stood still, as on a
 * machine that was suspended, the probe gets its time once more.
 */
export interface PostgresGuard {
  /** The same database, whose calls end when Postgres is away. */
  guard(database: Database): Database
  isUp(): boolean
  stop(): void
}

const PROBE_EVERY_MS = 500
const PROBE_WITHIN_MS = 1_400
/** A timer that is later than this says that the process stood still. */
const STOOD_STILL_MS = 400
const PROBE: Statement = { name: '', text: 'SELECT' }

export function guardPostgres(probed: Queryable): PostgresGuard {
  let up = true
  let probing = false
  let late: Timer | null = null
  const waiting = new Set<(error: ServiceError) => void>()

  const timer = every(PROBE_EVERY_MS, () => {
    if (probing || (up && waiting.size === 0)) return
    probing = true
    giveTime()
    probed
      .query(PROBE)
      .then(
        () => setUp(true),
        () => setUp(false),
      )
      .finally(() => {
        probing = false
        late?.cancel()
      })
  })

  function giveTime(): void {
    const begun = monotonicMs()
    late = after(PROBE_WITHIN_MS, () => {
      const stoodStill = monotonicMs() - begun > PROBE_WITHIN_MS + STOOD_STILL_MS
      if (stoodStill) giveTime()
      else setUp(false)
    })
    late.unref()
  }

  function setUp(now: boolean): void {
    up = now
    if (up) return
    for (const reject of waiting) reject(away())
    waiting.clear()
  }

  function orAway<T>(work: () => Promise<T>): Promise<T> {
    if (!up) return Promise.reject(away())
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      work()
        .then(resolve, reject)
        .finally(() => waiting.delete(reject))
    })
  }

  return {
    guard: (database) => ({
      query: (statement, params) => orAway(() => database.query(statement, params)),
      transaction: (work) => orAway(() => database.transaction(work)),
      close: () => database.close(),
    }),
    isUp: () => up,
    stop: () => timer.cancel(),
  }
}

const away = (): ServiceError =>
  new ServiceError('unavailable', 'Postgres does not answer.', {
    details: { retryAfterSeconds: 1 },
  })
