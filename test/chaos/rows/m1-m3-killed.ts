import { signal } from '../../stack/processes.ts'
import { killOne } from '../faults/process.ts'
import { BACK_WITHIN_MS, type Chaos, type ChaosRow } from '../row.ts'

/** An engine dies; its work goes to the others, and it is started again. */
export const m1: ChaosRow = {
  id: 'M1',
  title: 'kill -9 of one engine every few seconds',
  stack: {},
  takeover: true,
  faults: ['kill engine'],
  run: killEnginesInTurn,
}

export async function killEnginesInTurn(chaos: Chaos): Promise<void> {
  while (await chaos.rest(1_500 + chaos.rng.int(4_000))) await killOne(chaos, 'engine', 3)
  await chaos.stack.ready(BACK_WITHIN_MS)
}

/** Of each other service one copy, or both. */
export const m2: readonly ChaosRow[] = (
  ['gateway', 'scheduler', 'lock-manager', 'connector'] as const
).map((service) => ({
  id: `M2-${service}`,
  title: `kill -9 of the ${service}, one copy or both`,
  stack: {},
  takeover: false,
  faults: [`kill ${service}`],
  run: async (chaos) => {
    while (await chaos.rest(1_500 + chaos.rng.int(3_000))) {
      const both = chaos.rng.int(3) === 0
      await killOne(chaos, service, 2)
      if (both) await killOne(chaos, service, 2)
    }
    await chaos.stack.ready(BACK_WITHIN_MS)
  },
}))

/** Everything dies in the same moment: what is left is what was on the disk of Postgres. */
export const m3: ChaosRow = {
  id: 'M3',
  title: 'kill -9 of everything at once, Postgres and NATS too',
  stack: {},
  takeover: true,
  faults: ['kill everything'],
  run: async (chaos) => {
    while (await chaos.rest(3_000 + chaos.rng.int(4_000))) {
      await chaos.fault('kill everything', {}, () => {
        for (const service of ALL)
          for (const pid of chaos.stack.pidsOf(service)) signal(pid, 'SIGKILL')
      })
      await chaos.stack.ready(BACK_WITHIN_MS)
    }
  },
}

const ALL = [
  ...['engine', 'gateway', 'scheduler', 'lock-manager', 'connector'],
  ...['postgres', 'nats'],
]
