import { after } from '@millrace/runtime'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'

/**
 * Runs `work` (resolve, connect, TLS, log in) under `connect_timeout`, a limit within the attempt's
 * own. `work` must stop when its signal is aborted.
 */
export async function withConnectDeadline<T>(
  attempt: Attempt,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timer = after(timeoutMs, () =>
    controller.abort(
      new ConnectionFailure(
        'TIMED_OUT',
        `No connection after ${timeoutMs / 1000} s (${attempt.phase}). Check host, port and firewalls, or raise connect_timeout.`,
        { details: { timeout: 'connect_timeout' }, phase: attempt.phase },
      ),
    ),
  )
  try {
    return await work(AbortSignal.any([attempt.signal, controller.signal]))
  } finally {
    timer.cancel()
  }
}
