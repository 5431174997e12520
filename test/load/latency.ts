import { setPriority } from 'node:os'
import { figure, type Figure, type Scenario } from '../bench/scenario.ts'
import { until } from '../stack/index.ts'
import { closedLoop, quantile } from './measure.ts'
import { openLoop } from './open-loop.ts'
import { startTarget, type Target } from './target.ts'

/** Offered, as parts of what a closed loop of 256 callers gets. */
const PARTS = [0.5, 0.75, 1, 1.5, 2]
const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 8)
const SEED = Number(process.env['SEED'] ?? 1)
/** Most of them wait for their end; 2 × saturation may hold many. */
const CONNECTIONS = 6_000

export const latency: Scenario = {
  id: 'latency',
  title: 'latency against offered rate',
  how: `Open loop: Poisson arrivals (seed ${SEED}) for ${SECONDS} s at parts of the rate of a closed loop of 256 callers; each creates an empty flow with \`?wait=60\`; latency from the scheduled time to the end of the accepted. Refused is what was answered 429. Once more at twice the rate without \`wait\`, timed to the answer.`,
  async run() {
    await using target = await startTarget({ connections: CONNECTIONS })
    // Before all others, or arrivals would wait for the very load that they are.
    setPriority(-10)
    await target.flow('empty', 'return inputs.key')
    await closedLoop({ total: 4_000, inFlight: 256 }, (i) => target.run('empty', { key: i }))
    const { perSecond: saturation } = await closedLoop({ total: 16_000, inFlight: 256 }, (i) =>
      target.run('empty', { key: i }),
    )
    const figures: Figure[] = [figure('closed loop of 256 callers', saturation, '/s')]
    for (const part of PARTS) {
      const row = await offer(target, saturation * part, '?wait=60')
      console.log(part, row)
      figures.push(...toFigures(`${part} × offered`, row))
    }
    const row = await offer(target, saturation * 2, '')
    console.log('no wait', row)
    figures.push(...toFigures('2 × offered without wait', row))
    return figures
  },
}

interface Row {
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  readonly lost: number
  /** Connections that broke under a request. */
  readonly broken: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly refusedP99Ms: number
  /** How late the generator itself was. */
  readonly madeLateP99Ms: number
  readonly drainedS: number
}

/** Every answer that is no 200, 201, 202 or 429 with Retry-After is an error. */
async function offer(target: Target, perSecond: number, query: string): Promise<Row> {
  const accepted: string[] = []
  const latencies: number[] = []
  const refusals: number[] = []
  const madeLate: number[] = []
  let broken = 0
  await openLoop({ perSecond, seconds: SECONDS, seed: SEED }, async (scheduledMs, key) => {
    madeLate.push(performance.now() - scheduledMs)
    const body = { flow_name: 'empty', input_value: { key } }
    const reply = await target.ask('POST', `execution${query}`, body).catch((error: unknown) => {
      console.log(String(error))
      return null
    })
    if (reply === null) return void (broken += 1)
    const tookMs = performance.now() - scheduledMs
    if (reply.status === 429 && reply.headers['retry-after'] !== undefined)
      return void refusals.push(tookMs)
    if (reply.status < 200 || reply.status > 202)
      throw new Error(`${reply.status} ${reply.text.slice(0, 300)}`)
    latencies.push(tookMs)
    accepted.push((JSON.parse(reply.text) as { id: string }).id)
  })
  const from = performance.now()
  await until(
    async () => {
      const [row] = await target.sql('SELECT 1 FROM execution WHERE ended_at IS NULL LIMIT 1')
      return row === undefined
    },
    { what: 'the end of all that was accepted', timeoutMs: 120_000 },
  )
  const drainedS = (performance.now() - from) / 1_000
  const [row] = await target.sql<{ n: number }>(
    `SELECT count(*)::integer AS n FROM execution
     WHERE id = ANY ($1::uuid[]) AND status = 'ENDED_SUCCESS'`,
    [accepted],
  )
  return {
    offered: accepted.length + refusals.length + broken,
    accepted: accepted.length,
    refused: refusals.length,
    lost: accepted.length - (row?.n ?? 0),
    broken,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    refusedP99Ms: quantile(refusals, 0.99),
    madeLateP99Ms: quantile(madeLate, 0.99),
    drainedS,
  }
}

const toFigures = (name: string, row: Row): Figure[] => [
  figure(`${name}: offered`, row.offered / SECONDS, '/s'),
  figure(`${name}: p50`, row.p50Ms, 'ms'),
  figure(`${name}: p99`, row.p99Ms, 'ms'),
  figure(`${name}: refused`, (row.refused / row.offered) * 100, '%'),
  figure(`${name}: accepted and not ended`, row.lost, '', { atMost: 0 }),
  figure(`${name}: connections broken`, row.broken, '', { atMost: 0 }),
]
