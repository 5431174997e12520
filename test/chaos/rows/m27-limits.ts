import { monotonicMs } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { residentMiB } from '../faults/process.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import { SHORTENED } from '../shortened.ts'
import { type LimitCase, limitCases, type Told } from './limit-doors.ts'

const SERVICES = ['gateway', 'engine', 'scheduler', 'lock-manager', 'connector'] as const
/** What a process may keep of it, once it has had the time to give the rest back. */
const GROWTH_MIB = 100
const GIVEN_BACK_WITHIN_MS = 120_000

/** Just below each limit and at it all works; just above it somebody is told which limit that is. */
export const m27: ChaosRow = {
  id: 'M27',
  title: 'one below, at and one above the limits of every door',
  stack: {},
  takeover: false,
  faults: ['limit'],
  faultsMs: 600_000,
  quiesceMs: 180_000,
  withinMs: 1_500_000,
  load: { startsPerSecond: 2 },
  run: async (chaos) => {
    const before = processesOf(chaos)
    const all = await limitCases(chaos)
    const cases = SHORTENED > 1 ? all.filter(({ isHeavy }) => isHeavy !== true) : all
    let slowest = 0
    for (const one of cases) {
      const from = monotonicMs()
      await chaos.fault('limit', { door: one.door, limit: one.limit }, () => tryAll(chaos, one))
      slowest = Math.max(slowest, monotonicMs() - from)
    }
    chaos.note('doors', cases.length)
    chaos.note('slowest door, ms', Math.round(slowest))
    await judgeResources(chaos, before)
  },
}

async function tryAll(chaos: Chaos, one: LimitCase): Promise<void> {
  const { door, limit, under = 1 } = one
  const told = (n: number): Promise<Told> =>
    one.send(n).catch((error: unknown) => ({ works: false, status: 0, text: String(error) }))
  for (const n of [limit - under, limit]) {
    const { works, status, text } = await told(n)
    if (!works)
      chaos.violation('M27', `${door} of ${n}, up to ${limit}, is ${status}: ${text.slice(0, 300)}`)
  }
  const { works, status, text } = await told(limit + 1)
  const isRight = !works && status === one.status && one.says.test(text)
  if (!isRight)
    chaos.violation(
      'M27',
      `${door} of ${limit + 1}, over ${limit}, is ${works ? 'let in' : status} instead of ${one.status} with ${String(one.says)}: ${text.slice(0, 300)}`,
    )
}

/** I13: nobody has died of it, and nobody keeps what was sent. */
async function judgeResources(chaos: Chaos, before: ReadonlyMap<number, number>): Promise<void> {
  const died = [...before.keys()].filter((pid) => !processesOf(chaos).has(pid))
  if (died.length > 0) chaos.violation('I13', `${died.length} services have died at a limit`)
  const growth = (): number =>
    Math.max(...[...processesOf(chaos)].map(([pid, mib]) => mib - (before.get(pid) ?? mib)))
  await until(() => growth() <= GROWTH_MIB, {
    what: `every service within ${GROWTH_MIB} MiB of what it had`,
    timeoutMs: GIVEN_BACK_WITHIN_MS,
  }).catch((error: unknown) =>
    chaos.violation('I13', String(error), { grownByMiB: Math.round(growth()) }),
  )
  chaos.note('growth of a service, MiB', Math.round(growth()))
}

const processesOf = ({ stack }: Chaos): ReadonlyMap<number, number> =>
  new Map(
    SERVICES.flatMap((service) => stack.pidsOf(service)).map((pid) => [pid, residentMiB(pid)]),
  )
