import { type FakeClock, fakeClock } from '../faults/clock.ts'
import { requireFaketime } from '../faults/tools.ts'
import type { ChaosRow } from '../row.ts'

const SERVICES = ['gateway', 'engine', 'scheduler', 'lock-manager', 'connector'] as const
/** An hour ahead, an hour behind, half a minute back, twice as fast. */
const TIMES = ['+3600s', '-3600s', '-30s', '+0 x2', '+0s'] as const

/** One copy of each service has a clock of its own, which jumps while it runs. */
export const m21: ChaosRow = {
  id: 'M21',
  title: 'wall clocks of single processes jump and run fast',
  stack: {},
  takeover: true,
  faults: TIMES.map((time) => `clock ${time}`),
  faultsMs: 30_000,
  requires: () => void requireFaketime(),
  run: async (chaos) => {
    const clocks: FakeClock[] = []
    for (const service of SERVICES) clocks.push(await fakeClock(chaos.stack, service))
    const first = chaos.rng.int(TIMES.length)
    let round = 0
    try {
      do {
        const time = TIMES[(first + round) % TIMES.length] ?? '+0s'
        round += 1
        await chaos.fault(`clock ${time}`, {}, () => {
          // Not all of them at once: what one believes another one contradicts.
          for (const clock of clocks) if (chaos.rng.int(4) > 0) clock.set(time)
        })
      } while (await chaos.rest(2_000 + chaos.rng.int(3_000)))
    } finally {
      for (const clock of clocks) clock.heal()
    }
  },
}
