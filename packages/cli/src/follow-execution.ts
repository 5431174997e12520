import { type Client, type ExecutionEvent, TimedOutError } from '@millrace/client'
import { abortAfter } from './abort-after.ts'
import { renderEvent } from './render/event.ts'

/** Shows what an execution does until it has ended. Errors: TimedOutError. */
export async function followExecution(
  client: Client,
  id: string,
  options: {
    timeoutSeconds?: number | undefined
    /** Null: not shown. For people by default. */
    render?: (event: ExecutionEvent) => string | null
    show: (line: string) => void
    signal: AbortSignal
  },
): Promise<void> {
  const { render = renderEvent } = options
  const limit =
    options.timeoutSeconds === undefined
      ? null
      : abortAfter(Math.ceil(options.timeoutSeconds * 1000))
  const signal = limit === null ? options.signal : AbortSignal.any([options.signal, limit])
  try {
    for await (const event of client.executions.stream(id, { signal })) {
      const line = render(event)
      if (line !== null) options.show(line)
    }
  } catch (error) {
    if (limit?.aborted === true)
      throw new TimedOutError(`execution ${id} has not ended after ${options.timeoutSeconds} s`)
    throw error
  }
}
