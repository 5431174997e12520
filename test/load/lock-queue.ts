import { measureFootprint } from '../bench/footprint.ts'
import { figure, type Scenario } from '../bench/scenario.ts'
import { until } from '../stack/index.ts'
import { quantile } from './measure.ts'
import { startTarget, type Target } from './target.ts'

/** While the queue is still that long its processor time is looked at, and again at its end. */
const LOOK_MS = 3_000
const COUNT = Number(process.env['LOAD_LOCK_WAITERS'] ?? 10_000)

export const lockQueue: Scenario = {
  id: 'lock-queue',
  title: `${COUNT.toLocaleString('en')} waiting for one lock`,
  how: 'One holds it at a gate until all others have their ticket; then each takes it, releases it and gives back its fencing token. In order means that tokens rise with tickets.',
  async run() {
    await using target = await startTarget()
    await target.stack.client.settings.put('one', null)
    await target.flow('contender', CONTENDER)
    await target.flow('holder', HOLDER)
    const [holder] = await target.startMany('holder', [{}])
    const [gate] = await until(
      async () => {
        const held = await target.sql('SELECT 1 FROM lock_holder')
        const rows = await target.sql<{ id: string }>(
          `SELECT id FROM execution WHERE parent_execution_id = $1 AND status = 'PAUSED'`,
          [holder],
        )
        return held.length === 1 && rows.length === 1 ? rows : null
      },
      { what: 'the lock held', timeoutMs: 30_000 },
    )
    await target.startMany(
      'contender',
      Array.from({ length: COUNT }, () => ({})),
    )
    await until(
      async () => {
        const [row] = await target.sql<{ n: number }>(
          `SELECT count(*)::integer AS n FROM lock_request WHERE ticket IS NOT NULL AND action = 'acquire'`,
        )
        return row?.n === COUNT
      },
      { what: 'a ticket for all', timeoutMs: 180_000 },
    )
    const tickets = await target.sql<{ id: string; ticket: string }>(
      'SELECT execution_id AS id, ticket FROM lock_request ORDER BY ticket',
    )
    await target.stack.client.executions.resume(gate?.id ?? '')
    const long = await costOfGrant(target)
    await until(async () => (await lastToken(target)) > COUNT * 0.9, {
      what: 'the last tenth of the queue',
      timeoutMs: 600_000,
    })
    const short = await costOfGrant(target)
    await until(
      async () => {
        const [row] = await target.sql('SELECT 1 FROM execution WHERE ended_at IS NULL LIMIT 1')
        return row === undefined
      },
      { what: 'the end of all', timeoutMs: 600_000 },
    )
    const ends = await target.sql<{ id: string; token: number; at: number }>(
      `SELECT id, (output #>> '{}')::integer AS token, extract(epoch FROM ended_at)::float8 * 1000 AS at
       FROM execution WHERE name = 'contender' AND status = 'ENDED_SUCCESS' ORDER BY token`,
    )
    const misplaced = ends.filter(({ id }, index) => tickets[index]?.id !== id).length
    const twice = ends.length - new Set(ends.map(({ token }) => token)).size
    const gaps = ends.slice(1).map(({ at }, index) => at - (ends[index]?.at ?? 0))
    const perGrant = ((ends.at(-1)?.at ?? 0) - (ends[0]?.at ?? 0)) / (ends.length - 1)
    return [
      figure('ended well', ends.length, '', { atLeast: COUNT }),
      figure('out of order', misplaced, '', { atMost: 0 }),
      figure('tokens given twice', twice, '', { atMost: 0 }),
      figure('from one grant to the next, mean', perGrant, 'ms'),
      figure('processor of lock-manager and Postgres per grant, long queue', long, 'ms'),
      figure('the same with a tenth of the queue left', short, 'ms'),
      // Noise of a shared machine; a cost that grew with the queue would be several times as much.
      figure('long against short', long / short, '×', { atMost: 2 }),
      figure('among the first 1,000, p50', quantile(gaps.slice(0, 1_000), 0.5), 'ms'),
      figure('among the last 1,000, p50', quantile(gaps.slice(-1_000), 0.5), 'ms'),
      figure('p99', quantile(gaps, 0.99), 'ms'),
    ]
  },
}

/** ms of processor that a grant costs, with all that its holder does. */
async function costOfGrant(target: Target): Promise<number> {
  const before = await lastToken(target)
  const { processes } = await measureFootprint(target.stack.home, LOOK_MS)
  const grants = (await lastToken(target)) - before
  const percent = processes
    .filter(({ name }) => /^(lock-manager|postgres)/.test(name))
    .reduce((sum, { cpuPercent }) => sum + cpuPercent, 0)
  return ((percent / 100) * LOOK_MS) / grants
}

async function lastToken(target: Target): Promise<number> {
  const [row] = await target.sql<{ token: number }>(
    'SELECT max(last_token)::integer AS token FROM lock',
  )
  return row?.token ?? 0
}

const CONTENDER = `const { token } = await system.setting('one').acquire()
await system.setting('one').release()
return token`

const HOLDER = `await system.setting('one').acquire()
const gate = await self.script('export default () => null', {}, { run: false })
await gate.wait()`
