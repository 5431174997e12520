import { TimedOutError, type Client } from '@millrace/client'
import { renderEvent } from './render/event.ts'

/** Shows what an execution does until it has ended. Errors: TimedOutError. */
export async function followExecution(
  client: Client,
  id: string,
  options: {
    timeoutSeconds?: number | undefined
    show: (line: string) => void
    signal: AbortSignal
  },
): Promise<void> {
  const limit =
    options.timeoutSeconds === undefined
      ? null
      : AbortSignal.timeout(Math.ceil(options.timeoutSeconds * 1000))
  const signal = limit === null ? options.signal : AbortSignal.any([options.signal, limit])
  try {
    for await (const event of client.executions.stream(id, { signal })) {
      const line = renderEvent(event)
      if (line !== null) options.show(line)
    }
  } catch (error) {
    if (limit?.aborted === true)
      throw new TimedOutError(`execution ${id} has not ended after ${options.timeoutSeconds} s`)
    throw error
  }
}
