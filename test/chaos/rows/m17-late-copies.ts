import { faultLinks } from '../faults/links.ts'
import { natsUrl } from '../faults/nats.ts'
import { startRepublisher } from '../faults/republish.ts'
import type { ChaosRow } from '../row.ts'

/**
 * Of all messages a tenth comes twice, a tenth is late, and a few are lost; besides, copies come long
 * after what they speak of has ended.
 */
export const m17: ChaosRow = {
  id: 'M17',
  title: 'messages come twice, out of order, late and not at all',
  stack: { proxied: true },
  takeover: false,
  faults: ['shuffle', 'republish'],
  faultsMs: 40_000,
  run: async (chaos) => {
    const { rng } = chaos
    const links = faultLinks(chaos.links).all.filter(({ server }) => server === 'nats')
    await using late = await startRepublisher({
      ...{ url: natsUrl(chaos.stack), rng, share: 0.1, withinMs: 30_000 },
    })
    try {
      do {
        await chaos.fault('shuffle', {}, async () => {
          const withinMs = 1_000 + rng.int(12_000)
          for (const link of links)
            link.behave({ up: { kind: 'shuffle', lost: 0.02, twice: 0.1, late: 0.1, withinMs } })
          await chaos.rest(6_000)
        })
        await chaos.fault('republish', {}, () => chaos.rest(1_000).then(() => late.sent > 0))
      } while (await chaos.rest(100))
    } finally {
      faultLinks(chaos.links).heal()
    }
    const shuffled = links.reduce((sum, { hits }) => sum + hits.shuffled, 0)
    chaos.note('messages shuffled', shuffled)
    chaos.note('late copies', late.sent)
  },
}
