import { until } from '../../stack/index.ts'
import { outage } from '../faults/outage.ts'
import { BACK_WITHIN_MS, type Chaos, type ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'
import { p99, type Probe, probeStarts } from './probe-starts.ts'
import { WITH_WAITS } from './with-waits.ts'

const AWAY_MS = shortened(300_000)
const REFUSED_MS = 2_000
const SERVICES = ['gateway', 'scheduler', 'lock-manager', 'engine', 'connector'] as const

/** Sessions that one copy may have, by application: its pools, and the probe of a gateway's guard. */
const SESSIONS: Readonly<Record<string, number>> = {
  'millrace-gateway-hot': 4,
  'millrace-gateway-api': 9,
  'millrace-scheduler': 15,
  'millrace-lock-manager': 8,
  'millrace-engine': 6,
  'millrace-connector': 4,
}

/**
 * Whoever asks is told at once that it cannot be done now; nobody restarts for it; and when it is back
 * nobody has more sessions than he may have.
 */
export const m14: ChaosRow = {
  id: 'M14',
  title: 'Postgres is away for five minutes, gone or silent',
  stack: {},
  takeover: false,
  faults: ['postgres away'],
  faultsMs: AWAY_MS + 120_000,
  withinMs: AWAY_MS + 900_000,
  // Each that is not accepted goes on asking until it is.
  load: { startsPerSecond: 2, weights: WITH_WAITS, takenBack: 0.1 },
  run: async (chaos) => {
    const how = chaos.rng.pick(['gone', 'silent'] as const)
    await startBefore(chaos)
    const before = pidsOf(chaos)
    await chaos.fault('postgres away', { how, ms: AWAY_MS }, async () => {
      const over = new AbortController()
      await outage(chaos.stack, 'postgres', how, {
        forMs: AWAY_MS,
        meanwhile: async () => {
          const probing = probeStarts(chaos, over.signal)
          // The last ones have their answers before it is back.
          await chaos.rest(AWAY_MS - 5_000)
          over.abort()
          judge(chaos, await probing)
        },
      })
    })
    await chaos.stack.ready(BACK_WITHIN_MS)
    const after = pidsOf(chaos)
    if (after !== before)
      chaos.violation('I13', 'a service restarted for want of Postgres', { before, after })
    await judgeSessions(chaos)
  },
}

/** Work that is under way when it goes, with timers that are due while it is away. */
async function startBefore(chaos: Chaos): Promise<void> {
  const starts = Array.from({ length: 40 }, (_, n) =>
    n % 2 === 0
      ? chaos.load.start('steps')
      : chaos.load.start('timer', { seconds: [1 + (n % 10), 0.2] }),
  )
  await Promise.all(starts)
}

function judge(chaos: Chaos, probes: readonly Probe[]): void {
  const unclean = probes.filter(({ status, isClean }) => status !== 503 || !isClean)
  const refused = p99(probes.map(({ ms }) => ms))
  chaos.note('starts refused', probes.length - unclean.length)
  chaos.note('start refused, p99 ms', refused)
  if (unclean.length > 0)
    chaos.violation(
      'M14',
      `${unclean.length} of ${probes.length} starts were not refused with a clean 503`,
      unclean.slice(0, 10),
    )
  if (refused > REFUSED_MS) chaos.violation('M14', `a start was refused after ${refused} ms (p99)`)
}

const pidsOf = ({ stack }: Chaos): string =>
  SERVICES.flatMap((service) => stack.pidsOf(service)).join(' ')

/** What is more than a pool has right after the heal is given a moment to be closed. */
async function judgeSessions({ sql, stack, note, violation }: Chaos): Promise<void> {
  const look = async (): Promise<readonly { application: string; count: number }[]> =>
    await sql<{ application: string; count: number }>(
      `SELECT application_name AS application, count(*)::integer AS count FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name LIKE 'millrace-%' GROUP BY 1`,
    )
  const allowed = (application: string): number => {
    const service = SERVICES.find((one) => application.startsWith(`millrace-${one}`)) ?? 'engine'
    return (SESSIONS[application] ?? 0) * stack.pidsOf(service).length
  }
  const tooMany = async () =>
    (await look()).filter(({ application, count }) => count > allowed(application))
  await until(async () => (await tooMany()).length === 0, {
    what: 'no more sessions than the pools have',
    timeoutMs: 10_000,
  }).catch(async (error: unknown) => violation('I13', String(error), await tooMany()))
  note(
    'sessions after',
    (await look()).reduce((sum, { count }) => sum + count, 0),
  )
}
