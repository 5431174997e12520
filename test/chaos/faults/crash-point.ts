import type { Stack } from '../../stack/index.ts'
import { signal } from '../../stack/processes.ts'
import type { Rng } from '../rng.ts'
import { replaced, runningPid } from './process.ts'
import { injectFault } from './strace.ts'

/**
 * Everything by which Node tells the world something. It writes to sockets, pipes and logs from its
 * main thread (libuv tries at once, and only waits in epoll when that fails), so that thread alone is
 * traced and counted: its sandbox and its thread pool go on at full speed.
 */
const WRITES = ['write', 'writev', 'sendto', 'sendmsg', 'pwrite64']

export interface CrashPoint {
  readonly service: string
  readonly n: number
  /** Which write it does not live to make, from when it is traced on. */
  readonly nth: number
  /** From the first write of a fresh process, which is killed and traced as it starts; else while it runs. */
  readonly fromStart: boolean
}

/**
 * A copy of a service dies by SIGKILL as it enters its nth write: before the bytes are out, after
 * everything else was. Resolves when another runs in its place; false when it made fewer writes in time.
 */
export async function crashAtWrite(
  stack: Stack,
  { service, n, nth, fromStart }: CrashPoint,
  { withinMs = 15_000, abort }: { withinMs?: number; abort?: AbortSignal } = {},
): Promise<boolean> {
  const pid = await (fromStart ? freshCopy(stack, service, n) : runningPid(stack, service, n))
  const hit = await injectFault({
    pids: [pid],
    calls: WRITES,
    fault: `signal=SIGKILL:when=${nth}`,
    withinMs,
    ...(abort !== undefined && { abort }),
  })
  if (hit) await replaced(stack, { service, n, former: pid })
  return hit
}

async function freshCopy(stack: Stack, service: string, n: number): Promise<number> {
  const former = await runningPid(stack, service, n)
  signal(former, 'SIGKILL')
  return replaced(stack, { service, n, former })
}

/**
 * The points of a whole sweep, in an order of this seed's: every write up to the 30th, then every
 * fifth up to the 200th. A run takes as many as it has time for; runs with other seeds take others.
 */
export function crashPoints(
  services: readonly string[],
  rng: Rng,
): { service: string; nth: number }[] {
  const writes = Array.from({ length: 30 }, (_, index) => index + 1).concat(
    Array.from({ length: 34 }, (_, index) => 35 + index * 5),
  )
  const points = services.flatMap((service) => writes.map((nth) => ({ service, nth })))
  for (let last = points.length - 1; last > 0; last -= 1) {
    const other = rng.int(last + 1)
    const [a, b] = [points[last], points[other]]
    if (a !== undefined && b !== undefined) [points[last], points[other]] = [b, a]
  }
  return points
}
