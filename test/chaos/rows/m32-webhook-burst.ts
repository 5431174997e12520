import { readdirSync } from 'node:fs'
import { monotonicMs, sleep } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { residentMiB } from '../faults/process.ts'
import type { HookCall } from '../load/hooks.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import { shortened } from '../shortened.ts'

const PER_SECOND = 500
const BURST_MS = shortened(60_000)
const REPLAYED = 0.2
const FORGED = 0.05
/** Of the gateways, over what they had before: the machine's own noise, and no more. */
const [GROWTH_MIB, FDS] = [128, 64]
const QUIET_WITHIN_MS = 120_000

/** More calls than there is room for, some of them again and some of them false. */
export const m32: ChaosRow = {
  id: 'M32',
  title:
    'webhooks are called 500 times a second for a minute, a fifth again, some under a false key',
  stack: {},
  takeover: false,
  faults: ['burst'],
  mustSee: ['repeats', 'forged'],
  faultsMs: BURST_MS + QUIET_WITHIN_MS,
  quiesceMs: 300_000,
  withinMs: 1_200_000,
  load: { startsPerSecond: 2, weights: { hook: 4 } },
  run: async (chaos) => {
    const before = gatewaysOf(chaos)
    const sent = await chaos.fault('burst', { perSecond: PER_SECOND, ms: BURST_MS }, () =>
      burst(chaos),
    )
    judgeAnswers(chaos, sent)
    await comeAgain(chaos, sent)
    await judgeResources(chaos, before)
  },
}

interface Sent extends HookCall {
  readonly isRepeat: boolean
  readonly status: number | null
}

/** At scheduled times, whatever became of the calls before. */
async function burst({ load, rng, note }: Chaos): Promise<readonly Sent[]> {
  const calls: Promise<Sent>[] = []
  const known: string[] = []
  const from = monotonicMs()
  let latest = 0
  for (let n = 0; n < (PER_SECOND * BURST_MS) / 1_000; n += 1) {
    const due = from + (n * 1_000) / PER_SECOND
    const waitMs = due - monotonicMs()
    if (waitMs > 1) await sleep(waitMs)
    latest = Math.max(latest, -waitMs)
    const isRepeat = known.length > 0 && rng.next() < REPLAYED
    const signed = isRepeat || rng.next() >= FORGED
    const delivery = isRepeat ? rng.pick(known) : `burst-${n}`
    if (signed && !isRepeat) known.push(delivery)
    const call = { delivery, signed }
    calls.push(load.hooks.send(call).then((status) => ({ ...call, isRepeat, status })))
  }
  const sent = await Promise.all(calls)
  note('sent', sent.length)
  note('sent late by at most, ms', Math.round(latest))
  note('sent within, ms', Math.round(monotonicMs() - from))
  return sent
}

function judgeAnswers({ note, violation }: Chaos, sent: readonly Sent[]): void {
  const count = (isOne: (one: Sent) => boolean): number => sent.filter(isOne).length
  note(
    'repeats',
    count(({ isRepeat }) => isRepeat),
  )
  note(
    'forged',
    count(({ signed }) => !signed),
  )
  note(
    'accepted',
    count(({ status }) => status === 200 || status === 202),
  )
  note(
    'shed with 429',
    count(({ status }) => status === 429),
  )
  const wrong = sent.filter(
    ({ signed, status }) => !ALLOWED[signed ? 'signed' : 'forged'].has(status),
  )
  if (wrong.length > 0)
    violation(
      'M32',
      `${wrong.length} of ${sent.length} calls were answered otherwise than with 2xx, 401 and 429`,
      wrong.slice(0, 10),
    )
}

const ALLOWED = {
  signed: new Set<number | null>([200, 202, 429]),
  forged: new Set<number | null>([401, 429]),
} as const

/** Whoever was told to come again does so, until each delivery has its answer. */
async function comeAgain({ load, note, signal }: Chaos, sent: readonly Sent[]): Promise<void> {
  const done = new Set(
    sent.filter(({ status }) => status === 200 || status === 202).map(({ delivery }) => delivery),
  )
  const left = [
    ...new Set(
      sent
        .filter(({ signed, delivery }) => signed && !done.has(delivery))
        .map((one) => one.delivery),
    ),
  ]
  note('deliveries that came again', left.length)
  const lane = async (): Promise<void> => {
    for (let delivery = left.pop(); delivery !== undefined; delivery = left.pop())
      await load.hooks.deliver({ delivery, signed: true }, signal)
  }
  await Promise.all(Array.from({ length: 32 }, lane))
}

interface Resources {
  readonly mib: number
  readonly fds: number
}

/** I13: what the burst has taken is given back. */
async function judgeResources(chaos: Chaos, before: ReadonlyMap<number, Resources>): Promise<void> {
  const growth = (): { mib: number; fds: number } => {
    const after = gatewaysOf(chaos)
    const grown = [...before].map(([pid, { mib, fds }]) => ({
      mib: (after.get(pid)?.mib ?? Infinity) - mib,
      fds: (after.get(pid)?.fds ?? Infinity) - fds,
    }))
    return {
      mib: Math.max(...grown.map(({ mib }) => mib)),
      fds: Math.max(...grown.map(({ fds }) => fds)),
    }
  }
  await until(() => growth().mib <= GROWTH_MIB && growth().fds <= FDS, {
    what: `gateways within ${GROWTH_MIB} MiB and ${FDS} sockets of what they had`,
    timeoutMs: QUIET_WITHIN_MS,
  }).catch((error: unknown) => chaos.violation('I13', String(error), growth()))
  chaos.note('growth of a gateway, MiB', Math.round(growth().mib))
  chaos.note('growth of a gateway, sockets', growth().fds)
}

function gatewaysOf({ stack }: Chaos): ReadonlyMap<number, Resources> {
  return new Map(
    stack.pidsOf('gateway').map((pid) => [pid, { mib: residentMiB(pid), fds: openFiles(pid) }]),
  )
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0 // gone
  }
}
