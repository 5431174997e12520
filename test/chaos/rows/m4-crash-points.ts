import { crashAtWrite, crashPoints } from '../faults/crash-point.ts'
import { requireStrace } from '../faults/tools.ts'
import type { ChaosRow } from '../row.ts'

/**
 * The copies of a service die at their nth write, n from 1 to 200: between any two things that they
 * tell the world. Half of them as they start, half in the middle of the work.
 */
export const m4: readonly ChaosRow[] = (['engine', 'scheduler', 'lock-manager'] as const).map(
  (service) => ({
    id: `M4-${service}`,
    title: `${service} dies at its nth write, one n after the other`,
    stack: {},
    takeover: service === 'engine',
    faults: ['crash at write'],
    faultsMs: 60_000,
    requires: requireStrace,
    run: async (chaos) => {
      let hits = 0
      for (const { nth } of crashPoints([service], chaos.rng)) {
        const n = chaos.rng.int(chaos.stack.pidsOf(service).length) + 1
        const fromStart = chaos.rng.int(2) === 0
        const hit = await chaos.fault('crash at write', { service, n, nth, fromStart }, () =>
          crashAtWrite(
            chaos.stack,
            { service, n, nth, fromStart },
            { withinMs: 12_000, abort: chaos.signal },
          ),
        )
        if (hit) hits += 1
        if (!(await chaos.rest(chaos.rng.int(500)))) break
      }
      chaos.note('crash points hit', hits)
    },
  }),
)
