import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../stack/index.ts'
import { quantile } from '../load/measure.ts'
import { startTarget } from '../load/target.ts'
import { figure, type Scenario } from './scenario.ts'

const IN_FLIGHT = 1_000
const LEASE_S = 10

export const engineKill: Scenario = {
  id: 'engine-kill',
  title: 'kill -9 of the only engine',
  how: `1,000 callers in a closed loop run flows of six steps, a child and a sleep of 0.5 s; after 4 s the engine is killed. Every caller’s execution must end well; timed by Postgres from the kill to the last end of those that were in flight.`,
  async run() {
    await using target = await startTarget({ connections: IN_FLIGHT })
    await target.flow('child', 'return inputs.n + 1')
    await target.flow(
      'work',
      `let n = 0
      for (let i = 0; i < 3; i++) n = await self.step('before', () => n + 1)
      const child = await self.flow('child', { n })
      n = child.output
      await self.sleep(0.5)
      for (let i = 0; i < 3; i++) n = await self.step('after', () => n + 1)
      return n`,
    )
    await target.run('work', {})
    const over = new AbortController()
    let done = 0
    const callers = Array.from({ length: IN_FLIGHT }, async () => {
      while (!over.signal.aborted) {
        const output = await target.run('work', {})
        if (output !== 7) throw new Error(`a flow gave ${JSON.stringify(output)} instead of 7`)
        done += 1
      }
    })
    const all = Promise.all(callers)
    await Promise.race([sleep(4_000), all])
    const killed = target.stack.kill('engine')
    const [kill] = await target.sql<{ at: string }>('SELECT clock()::text AS at')
    over.abort()
    await all
    await until(
      async () => {
        const [row] = await target.sql('SELECT 1 FROM execution WHERE ended_at IS NULL LIMIT 1')
        return row === undefined
      },
      { what: 'the end of all', timeoutMs: 60_000 },
    )
    const rows = await target.sql<{ seconds: number; recovered: boolean; status: string }>(
      `SELECT extract(epoch FROM ended_at - $1::timestamptz)::float8 AS seconds,
         epoch > 0 AND recoveries > 0 AS recovered, status
       FROM execution WHERE ended_at > $1 AND name = 'work'`,
      [kill?.at],
    )
    // Nothing is started after the kill, but some of what was asked for before is only then stored.
    const [bad] = await target.sql(`SELECT id FROM execution WHERE status <> 'ENDED_SUCCESS'`)
    if (bad !== undefined) throw new Error('an execution did not end well')
    const after = rows.map(({ seconds }) => seconds)
    console.log({ killed, done, inFlight: rows.length })
    return [
      figure('in flight at the kill', rows.length, '', { atLeast: IN_FLIGHT * 0.95 }),
      figure('half of them ended after', quantile(after, 0.5), 's'),
      figure('99 % of them ended after', quantile(after, 0.99), 's'),
      figure('all of them ended after', quantile(after, 1), 's', { atMost: LEASE_S + 5 }),
    ]
  },
}
