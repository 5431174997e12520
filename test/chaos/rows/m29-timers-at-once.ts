import { createClient } from '@millrace/client'
import { monotonicMs, now, sleep } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'
import { p99 } from './probe-starts.ts'

/** Of these some sleep in the middle of their code, the others have yet to start. */
const TIMERS = shortened(100_000)
const ASLEEP = shortened(20_000)
const BATCH = 10_000
const LEAD_MS = Math.max(60_000, shortened(300_000))
const DISPATCHED_MS = 600_000
const START_MS = 2_000
const FLOW = 'chaos-due'

/** All in the same second, and an engine dies one second before it. */
export const m29: ChaosRow = {
  id: 'M29',
  title: '100,000 timers are due in the same second, an engine is killed before it',
  stack: {},
  takeover: false,
  faults: ['kill engine'],
  faultsMs: LEAD_MS + DISPATCHED_MS,
  quiesceMs: 300_000,
  withinMs: LEAD_MS + DISPATCHED_MS + 1_200_000,
  load: { startsPerSecond: 2 },
  run: async (chaos) => {
    const { stack, rng } = chaos
    await stack.client.flows.create({
      name: FLOW,
      script:
        'export default async (system, self, inputs) => { if (inputs.at) await self.sleepUntil(inputs.at); return 1 }',
    })
    const due = now() + LEAD_MS
    const made = await makeAll(chaos, due)
    chaos.note('made in, ms', Math.round(made))
    await sleep(Math.max(0, due - 1_000 - now()))
    const n = 1 + rng.int(stack.pidsOf('engine').length)
    await chaos.fault('kill engine', { n }, () => stack.kill('engine', n))
    const others = probeOthers(chaos)
    await allEnded(chaos)
    await judgeDispatch(chaos, due)
    await others.judge()
  },
}

async function makeAll({ stack, sql }: Chaos, due: number): Promise<number> {
  const from = monotonicMs()
  const at = new Date(due).toISOString()
  const one = { flow_name: FLOW }
  await inBatches(ASLEEP, (count) =>
    stack.client.executions.createBatch(
      Array.from({ length: count }, () => ({ ...one, input_value: { at } })),
    ),
  )
  await inBatches(TIMERS - ASLEEP, (count) =>
    stack.client.executions.createBatch(
      Array.from({ length: count }, () => ({ ...one, input_value: {}, scheduled_for: at })),
    ),
  )
  await until(
    async () => {
      const [row] = await sql<{ count: number }>(
        `SELECT count(*)::integer AS count FROM execution WHERE status = 'SCHEDULED' AND name = $1`,
        [FLOW],
      )
      return (row?.count ?? 0) >= TIMERS
    },
    { what: 'all timers are set before they are due', timeoutMs: due - 2_000 - now() },
  )
  return monotonicMs() - from
}

async function inBatches(total: number, make: (count: number) => Promise<unknown>): Promise<void> {
  for (let made = 0; made < total; made += BATCH) await make(Math.min(BATCH, total - made))
}

async function allEnded({ sql, violation }: Chaos): Promise<void> {
  await until(
    async () => {
      const [row] = await sql<{ left: number }>(
        `SELECT count(*)::integer AS left FROM execution e JOIN flow f ON f.workspace_id = e.workspace_id AND f.id = e.flow_id
         WHERE f.name = $1 AND e.ended_at IS NULL`,
        [FLOW],
      )
      await sleep(1_000)
      return row?.left === 0
    },
    { what: `the end of ${TIMERS} executions`, timeoutMs: DISPATCHED_MS },
  ).catch((error: unknown) => violation('I6', String(error)))
}

/** When the last of them was let go on, and that all have come to their end. */
async function judgeDispatch({ sql, note, violation }: Chaos, due: number): Promise<void> {
  const [waits] = await sql<{ count: number; last: number | null }>(
    `SELECT count(*)::integer AS count, max(extract(epoch FROM c.at) * 1000)::float8 - $1::float8 AS last
     FROM chaos.event c JOIN execution e ON e.id = c.execution_id
     JOIN flow f ON f.workspace_id = e.workspace_id AND f.id = e.flow_id
     WHERE c.what = 'wait over' AND c.detail->>'due' IS NOT NULL AND f.name = $2`,
    [due, FLOW],
  )
  const [ends] = await sql<{ right: number; wrong: number }>(
    `SELECT count(*) FILTER (WHERE e.status = 'ENDED_SUCCESS')::integer AS right,
       count(*) FILTER (WHERE e.status <> 'ENDED_SUCCESS')::integer AS wrong
     FROM execution e JOIN flow f ON f.workspace_id = e.workspace_id AND f.id = e.flow_id WHERE f.name = $1`,
    [FLOW],
  )
  note('timers answered', waits?.count ?? 0)
  note('all answered after, ms', Math.round(waits?.last ?? -1))
  note(
    'answered per second',
    Math.round(((waits?.count ?? 0) * 1_000) / Math.max(1, waits?.last ?? 1)),
  )
  if ((waits?.last ?? Infinity) > DISPATCHED_MS)
    violation('I6', `the last timer was answered ${waits?.last ?? '?'} ms after its time`)
  if (ends?.right !== TIMERS || ends.wrong > 0 || waits?.count !== TIMERS)
    violation(
      'I6',
      `of ${TIMERS} timers ${waits?.count} were answered, ${ends?.right} runs succeeded`,
    )
}

/** Somebody in another workspace who starts things meanwhile. */
function probeOthers(chaos: Chaos): { judge(): Promise<void> } {
  const over = new AbortController()
  const answered: number[] = []
  const working = (async () => {
    const other = (await chaos.stack.client.workspaces.create({ name: 'other' })) as unknown as {
      api_key: string
    }
    const client = createClient({ url: chaos.stack.url, apiKey: other.api_key })
    const script = 'export default () => 1'
    const asked: Promise<unknown>[] = []
    while (!over.signal.aborted) {
      const from = monotonicMs()
      asked.push(
        client.executions
          .create({ script, name: 'other' })
          .then(() => answered.push(monotonicMs() - from)),
      )
      await sleep(500, over.signal).catch(() => undefined)
    }
    await Promise.all(asked)
  })()
  // What it throws is told when it is judged.
  working.catch(() => undefined)
  return {
    judge: async () => {
      over.abort()
      await working
      const rows = await chaos.sql<{ ms: number | null }>(
        `SELECT (extract(epoch FROM started_at - created_at) * 1000)::float8 AS ms FROM execution
         WHERE name = 'other' ORDER BY id`,
      )
      const begun = p99(rows.map(({ ms }) => ms ?? Infinity))
      chaos.note('start of others accepted, p99 ms', p99(answered))
      chaos.note('start of others begun, p99 ms', begun)
      if (p99(answered) > START_MS)
        chaos.violation('M29', `others were answered after ${p99(answered)} ms (p99)`)
      if (begun > START_MS) chaos.violation('M29', `others began after ${begun} ms (p99)`)
    },
  }
}
