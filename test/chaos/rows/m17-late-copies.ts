import { natsUrl } from '../faults/nats.ts'
import { startRepublisher } from '../faults/republish.ts'
import type { ChaosRow } from '../row.ts'

/** A tenth of all messages comes again, out of order, and long after what they speak of has ended. */
export const m17: ChaosRow = {
  id: 'M17',
  title: 'messages come twice, out of order and late',
  stack: {},
  takeover: false,
  faults: ['republish'],
  faultsMs: 40_000,
  run: async (chaos) => {
    const url = natsUrl(chaos.stack)
    await using soon = await startRepublisher({ url, rng: chaos.rng, share: 0.1, withinMs: 2_000 })
    await using late = await startRepublisher({ url, rng: chaos.rng, share: 0.1, withinMs: 30_000 })
    do await chaos.fault('republish', {}, () => chaos.rest(5_000))
    while (await chaos.rest(100))
    chaos.note('copies soon', soon.sent)
    chaos.note('copies late', late.sent)
  },
}
