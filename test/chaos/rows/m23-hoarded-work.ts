import { ackPending, limitAckPending, natsUrl, startHoard } from '../faults/nats.ts'
import type { Chaos, ChaosRow } from '../row.ts'

const STREAM = 'WORK'
const CONSUMER = 'engine'
/** Far below what the load has under way at once. */
const LIMIT = 16

/**
 * A worker takes work and never says that it is done; then the consumer reaches a limit of such work,
 * at which NATS gives nobody any more.
 */
export const m23: ChaosRow = {
  id: 'M23',
  title: 'taken work is never acknowledged',
  stack: {},
  takeover: false,
  faults: ['hoard', 'hoard to the limit'],
  faultsMs: 50_000,
  quiesceMs: 90_000,
  run: async (chaos) => {
    const url = natsUrl(chaos.stack)
    let hoarded = await chaos.fault('hoard', {}, () => hoardFor(chaos, url))
    try {
      do
        await chaos.fault('hoard to the limit', { limit: LIMIT }, async () => {
          await limitAckPending(url, { stream: STREAM, consumer: CONSUMER, limit: LIMIT })
          hoarded += await hoardFor(chaos, url)
        })
      while (await chaos.rest(1_000))
    } finally {
      await limitAckPending(url, { stream: STREAM, consumer: CONSUMER, limit: -1 })
      chaos.note('messages hoarded', hoarded)
    }
  },
}

/** For longer than what is not acknowledged stays with its taker. */
const HOARD_MS = 24_000

async function hoardFor(chaos: Chaos, url: string): Promise<number> {
  await using hoard = startHoard({ url, stream: STREAM, consumer: CONSUMER })
  await chaos.rest(HOARD_MS)
  chaos.note('unacknowledged', await ackPending(url, STREAM, CONSUMER))
  return hoard.taken
}
