import { monotonicMs } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { outage } from '../faults/outage.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'
import { p99, probeStarts } from './probe-starts.ts'
import { WITH_WAITS } from './with-waits.ts'

const AWAY_MS = shortened(300_000)
const BACKLOG_MS = 120_000
const ANSWERED_MS = 2_000

/** Nothing may need NATS to be accepted, and what was left lying is done soon after it is back. */
export const m10: ChaosRow = {
  id: 'M10',
  title: 'NATS is away for five minutes, gone or silent',
  stack: {},
  takeover: false,
  faults: ['nats away'],
  faultsMs: AWAY_MS + BACKLOG_MS + 60_000,
  withinMs: AWAY_MS + 900_000,
  load: { startsPerSecond: 6, weights: WITH_WAITS, takenBack: 0.1 },
  run: async (chaos) => {
    const how = chaos.rng.pick(['gone', 'silent'] as const)
    const over = new AbortController()
    const probing = probeStarts(chaos, over.signal)
    await chaos.fault('nats away', { how, ms: AWAY_MS }, () =>
      outage(chaos.stack, 'nats', how, { forMs: AWAY_MS }),
    )
    const from = monotonicMs()
    await backlogGone(chaos)
    chaos.note('backlog gone after, ms', Math.round(monotonicMs() - from))
    over.abort()
    const probes = await probing
    const unclean = probes.filter(({ isClean }) => !isClean)
    const answered = p99(probes.map(({ ms }) => ms))
    chaos.note('starts accepted, of 1,000', Math.round((accepted(probes) / probes.length) * 1_000))
    chaos.note('start answered, p99 ms', answered)
    if (unclean.length > 0)
      chaos.violation(
        'I15',
        `${unclean.length} of ${probes.length} starts were neither accepted nor refused with 503`,
        unclean.slice(0, 10),
      )
    if (answered > ANSWERED_MS)
      chaos.violation('M10', `a start was answered after ${answered} ms (p99)`)
  },
}

const accepted = (probes: readonly { readonly status: number | null }[]): number =>
  probes.filter(({ status }) => status === 201).length

/** Nobody has waited for an engine for longer than an engine needs to look. */
async function backlogGone({ sql, violation }: Chaos): Promise<void> {
  await until(
    async () =>
      (
        await sql(
          `SELECT FROM execution WHERE status = 'WAITING_ENGINE'
           AND moved_at < clock_timestamp() - interval '5 seconds' LIMIT 1`,
        )
      ).length === 0,
    { what: 'the backlog is gone', timeoutMs: BACKLOG_MS },
  ).catch((error: unknown) => violation('I14', String(error)))
}
