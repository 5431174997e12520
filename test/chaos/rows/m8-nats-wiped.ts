import { wipeRunningNats, wipeStoppedNats } from '../faults/nats.ts'
import type { ChaosRow } from '../row.ts'

/** Nothing may be only in NATS: what was is found again, without anybody's help. */
export const m8: ChaosRow = {
  id: 'M8',
  title: 'NATS is emptied, while it runs and while it does not',
  stack: {},
  takeover: false,
  faults: ['wipe running nats', 'wipe stopped nats'],
  run: async (chaos) => {
    do {
      await chaos.fault('wipe running nats', {}, () => wipeRunningNats(chaos.stack))
      if (!(await chaos.rest(1_000 + chaos.rng.int(4_000)))) return
      await chaos.fault('wipe stopped nats', {}, () => wipeStoppedNats(chaos.stack))
    } while (await chaos.rest(1_000 + chaos.rng.int(4_000)))
  },
}
