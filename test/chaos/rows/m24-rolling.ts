import { monotonicMs } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { restartInOrder } from '../faults/process.ts'
import { BACK_WITHIN_MS, type ChaosRow } from '../row.ts'

/** Every copy of every service is told to end, one after the other, as an update does. */
export const m24: ChaosRow = {
  id: 'M24',
  title: 'rolling restart of all services in turn',
  stack: {},
  takeover: false,
  faults: ['restart'],
  faultsMs: 40_000,
  failuresAtMost: 1,
  run: async (chaos) => {
    let slowest = 0
    let rounds = 0
    while (!chaos.signal.aborted) {
      for (const service of SERVICES)
        for (let n = 1; n <= (service === 'engine' ? 3 : 2); n += 1) {
          const from = monotonicMs()
          await chaos.fault('restart', { service, n }, () =>
            restartInOrder(chaos.stack, service, n),
          )
          slowest = Math.max(slowest, monotonicMs() - from)
          // As an orchestrator does, which waits until the new one is ready.
          if (service === 'gateway') await ready(chaos.gateways[n - 1] ?? '')
          await chaos.rest(500 + chaos.rng.int(500))
        }
      rounds += 1
    }
    chaos.note('rounds', rounds)
    chaos.note('slowest restart, ms', Math.round(slowest))
    if (slowest > DRAIN_MS) chaos.violation('M24', `a service took ${slowest} ms to end`)
  },
}

function ready(url: string): Promise<boolean> {
  return until(async () => (await fetch(`${url}/ready`)).ok, {
    what: `${url} serves again`,
    timeoutMs: BACK_WITHIN_MS,
  })
}

const SERVICES = ['gateway', 'engine', 'scheduler', 'lock-manager', 'connector'] as const
const DRAIN_MS = 21_000
