import { figure, type Figure, type Scenario } from '../bench/scenario.ts'
import { closedLoop } from './measure.ts'
import { startTarget, type Target } from './target.ts'

const ROWS = Number(process.env['LOAD_ROWS'] ?? 1_000_000)
const CHUNK = 100_000

export const million: Scenario = {
  id: 'million',
  title: `${ROWS.toLocaleString('en')} ended executions in the tables`,
  how: 'An empty flow in a closed loop of 256 callers, and lists and single reads by 4, on an empty database; then as many ended executions of the last 24 hours are inserted with a savepoint for every tenth and an error every thousandth, vacuumed and analysed, and all is measured again.',
  async run() {
    await using target = await startTarget()
    await target.flow('empty', 'return inputs.key')
    await closedLoop({ total: 6_000, inFlight: 256 }, (i) => target.run('empty', { key: i }))
    const before = await look(target)
    console.log(before)
    for (let done = 0; done < ROWS; done += CHUNK) await target.sql(FILL, [CHUNK, done, ROWS])
    await target.sql(FILL_SAVEPOINTS)
    await target.sql('VACUUM (ANALYZE) execution')
    await target.sql('VACUUM (ANALYZE) savepoint')
    await target.sql('CHECKPOINT')
    await closedLoop({ total: 4_000, inFlight: 256 }, (i) => target.run('empty', { key: i }))
    const after = await look(target)
    console.log(after)
    return Object.entries(after).flatMap(([what, value]): Figure[] => {
      const was = before[what as keyof Looks]
      const isRate = what === 'new executions'
      // No index serves it: it reads what lies between, and therefore asks for a range of time.
      const isWalk = what.startsWith('list of errors')
      const ratio = value / was
      return [
        figure(`${what}: measured`, value, isRate ? '/s' : 'ms'),
        // What a shared machine does to two runs of the same is about a quarter.
        figure(
          `${what}: against empty`,
          ratio,
          '×',
          isWalk ? undefined : isRate ? { atLeast: 0.75 } : { atMost: 1.5 },
        ),
      ]
    })
  },
}

type Looks = Record<
  | 'new executions'
  | 'new executions, p99'
  | 'list, p50'
  | 'list of errors of a day, p50'
  | 'list of one flow, p50'
  | 'get, p50',
  number
>

async function look(target: Target): Promise<Looks> {
  const made = await closedLoop({ total: 16_000, inFlight: 256 }, (i) =>
    target.run('empty', { key: i }),
  )
  const ids = await target.sql<{ id: string }>('SELECT id FROM execution LIMIT 200')
  const [flow] = await target.sql<{ id: string }>('SELECT id FROM flow LIMIT 1')
  const reads = async (pathOf: (i: number) => string): Promise<number> => {
    const { p50Ms } = await closedLoop({ total: 200, inFlight: 4 }, async (i) => {
      const reply = await target.ask('GET', pathOf(i))
      if (reply.status !== 200) throw new Error(`${pathOf(i)}: ${reply.status} ${reply.text}`)
    })
    return p50Ms
  }
  const filtered = (...terms: object[]): string =>
    `execution?limit=50&filter=${encodeURIComponent(JSON.stringify({ and: terms }))}`
  // A condition that no index serves must name a time.
  const lately = {
    field: 'created_at',
    op: 'ge',
    value: new Date(Date.now() - 24 * 3_600_000).toISOString(),
  }
  const failed = { field: 'status', op: 'eq', value: 'ENDED_ERROR' }
  return {
    'new executions': made.perSecond,
    'new executions, p99': made.p99Ms,
    'list, p50': await reads(() => 'execution?limit=50'),
    'list of errors of a day, p50': await reads(() => filtered(failed, lately)),
    'list of one flow, p50': await reads(() =>
      filtered({ field: 'flow_id', op: 'eq', value: flow?.id }),
    ),
    'get, p50': await reads((i) => `execution/${ids[i % ids.length]?.id ?? ''}`),
  }
}

/** As an engine leaves them, spread over the last 24 hours; ids carry their time. */
const FILL = `
INSERT INTO execution (workspace_id, id, type, status, version, watched, flow_id, script_hash,
  top_execution_id, created_by, name, input, output, created_at, started_at, moved_at, ended_at, traceparent)
SELECT m.workspace_id, n.id, m.type, CASE n.i % 1000 WHEN 0 THEN 'ENDED_ERROR' ELSE m.status END, m.version, m.watched, m.flow_id, m.script_hash,
  n.id, m.created_by, m.name, json_build_object('key', n.i), to_json(n.i), n.at, n.at, n.at, n.at, m.traceparent
FROM (SELECT * FROM execution WHERE status = 'ENDED_SUCCESS' ORDER BY id DESC LIMIT 1) m
CROSS JOIN LATERAL (
  SELECT i, at, uuidv7(at - clock()) AS id
  FROM generate_series($2::integer, $2::integer + $1::integer - 1) i
  CROSS JOIN LATERAL (SELECT clock() - interval '24 hours' * (1 - i::float8 / $3::integer) AS at) t
) n`

const FILL_SAVEPOINTS = `
INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries)
SELECT workspace_id, id, 1, 1, 1, '[{"seq":1,"kind":"step","name":"s","outcome":{"kind":"value","value":{"v":1}}}]'
FROM execution WHERE (output #>> '{}')::integer % 10 = 0
ON CONFLICT DO NOTHING`
