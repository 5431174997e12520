import { failFsync, postgresUrl } from '../faults/postgres.ts'
import { runningPid } from '../faults/process.ts'
import { requireStrace } from '../faults/tools.ts'
import type { ChaosRow } from '../row.ts'

/** The disk under Postgres refuses an fsync: it panics, and what it had acknowledged is still there. */
export const m20: ChaosRow = {
  id: 'M20',
  title: 'an fsync of Postgres fails',
  stack: {},
  takeover: false,
  faults: ['fsync EIO'],
  faultsMs: 24_000,
  requires: requireStrace,
  run: async (chaos) => {
    const url = postgresUrl(chaos.stack.home)
    let hits = 0
    do {
      const nth = 1 + chaos.rng.int(12)
      const postmaster = await runningPid(chaos.stack, 'postgres')
      const hit = await chaos.fault('fsync EIO', { nth }, () =>
        failFsync({ url, postmaster }, { nth, withinMs: 5_000 }),
      )
      if (hit) hits += 1
      await chaos.stack.ready()
    } while (await chaos.rest(2_000 + chaos.rng.int(3_000)))
    chaos.note('fsyncs failed', hits)
  },
}
