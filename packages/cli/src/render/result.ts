import { isEnded, type Execution } from '@millrace/client'
import type { Context } from '../context.ts'

/**
 * What came of a run: the output on standard output, so that it can be piped, and how it ended on
 * standard error. One that has not ended is known by its id.
 */
export function renderResult(execution: Execution, context: Context): string {
  if (!isEnded(execution)) return `${execution.id}  ${execution.status}`
  const message =
    execution.message === null || execution.message === '' ? '' : `: ${execution.message}`
  context.deps.io.err(`${execution.status} ${execution.id}${message}`)
  const output = execution.output_value
  return output === null || output === undefined ? '' : JSON.stringify(output, null, 2)
}
