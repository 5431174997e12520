import type { Chaos, ChaosRow } from '../row.ts'

/** M1 to M3: processes that die. The supervisor starts them again; their work goes to others. */
export const killRows: readonly ChaosRow[] = [
  {
    id: 'M1',
    title: 'kill -9 of one engine every few seconds',
    stack: {},
    takeover: true,
    faults: ['kill engine'],
    run: async (chaos) => {
      while (await chaos.rest(1_500 + chaos.rng.int(4_000))) await killOne(chaos, 'engine', 3)
      await allBack(chaos)
    },
  },
  ...(['gateway', 'scheduler', 'lock-manager', 'connector'] as const).map((service): ChaosRow => ({
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
      await allBack(chaos)
    },
  })),
  {
    id: 'M3',
    title: 'kill -9 of everything at once, Postgres and NATS too',
    stack: {},
    takeover: true,
    faults: ['kill everything'],
    run: async (chaos) => {
      while (await chaos.rest(3_000 + chaos.rng.int(4_000))) {
        await chaos.fault('kill everything', {}, () => {
          for (const service of [...SERVICES, 'postgres', 'nats'])
            for (const _ of chaos.stack.pidsOf(service)) chaos.stack.kill(service)
        })
        await allBack(chaos)
      }
    },
  },
]

const SERVICES = ['engine', 'gateway', 'scheduler', 'lock-manager', 'connector'] as const

/** Nothing to kill when the copy has just died: the next turn finds it again. */
async function killOne(chaos: Chaos, service: string, copies: number): Promise<void> {
  const n = 1 + chaos.rng.int(copies)
  if (chaos.stack.pidsOf(service).length < n) return
  await chaos.fault(`kill ${service}`, { n }, () => chaos.stack.kill(service, n))
}

/** The supervisor has started everything again, and a gateway says that it serves. */
async function allBack(chaos: Chaos): Promise<void> {
  await chaos.stack.ready()
}
