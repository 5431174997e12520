import { type Logger, loop, monotonicMs } from '@millrace/runtime'
import type { Database } from './database.ts'
import {
  liveProcesses,
  PROCESS_LEASE_RENEW_MS,
  PROCESS_LEASE_TTL_MS,
  type ProcessRow,
  registerProcess,
  removeProcess,
  renewProcess,
} from './leases.ts'

/**
 * This process's lease, kept up in the background, and who else lives. For services that hold no
 * executions under it: when the lease runs out nothing has to be let go, it is taken anew.
 */
export interface Presence {
  start(): void
  /** Gives the lease up. */
  stop(): Promise<void>
  /** Whether Postgres confirmed the lease within its time to live. */
  isPresent(): boolean
  /** Whether a process had its lease a second ago; after a quiet time, at the last renewal of ours. */
  isAlive(processId: string): boolean
}

export function createPresence({
  db,
  log,
  ...self
}: ProcessRow & { readonly db: Database; readonly log: Logger }): Presence {
  const { processId } = self
  let alive: ReadonlySet<string> = new Set()
  let confirmed = false
  let failures = 0
  let renewAt = 0
  let lookedAt = -Infinity
  let hasAsked = false
  let isAsked = true

  const presence = loop('presence', {
    async run() {
      const startedAt = monotonicMs()
      if (startedAt >= renewAt) {
        if (!(confirmed && (await renewProcess(db, { processId })))) await registerProcess(db, self)
        confirmed = true
        renewAt = startedAt + PROCESS_LEASE_RENEW_MS
      }
      // Some services never ask, and one that does asks when there are answers to send.
      if (isAsked) {
        lookedAt = startedAt
        isAsked = hasAsked
        alive = new Set((await liveProcesses(db)).map((row) => row.processId))
      }
      failures = 0
      return Math.max(0, Math.ceil(renewAt - monotonicMs()))
    },
    onError(error, { retryMs }) {
      failures += retryMs
      renewAt = 0
      if (failures > PROCESS_LEASE_TTL_MS) confirmed = false
      log.warn({ error, retryMs }, 'the process lease was not renewed')
    },
  })

  return {
    start: presence.start,
    async stop() {
      await presence.stop()
      // When Postgres is away the lease simply runs out.
      await removeProcess(db, processId).catch(() => undefined)
      confirmed = false
    },
    isPresent: () => confirmed,
    isAlive(id) {
      if (monotonicMs() - lookedAt > LOOK_EVERY_MS) {
        hasAsked = true
        isAsked = true
        lookedAt = monotonicMs()
        presence.wake()
      }
      return alive.has(id)
    },
  }
}

// While answers are sent, an engine that died is not told of them for more than this; the queue has
// them then. What was sent to a dead one is found by the sweep.
const LOOK_EVERY_MS = 1_000
