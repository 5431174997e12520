import { checkCascades } from '../check/cascades.ts'
import type { ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'
import { killEnginesInTurn } from './m1-m3-killed.ts'
import { WITH_WAITS } from './with-waits.ts'

/** People cancel, pause, resume and take back whatever they like, while engines die. */
export const m33: ChaosRow = {
  id: 'M33',
  title: 'cancels, pauses and reverts at random, with engines killed every few seconds',
  stack: {},
  takeover: true,
  faults: ['kill engine'],
  mustSee: ['taken back', 'went back', 'messages answered', 'deliveries'],
  faultsMs: Math.max(20_000, shortened(60_000)),
  load: { startsPerSecond: 10, weights: WITH_WAITS, steered: 0.35, takenBack: 0.35 },
  check: checkCascades,
  run: async (chaos) => {
    await killEnginesInTurn(chaos)
    const [seen] = await chaos.sql<Record<string, number>>(SEEN)
    for (const [what, count] of Object.entries(seen ?? {})) chaos.note(what, count)
  },
}

const SEEN = `
  SELECT (SELECT count(*) FROM revert WHERE created_by IS NOT NULL)::integer AS "taken back",
    (SELECT count(*) FROM revert WHERE created_by IS NULL)::integer AS "went back",
    (SELECT count(*) FROM message WHERE status = 'ANSWERED')::integer AS "messages answered",
    (SELECT count(*) FROM webhook_replay)::integer AS "deliveries"`
