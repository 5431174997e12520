import { descendantsOf, freeze } from '../faults/process.ts'
import { metricOf } from '../run/metric-of.ts'
import type { Chaos, ChaosRow } from '../row.ts'

const REJECTED = 'stale writes rejected'
const TURNS_MAX = 4

/**
 * An engine stands still until others have its work, and then goes on as if nothing had happened: what
 * it still wants to write must be refused, and be seen to be.
 */
export const m5: ChaosRow = {
  id: 'M5',
  title: 'SIGSTOP of an engine for longer than its lease, then SIGCONT',
  stack: {},
  takeover: true,
  faults: ['freeze engine'],
  mustSee: [REJECTED],
  faultsMs: 32_000,
  run: async (chaos) => {
    let rejected = 0
    for (let turn = 0; turn < TURNS_MAX && (rejected === 0 || !chaos.signal.aborted); turn += 1)
      rejected += await freezeOne(chaos)
    chaos.note(REJECTED, rejected)
  },
}

/** Freezes one engine in the middle of work; answers with what of its work was refused afterwards. */
async function freezeOne(chaos: Chaos): Promise<number> {
  const n = 1 + chaos.rng.int(3)
  // Long enough to be claimed, so that another takes them over, and spread over all engines.
  const busy = Array.from({ length: 9 }, () =>
    chaos.load.start('slow', { turns: 2, loops: 150_000_000, rest: 0.05 }),
  )
  await Promise.all(busy)
  await new Promise((resolve) => setTimeout(resolve, 100 + chaos.rng.int(300)))
  const [pid] = chaos.stack.pidsOf('engine').slice(n - 1)
  if (pid === undefined) return 0
  const ms = chaos.rng.int(6) === 0 ? 50_000 : 13_000 + chaos.rng.int(5_000)
  // Its sandboxes stand still with it, or have their results ready when it wakes.
  const pids = chaos.rng.int(2) === 0 ? [pid] : [pid, ...descendantsOf(pid)]
  const before = await metricOf(pid, 'millrace_engine_fenced_total')
  await chaos.fault('freeze engine', { n, ms, pids: pids.length }, () => freeze(pids, ms))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const rejected = (await metricOf(pid, 'millrace_engine_fenced_total')) - before
  return Number.isFinite(rejected) ? rejected : 0
}
