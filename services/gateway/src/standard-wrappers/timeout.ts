import {
  DependencyTimeoutError,
  EngineException,
  InvalidInputError,
  type ChildExecution,
  type Execution,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

interface Inputs {
  readonly wrapped: Wrapped
  /** Counted from its start, its own waits included. */
  readonly timeout_sec: number
}

/** Cancels what it wraps when it takes too long, with all that it has started, and ends in error. */
export default async function handler(
  _system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  const { timeout_sec: timeoutSec } = inputs
  if (!(timeoutSec > 0))
    throw new InvalidInputError('timeout: timeout_sec must be a number of seconds above 0')

  const child = await self.wrapped(undefined, { wait: false })
  const isInTime = await endsWithin(child, timeoutSec)
  if (isInTime) passOn(self, child)
  await cancel(self, child)
  self.error(`${child.name ?? child.id} did not end within ${timeoutSec} s and was cancelled`)
}

async function endsWithin(child: ChildExecution, timeoutSec: number): Promise<boolean> {
  try {
    await child.wait({ returnWhen: 'ALL_ENDED', timeout: timeoutSec })
    return true
  } catch (error) {
    if (error instanceof DependencyTimeoutError) return false
    throw error
  }
}

/** It may end between the timeout and this. */
async function cancel(self: Execution, child: ChildExecution): Promise<void> {
  try {
    await child.cancel()
  } catch (error) {
    if (!(error instanceof EngineException)) throw error
    self.log('it was not cancelled', error.message)
  }
}

/** Ends as the wrapped execution has. */
function passOn(self: Execution, child: ChildExecution): never {
  self.save({ output_value: child.output })
  const message = child.message ?? undefined
  if (child.status === 'ENDED_SUCCESS') return self.success(message)
  return child.status === 'ENDED_CANCELLED' ? self.cancel(message) : self.error(message)
}
