import { TimedOutError } from './away-error.ts'
import { isEnded, type Execution } from './execution-record.ts'
import type { WaitOptions } from './executions.ts'
import { as } from './records.ts'
import type { Transport } from './transport.ts'

/** One request waits no longer than this, so that proxies do not take it for dead. Seconds. */
const LONGEST_REQUEST_SECONDS = 50

/** A server that answers at once although the end is not there is asked no more often than this. */
const SHORTEST_ROUND_MS = 250

/**
 * Asks for the record with `wait` again and again until it has ended.
 * Errors: TimedOutError when the time is up; the execution goes on regardless.
 */
export async function waitForEnd(
  transport: Transport,
  id: string,
  options: WaitOptions = {},
): Promise<Execution> {
  const { platform } = transport
  const startedAt = platform.monotonicMs()
  const leftMs = () =>
    (options.timeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000 -
    (platform.monotonicMs() - startedAt)
  for (;;) {
    const roundAt = platform.monotonicMs()
    const wait = Math.max(0, Math.min(LONGEST_REQUEST_SECONDS, Math.ceil(leftMs() / 1000)))
    const execution = as<Execution>(
      await transport.send({
        method: 'GET',
        path: `/execution/${encodeURIComponent(id)}`,
        query: { wait },
        signal: options.signal,
      }),
    )
    if (isEnded(execution)) return execution
    if (leftMs() <= 0) {
      throw new TimedOutError(
        `execution ${id} is still ${execution.status} after ${options.timeoutSeconds} s; it goes on`,
      )
    }
    const tookMs = platform.monotonicMs() - roundAt
    if (tookMs < SHORTEST_ROUND_MS) await platform.delay(SHORTEST_ROUND_MS - tookMs, options.signal)
  }
}
