import { type Cut, faultLinks } from '../faults/links.ts'
import type { Chaos, ChaosRow, Server } from '../row.ts'

const SERVICES = ['gateway', 'engine', 'scheduler', 'lock-manager', 'connector'] as const
const SERVERS = ['postgres', 'nats'] as const
const CUTS: readonly Cut[] = ['drop', 'one-way', 'reset']

/** Each service is cut from each server in all three ways, some of its copies or all of them. */
export const m15: readonly ChaosRow[] = SERVICES.flatMap((service) =>
  SERVERS.map((server) => ({
    id: `M15-${service}-${server}`,
    title: `${service} and ${server} are cut apart`,
    stack: { proxied: true },
    takeover: service === 'engine' && server === 'postgres',
    faults: CUTS.map((how) => `cut ${how}`),
    faultsMs: 42_000,
    run: (chaos) => cutInAllWays(chaos, service, server),
  })),
)

/** Long enough for a lease of 10 s to run out in most of them. */
const CUT_MIN_MS = 9_000
const CUT_JITTER_MS = 6_000

async function cutInAllWays(chaos: Chaos, service: string, server: Server): Promise<void> {
  const { rng } = chaos
  const links = faultLinks(chaos.links)
  const first = rng.int(CUTS.length)
  let round = 0
  try {
    do {
      const how = CUTS[(first + round) % CUTS.length] ?? 'drop'
      const who = round % 2 === 0 ? `${service}-1` : service
      const ms = CUT_MIN_MS + rng.int(CUT_JITTER_MS)
      round += 1
      await chaos.fault(`cut ${how}`, { who, server, ms }, async () => {
        links.cut(who, server, how)
        await chaos.rest(ms)
        links.heal()
      })
    } while (await chaos.rest(1_000 + rng.int(1_000)))
  } finally {
    links.heal()
  }
}
