import { ApiError } from './api-error.ts'
import { ServerAwayError, TimedOutError } from './away-error.ts'
import { isEnded, type Execution } from './execution-record.ts'
import type { WaitOptions } from './executions.ts'
import { as } from './records.ts'
import { LONGEST_RETRY_AFTER_MS } from './retry.ts'
import type { Transport } from './transport.ts'

/** One request waits no longer than this, so that proxies do not take it for dead. Seconds. */
const LONGEST_REQUEST_SECONDS = 50

/** A server that answers at once although the end is not there is asked no more often than this. */
const SHORTEST_ROUND_MS = 250

/** Requests in a row that came to nothing, each with its own tries, after which the waiting ends. */
const MAX_FAILURES = 12
const LONGEST_PAUSE_MS = 3_000

/**
 * Asks for the record with `wait` again and again until it has ended; a server may be away for half a
 * minute meanwhile.
 * Errors: TimedOutError when the time is up; ApiError for an answer that another request does not
 * change; ServerAwayError. The execution goes on regardless.
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
  for (let failures = 0; ;) {
    const roundAt = platform.monotonicMs()
    try {
      const execution = await lookOnce()
      failures = 0
      if (isEnded(execution)) return execution
      if (leftMs() <= 0) {
        throw new TimedOutError(
          `execution ${id} is still ${execution.status} after ${options.timeoutSeconds} s; it goes on`,
        )
      }
    } catch (error) {
      failures += 1
      if (!mayPass(error) || failures >= MAX_FAILURES || leftMs() <= 0) throw error
    }
    const tookMs = platform.monotonicMs() - roundAt
    const pauseMs =
      failures === 0
        ? SHORTEST_ROUND_MS - tookMs
        : Math.min(LONGEST_PAUSE_MS, 100 * 2 ** failures, leftMs())
    if (pauseMs > 0) await platform.delay(pauseMs, options.signal)
  }

  async function lookOnce(): Promise<Execution> {
    const wait = Math.max(0, Math.min(LONGEST_REQUEST_SECONDS, Math.ceil(leftMs() / 1000)))
    return as<Execution>(
      await transport.send({
        method: 'GET',
        path: `/execution/${encodeURIComponent(id)}`,
        query: { wait },
        signal: options.signal,
      }),
    )
  }
}

/** No answer, or one that says that the server has none at the moment and not for how long. */
const mayPass = (error: unknown): boolean =>
  error instanceof ServerAwayError ||
  (error instanceof ApiError &&
    error.retryable &&
    (error.retryAfterMs ?? 0) <= LONGEST_RETRY_AFTER_MS)
