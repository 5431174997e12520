import { monotonicMs } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { residentMiB } from '../faults/process.ts'
import { BOMBS } from '../load/flows.ts'
import type { Chaos, ChaosRow } from '../row.ts'

const CPU_LIMIT_MS = 1_000

/** Code of users that takes all it can get: it ends alone, soon, and with a message that says why. */
export const m28: ChaosRow = {
  id: 'M28',
  title: 'user code that loops, recurses, and eats memory',
  stack: { env: { MILLRACE_CPU_LIMIT_MS: String(CPU_LIMIT_MS) } },
  takeover: false,
  faults: Object.keys(BOMBS),
  faultsMs: 25_000,
  load: { startsPerSecond: 8 },
  run: async (chaos) => {
    const engines = chaos.stack.pidsOf('engine')
    const before = Math.max(...engines.map(residentMiB))
    let slowest = 0
    do {
      const kinds = Object.keys(BOMBS)
      while (kinds.length > 0) {
        const [kind = ''] = kinds.splice(chaos.rng.int(kinds.length), 1)
        slowest = Math.max(slowest, await chaos.fault(kind, {}, () => explode(chaos, kind)))
      }
    } while (await chaos.rest(500))
    const after = Math.max(...engines.map(residentMiB))
    chaos.note('slowest end, ms', Math.round(slowest))
    chaos.note('growth of an engine, MiB', Math.round(after - before))
    if (chaos.stack.pidsOf('engine').some((pid) => !engines.includes(pid)))
      chaos.violation('M28', 'an engine has died of user code')
  },
}

/** Answers with how long it lived, ms. What it must end in is judged like all work (I7). */
async function explode(chaos: Chaos, kind: string): Promise<number> {
  const from = monotonicMs()
  const id = await chaos.load.start('bomb', { kind })
  if (id === null) return 0
  await until(
    async () => {
      const [row] = await chaos.sql<{ ended: boolean }>(
        'SELECT ended_at IS NOT NULL AS ended FROM execution WHERE id = $1',
        [id],
      )
      return row?.ended
    },
    { what: `the end of ${kind}`, timeoutMs: 90_000 },
  )
  return monotonicMs() - from
}
