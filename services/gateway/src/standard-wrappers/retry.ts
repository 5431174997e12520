import {
  InvalidInputError,
  type ChildExecution,
  type Execution,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

interface Inputs {
  readonly wrapped: Wrapped
  /** The first one counts. Default 3. */
  readonly max_tries?: number
  /** Between two tries. Default 10. */
  readonly delay_sec?: number
  /** Each delay is so many times the one before. Default 1: all are equal. */
  readonly backoff?: number
  /** No delay is longer. Default 3600. */
  readonly max_delay_sec?: number
}

/**
 * Runs what it wraps again when it has ended in error, after a while, a number of times. What was
 * cancelled is not tried again: somebody wanted it to end. Ends as the last try has.
 */
export default async function handler(
  _system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  const { max_tries: maxTries = 3, delay_sec: delaySec = 10 } = inputs
  const { backoff = 1, max_delay_sec: maxDelaySec = 3_600 } = inputs
  if (!(maxTries >= 1)) throw new InvalidInputError('retry: max_tries must be 1 or more')
  if (!(delaySec >= 0)) throw new InvalidInputError('retry: delay_sec must be 0 or more')

  for (let tries = 1; ; tries += 1) {
    const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' })
    if (child.status !== 'ENDED_ERROR' || tries >= maxTries) passOn(self, child)
    const delay = Math.min(delaySec * backoff ** (tries - 1), maxDelaySec)
    self.log(`try ${tries} of ${maxTries} has failed; the next one is in ${delay} s`, {
      execution_id: child.id,
      message: child.message,
    })
    await self.sleep(delay)
  }
}

/** Ends as the wrapped execution has. */
function passOn(self: Execution, child: ChildExecution): never {
  self.save({ output_value: child.output })
  const message = child.message ?? undefined
  if (child.status === 'ENDED_SUCCESS') return self.success(message)
  return child.status === 'ENDED_CANCELLED' ? self.cancel(message) : self.error(message)
}
