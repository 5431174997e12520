import { isEnded, type Execution } from '@millrace/client'
import type { Context } from './context.ts'
import { followExecution } from './follow-execution.ts'

export interface Awaiting {
  /** The beginning of what is said of an execution that has not ended yet. */
  readonly did: 'started' | 'reverted'
  /** Seconds; undefined: for ever. */
  readonly timeout: number | undefined
  /** Show what happens until then. */
  readonly follow?: boolean | undefined
}

/**
 * Says which execution it is, so that whoever loses this process can find it, and waits for its end.
 * Errors: as `executions.wait`; it is said then that the execution goes on.
 */
export async function awaitEnd(
  execution: Execution,
  { did, timeout, follow = false }: Awaiting,
  context: Context,
): Promise<Execution> {
  if (isEnded(execution)) return execution
  const { io, interrupted: signal, now } = context.deps
  const { id } = execution
  io.err(`${did} ${id}`)
  const startedAt = now()
  const client = await context.client()
  try {
    if (follow) await followExecution(client, id, { timeoutSeconds: timeout, show: io.err, signal })
    const timeoutSeconds =
      timeout === undefined ? undefined : Math.max(0, timeout - (now() - startedAt) / 1000)
    return await client.executions.wait(id, { timeoutSeconds, signal })
  } catch (error) {
    io.err(`execution ${id} goes on; see it with \`millrace execution tail ${id}\``)
    throw error
  }
}
