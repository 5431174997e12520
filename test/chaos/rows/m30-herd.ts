import { killOne } from '../faults/process.ts'
import type { ChaosRow } from '../row.ts'

const HERD = 1_000

/** Many wait for one lock, and those who hold it, order it and wait for it die. */
export const m30: ChaosRow = {
  id: 'M30',
  title: `${HERD} wait for one lock while engines and lock-managers are killed`,
  stack: {},
  takeover: false,
  faults: ['herd', 'kill engine', 'kill lock-manager'],
  quiesceMs: 120_000,
  load: { startsPerSecond: 4 },
  run: async (chaos) => {
    const herd = chaos.fault('herd', { size: HERD }, async () => {
      for (let n = 0; n < HERD; n += 25)
        await Promise.all(Array.from({ length: 25 }, () => chaos.load.start('herd')))
    })
    for (let turn = 0; await chaos.rest(1_500 + chaos.rng.int(2_000)); turn += 1) {
      const service = turn % 2 === 0 ? 'engine' : 'lock-manager'
      await killOne(chaos, service, service === 'engine' ? 3 : 2)
    }
    await herd
    const [turn] = await chaos.sql<{ p99: number | null }>(GRANT_P99)
    chaos.note('grant after release p99, ms', Math.round(turn?.p99 ?? -1))
  },
}

/** From the wish to release until the next one has the lock. */
const GRANT_P99 = `
  SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM g.at - asked.at) * 1000) AS p99
  FROM chaos.event g
  JOIN chaos.event f ON f.what = 'free' AND f.xid = g.xid AND f.detail->>'key' = g.detail->>'key'
  JOIN chaos.event asked ON asked.what = 'ask' AND asked.execution_id = f.execution_id
    AND asked.detail->>'action' = 'release' AND asked.detail->>'key' = g.detail->>'key'
  WHERE g.what = 'grant'`
