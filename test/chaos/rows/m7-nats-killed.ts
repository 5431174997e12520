import { killNats } from '../faults/nats.ts'
import type { ChaosRow } from '../row.ts'

export const m7: ChaosRow = {
  id: 'M7',
  title: 'NATS is killed again and again',
  stack: {},
  takeover: false,
  faults: ['kill nats'],
  run: async (chaos) => {
    do await chaos.fault('kill nats', {}, () => killNats(chaos.stack))
    while (await chaos.rest(2_000 + chaos.rng.int(4_000)))
  },
}
