import { killOne } from '../faults/process.ts'
import type { ChaosRow } from '../row.ts'

/** Flows that hold what the others want, and waits that give up, while the lock-managers die. */
export const m34: ChaosRow = {
  id: 'M34',
  title: 'deadlock rings and lock timeouts, with lock-managers killed',
  stack: {},
  takeover: false,
  faults: ['ring', 'kill lock-manager'],
  load: { startsPerSecond: 8, weights: { ring: 60 } },
  run: async (chaos) => {
    do {
      // Each holds one and wants the next one's: nobody can go on unless somebody gives up.
      const size = 2 + chaos.rng.int(2)
      await chaos.fault('ring', { size }, () =>
        Promise.all(
          RINGS.slice(0, size).map((_, n) =>
            chaos.load.start('ring', { locks: [RINGS[n], RINGS[(n + 1) % size]], timeout: 0 }),
          ),
        ),
      )
      await killOne(chaos, 'lock-manager', 2)
    } while (await chaos.rest(1_500 + chaos.rng.int(2_500)))
    const [late] = await chaos.sql<{ worst: number | null }>(TIMEOUT_LATE)
    chaos.note('latest lock timeout, ms', Math.round(late?.worst ?? 0))
  },
}

const RINGS = ['lock-ring-1', 'lock-ring-2', 'lock-ring-3']

/** How long after its time a wait for a lock was given up. */
const TIMEOUT_LATE = `
  SELECT max(extract(epoch FROM at) * 1000 - (detail->>'due')::float8) AS worst
  FROM chaos.event WHERE what = 'wait over' AND detail->>'kind' = 'LOCK' AND detail->>'due' IS NOT NULL
    AND extract(epoch FROM at) * 1000 >= (detail->>'due')::float8`
