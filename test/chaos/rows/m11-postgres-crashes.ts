import { crashPostgres, untilInTransaction, postgresUrl } from '../faults/postgres.ts'
import type { ChaosRow } from '../row.ts'

export const m11: ChaosRow = {
  id: 'M11',
  title: 'Postgres stops at once in the middle of transactions',
  stack: {},
  takeover: false,
  faults: ['crash postgres'],
  faultsMs: 24_000,
  run: async (chaos) => {
    do {
      const sessions = await untilInTransaction(postgresUrl(chaos.stack.home))
      await chaos.fault('crash postgres', { sessions }, () => crashPostgres(chaos.stack))
      await chaos.stack.ready()
    } while (await chaos.rest(4_000 + chaos.rng.int(4_000)))
  },
}
