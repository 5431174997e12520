import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { until } from '../../stack/index.ts'
import { natsUrl, withNats } from '../faults/nats.ts'
import { type PoisonFacts, poisons } from '../faults/poison.ts'
import { metricOf } from '../run/metric-of.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'

const BASE_MS = shortened(45_000)
const POISON_MS = shortened(90_000)
const EVERY_MS = 1_000
/** Five tries, with what a batch stays with its taker between them. */
const GONE_WITHIN_MS = 45_000
/** What others may lose: a fifth, and on a shared machine a tenth of a second in any case. */
const [SLOWER, SLOWER_MS] = [1.2, 100]
const SERVICES = ['gateway', 'engine', 'scheduler', 'lock-manager', 'connector'] as const

/** Messages that nobody can do anything with: they are put away, and nobody else notices them. */
export const m26: ChaosRow = {
  id: 'M26',
  title: 'poisonous messages of twenty-five kinds, one a second',
  stack: {},
  takeover: false,
  faults: ['poison'],
  mustSee: ['messages not understood'],
  faultsMs: BASE_MS + POISON_MS + 60_000,
  withinMs: 900_000,
  load: { startsPerSecond: 14, weights: { quick: 160 } },
  run: async (chaos) => {
    const before = pidsOf(chaos)
    const beganAt = await clockOf(chaos)
    await chaos.rest(BASE_MS)
    const poisonedAt = await clockOf(chaos)
    await withNats(natsUrl(chaos.stack), async (connection) => {
      const stored = await poisonFor(chaos, connection)
      await judgeStored(chaos, connection, stored)
    })
    const endedAt = await clockOf(chaos)
    const [base, under] = [
      await p99Of(chaos, beganAt, poisonedAt),
      await p99Of(chaos, poisonedAt, endedAt),
    ]
    chaos.note('others before, p99 ms', base)
    chaos.note('others beside it, p99 ms', under)
    if (under > base * SLOWER && under > base + SLOWER_MS)
      chaos.violation('M26', `others took ${under} ms instead of ${base} ms (p99)`)
    if (pidsOf(chaos) !== before)
      chaos.violation('I13', 'a service has died of a message', { before, after: pidsOf(chaos) })
  },
}

/** One after the other, in turn. Answers with the numbers of those that the work queue has stored. */
async function poisonFor(chaos: Chaos, connection: NatsConnection): Promise<Map<number, string>> {
  const stored = new Map<number, string>()
  const over = AbortSignal.timeout(POISON_MS)
  let queue = poisons(await factsOf(chaos))
  let refused = 0
  while (!over.aborted && (await chaos.rest(EVERY_MS))) {
    const [next, ...rest] = queue
    if (next === undefined) {
      queue = poisons(await factsOf(chaos))
      continue
    }
    queue = rest
    const { kind, subject, bytes } = next
    await chaos.fault('poison', { kind, subject, size: bytes.length }, async () => {
      if (!subject.startsWith('dispatch.')) return connection.publish(subject, bytes)
      const ack = await connection
        .request(subject, bytes, { timeout: 2_000 })
        .then((answer) => answer.json<{ seq?: number }>())
        .catch(() => ({ seq: undefined }))
      if (ack.seq === undefined) refused += 1
      else stored.set(ack.seq, kind)
    })
  }
  chaos.note('messages stored', stored.size)
  chaos.note('messages not stored', refused)
  chaos.note('messages not understood', await notUnderstood(chaos))
  return stored
}

/** Nothing of it is offered for ever. */
async function judgeStored(
  chaos: Chaos,
  connection: NatsConnection,
  stored: ReadonlyMap<number, string>,
): Promise<void> {
  const manager = await jetstreamManager(connection)
  const left = new Map(stored)
  await until(
    async () => {
      for (const seq of left.keys()) {
        const message = await manager.streams.getMessage('WORK', { seq }).catch(() => null)
        if (message === null) left.delete(seq)
      }
      return left.size === 0
    },
    { what: 'all poison is put away', timeoutMs: GONE_WITHIN_MS },
  ).catch((error: unknown) => chaos.violation('I14', String(error), [...left.values()]))
}

async function factsOf({ sql }: Chaos): Promise<PoisonFacts> {
  const [live] = await sql<{ workspaceId: string; executionId: string }>(
    `SELECT workspace_id AS "workspaceId", id AS "executionId" FROM execution
     ORDER BY ended_at IS NULL DESC, id DESC LIMIT 1`,
  )
  const processes = await sql<{ id: string; service: string }>(
    `SELECT process_id AS id, service FROM process_lease WHERE expires_at > clock_timestamp() ORDER BY 1`,
  )
  const of = (service: string): string =>
    processes.find((one) => one.service === service)?.id ?? 'x'
  return {
    workspaceId: live?.workspaceId ?? 'x',
    executionId: live?.executionId ?? 'x',
    engine: of('engine'),
    gateway: of('gateway'),
  }
}

/** Only what ran from start to end without waiting: what it takes is what the stack takes. */
async function p99Of({ sql }: Chaos, from: number, to: number): Promise<number> {
  const [row] = await sql<{ p99: number | null }>(
    `SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - created_at) * 1000) AS p99
     FROM execution WHERE name LIKE 'quick-%' AND scheduled_for IS NULL AND status = 'ENDED_SUCCESS'
       AND created_at BETWEEN to_timestamp($1 / 1000.0) AND to_timestamp($2 / 1000.0)
       AND NOT EXISTS (SELECT FROM chaos.event c WHERE c.execution_id = execution.id AND c.what = 'recovered')`,
    [from, to],
  )
  return Math.round(row?.p99 ?? 0)
}

async function clockOf({ sql }: Chaos): Promise<number> {
  const [row] = await sql<{ at: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at',
  )
  return row?.at ?? 0
}

async function notUnderstood({ stack }: Chaos): Promise<number> {
  const counts = await Promise.all(
    SERVICES.flatMap((service) => stack.pidsOf(service)).map((pid) =>
      metricOf(pid, 'millrace_bus_failures_total'),
    ),
  )
  return counts.filter(Number.isFinite).reduce((sum, count) => sum + count, 0)
}

const pidsOf = ({ stack }: Chaos): string =>
  SERVICES.flatMap((service) => stack.pidsOf(service)).join(' ')
