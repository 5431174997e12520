import { natsUrl } from '../faults/nats.ts'
import { copyNats, recordMessages, rollBackNats, sendAgain } from '../faults/nats-copy.ts'
import type { ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'
import { WITH_WAITS } from './with-waits.ts'

const AGE_MS = shortened(600_000)
const RECORD_MS = 10_000
const TIMES = 3
const PAUSE_MS = 20_000

/**
 * NATS comes back as it was ten minutes ago: its folder is an old copy, and what was in its streams then
 * is there again. Ours holds its messages in memory, so those that were heard at the time of the copy
 * are published once more: what a stream on disk would do.
 */
export const m9: ChaosRow = {
  id: 'M9',
  title: 'NATS is rolled back to a copy of itself that is ten minutes old',
  stack: {},
  takeover: false,
  faults: ['roll back nats'],
  mustSee: ['old messages sent again'],
  faultsMs: AGE_MS + RECORD_MS + TIMES * (PAUSE_MS + 15_000),
  withinMs: AGE_MS + 600_000,
  load: { startsPerSecond: 6, weights: WITH_WAITS, takenBack: 0.1 },
  run: async (chaos) => {
    const { stack } = chaos
    const old = await recordMessages(natsUrl(stack), RECORD_MS)
    const copy = await copyNats(stack)
    await chaos.rest(AGE_MS)
    let sent = 0
    for (let turn = 0; turn < TIMES; turn += 1) {
      await chaos.fault('roll back nats', { messages: old.length }, async () => {
        await rollBackNats(stack, copy)
        sent += await sendAgain(natsUrl(stack), old)
      })
      await chaos.rest(PAUSE_MS)
    }
    chaos.note('old messages sent again', sent)
  },
}
