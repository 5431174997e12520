import { until } from '../stack/index.ts'
import { startTarget } from '../load/target.ts'
import { figure, type Scenario } from './scenario.ts'

const COUNT = 10_000
const OVER_MS = 10_000
const AHEAD_MS = 15_000

export const timers: Scenario = {
  id: 'timers',
  title: '10,000 timers within 10 s',
  how: 'As many executions sleep until times spread evenly over the same 10 s. Lateness is that of the answer, and of the end, against the due time, all by Postgres’s clock.',
  async run() {
    await using target = await startTarget()
    await target.flow('sleeper', 'await self.sleepUntil(inputs.until)')
    await target.run('sleeper', { until: 0 })
    const first = Date.now() + AHEAD_MS
    const inputs = Array.from({ length: COUNT }, (_, i) => ({
      until: first + Math.floor((i * OVER_MS) / COUNT),
    }))
    const ids = await target.startMany('sleeper', inputs)
    const [parked] = await until(
      async () => {
        const rows = await target.sql<{ n: number; late: boolean }>(
          `SELECT count(*)::integer AS n, clock() > to_timestamp($1::float8 / 1000) AS late
           FROM wait WHERE kind = 'TIMER'`,
          [first],
        )
        return rows[0]?.n === COUNT || rows[0]?.late === true ? rows : null
      },
      { what: 'all of them asleep', timeoutMs: AHEAD_MS * 2 },
    )
    if (parked?.n !== COUNT || parked.late)
      throw new Error('not all slept before the first was due')
    await until(
      async () => {
        const [row] = await target.sql('SELECT 1 FROM execution WHERE ended_at IS NULL LIMIT 1')
        return row === undefined
      },
      { what: 'the end of all', timeoutMs: AHEAD_MS + OVER_MS + 60_000 },
    )
    const [row] = await target.sql<Record<string, number>>(LATENESS, [ids])
    if (row?.['n'] !== COUNT) throw new Error(`${row?.['n']} of ${COUNT} ended well, once answered`)
    const of = (name: string): number => row[name] ?? Number.NaN
    return [
      figure('answered early', of('early'), '', { atMost: 0 }),
      figure('answer late, p50', of('answer_p50'), 'ms'),
      figure('answer late, p99', of('answer_p99'), 'ms', { atMost: 250 }),
      figure('answer late, at most', of('answer_max'), 'ms'),
      figure('end late, p50', of('end_p50'), 'ms'),
      figure('end late, p99', of('end_p99'), 'ms'),
    ]
  },
}

const LATENESS = `
WITH one AS (
  SELECT (e.input ->> 'until')::float8 AS due,
    extract(epoch FROM a.created_at)::float8 * 1000 AS answered,
    extract(epoch FROM e.ended_at)::float8 * 1000 AS ended
  FROM execution e
  JOIN answer a ON a.workspace_id = e.workspace_id AND a.execution_id = e.id
  WHERE e.id = ANY ($1::uuid[]) AND e.status = 'ENDED_SUCCESS'
)
SELECT count(*)::integer AS n,
  count(*) FILTER (WHERE answered < due)::integer AS early,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY answered - due) AS answer_p50,
  percentile_cont(0.99) WITHIN GROUP (ORDER BY answered - due) AS answer_p99,
  max(answered - due) AS answer_max,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY ended - due) AS end_p50,
  percentile_cont(0.99) WITHIN GROUP (ORDER BY ended - due) AS end_p99
FROM one`
