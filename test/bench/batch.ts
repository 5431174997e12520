import { until } from '../stack/index.ts'
import { closedLoop, timed } from '../load/measure.ts'
import { startTarget, type Target } from '../load/target.ts'
import { median } from './ratios.ts'
import { figure, type Scenario } from './scenario.ts'

const SIZE = 10_000
const TURNS = 3

export const batch: Scenario = {
  id: 'batch',
  title: '10,000 executions by one call',
  how: `An empty flow: 16,000 in a closed loop of 256 callers with \`?wait\`, then ${SIZE.toLocaleString('en')} by one \`POST /execution/batch\` until Postgres shows the last end; ${TURNS} turns on one stack, medians.`,
  async run() {
    await using target = await startTarget()
    await target.flow('empty', 'return inputs.key')
    await closedLoop({ total: 2_000, inFlight: 64 }, (i) => target.run('empty', { key: i }))
    const turns: (Awaited<ReturnType<typeof oneBatch>> & { closed: number; ratio: number })[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      const { perSecond: closed } = await closedLoop({ total: 16_000, inFlight: 256 }, (i) =>
        target.run('empty', { key: i }),
      )
      const one = await oneBatch(target)
      turns.push({ ...one, closed, ratio: one.ended / closed })
      console.log(turns.at(-1))
    }
    const of = (name: keyof (typeof turns)[number]): number =>
      median(turns.map((turn) => turn[name]))
    return [
      figure('created, from the call to its answer', of('created'), '/s'),
      figure('ended, from the call to the last end', of('ended'), '/s'),
      figure('closed loop of the same run', of('closed'), '/s'),
      figure('ended against closed loop', of('ratio'), '×', { atLeast: 1.5 }),
    ]
  },
}

async function oneBatch(target: Target): Promise<{ created: number; ended: number }> {
  const inputs = Array.from({ length: SIZE }, (_, key) => ({ key }))
  const calledAt = Date.now()
  let ids: string[] = []
  const seconds = await timed(async () => (ids = await target.startMany('empty', inputs)))
  // Its partial index holds what has not ended, so that looking costs little.
  await until(
    async () => {
      const [row] = await target.sql('SELECT 1 FROM execution WHERE ended_at IS NULL LIMIT 1')
      return row === undefined
    },
    { what: 'the end of the batch', timeoutMs: 120_000 },
  )
  const [row] = await target.sql<{ n: number; at: number }>(
    `SELECT count(*)::integer AS n, (extract(epoch FROM max(ended_at)) * 1000)::float8 AS at
     FROM execution WHERE id = ANY ($1::uuid[]) AND status = 'ENDED_SUCCESS'`,
    [ids],
  )
  if (row?.n !== SIZE) throw new Error(`${row?.n} of ${SIZE} ended well`)
  return { created: SIZE / seconds, ended: SIZE / ((row.at - calledAt) / 1_000) }
}
