import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { footprintTable, measureFootprint } from '../bench/footprint.ts'
import { figure, type Scenario } from '../bench/scenario.ts'
import { until } from '../stack/index.ts'
import { closedLoop } from './measure.ts'
import { startTarget, type Target } from './target.ts'

const COUNT = Number(process.env['LOAD_SLEEPERS'] ?? 100_000)
/** Realms and processes of the sandbox are given up after a minute. */
const SETTLE_MS = Number(process.env['LOAD_SETTLE_S'] ?? 75) * 1_000
const DUE_MS = SETTLE_MS * 3

export const sleeping: Scenario = {
  id: 'sleeping',
  title: `${COUNT.toLocaleString('en')} sleeping`,
  how: `Memory of all processes before, after two fifths as many empty flows, one by one and in batch calls, have warmed what stays warm, and again ${SETTLE_MS / 1_000} s after all sleep; both after a vacuum and a checkpoint of Postgres, which would come by themselves within minutes. Then all are due at once.`,
  async run() {
    await using target = await startTarget()
    await target.flow('empty', 'return inputs.key')
    await target.flow('sleeper', 'await self.sleepUntil(inputs.until)')
    await closedLoop({ total: COUNT / 5, inFlight: 256 }, (i) => target.run('empty', { key: i }))
    // Through the door that the sleepers come by: what large calls leave in a gateway is not theirs.
    await target.startMany(
      'empty',
      Array.from({ length: COUNT / 5 }, (_, key) => ({ key })),
    )
    await until(
      async () => {
        const [row] = await target.sql('SELECT 1 FROM execution WHERE ended_at IS NULL LIMIT 1')
        return row === undefined
      },
      { what: 'the end of all empty flows', timeoutMs: 120_000 },
    )
    await tidy(target)
    await sleep(SETTLE_MS)
    const before = await measureFootprint(target.stack.home, 1_000)

    const due = Date.now() + DUE_MS
    const inputs = Array.from({ length: COUNT }, () => ({ until: due }))
    await target.startMany('sleeper', inputs)
    await until(
      async () => {
        const [row] = await target.sql<{ n: number }>(
          `SELECT count(*)::integer AS n FROM wait WHERE kind = 'TIMER'`,
        )
        return row?.n === COUNT
      },
      { what: 'all of them asleep', timeoutMs: DUE_MS - SETTLE_MS * 2 },
    )
    await tidy(target)
    await sleep(SETTLE_MS)
    if (Date.now() > due - 2_000) throw new Error('the first were due before the look at memory')
    const after = await measureFootprint(target.stack.home, 1_000)
    console.log(`${footprintTable(before)}\n${footprintTable(after)}`)

    const [end] = await until(
      async () => {
        const rows = await target.sql<{ well: number; early: number; seconds: number }>(ENDS, [due])
        return rows[0]?.well === COUNT ? rows : null
      },
      { what: 'the end of all', timeoutMs: due - Date.now() + 120_000 },
    )
    return [
      figure('added memory', after.totalPssMib - before.totalPssMib, 'MiB', { atMost: 50 }),
      figure('ended well', end?.well ?? 0, '', { atLeast: COUNT }),
      figure('answered early, or twice', end?.early ?? COUNT, '', { atMost: 0 }),
      figure('all ended after they were due', end?.seconds ?? Number.NaN, 's'),
    ]
  },
}

/**
 * What Postgres does about a burst by itself, and has memory for while it does; over a connection of
 * its own, or the process behind it would keep some.
 */
async function tidy({ stack }: Target): Promise<void> {
  const client = new pg.Client(readFileSync(join(stack.home, 'run', 'postgres.url'), 'utf8').trim())
  await client.connect()
  await client.query('VACUUM ANALYZE')
  await client.query('CHECKPOINT')
  await client.end()
}

const ENDS = `
SELECT count(*) FILTER (WHERE status = 'ENDED_SUCCESS')::integer AS well,
  (SELECT count(*) FILTER (WHERE created_at < to_timestamp($1::float8 / 1000))
     + count(*) - count(DISTINCT execution_id) FROM answer)::integer AS early,
  (extract(epoch FROM max(ended_at)) - $1::float8 / 1000)::float8 AS seconds
FROM execution WHERE name = 'sleeper'`
