import type { NewExecution } from './new-execution.ts'
import type { Wrapping } from './wrap-targets.ts'

/**
 * The execution of a wrapper in the place of `item`: under the same id, and to whoever started that it
 * is the same. What was asked of the call (tags, time, priority) is asked of the wrapper; how to start
 * the rest is in its input.
 */
export function wrapExecution(
  item: NewExecution,
  wrapping: Extract<Wrapping, { readonly kind: 'wrapper' }>,
): NewExecution {
  const extra = item.extra === null ? {} : (JSON.parse(item.extra) as object)
  return {
    ...item,
    type: 'WRAPPER',
    name: item.name ?? wrapping.name,
    flowId: null,
    connectorId: null,
    connectorType: null,
    scriptHash: wrapping.scriptHash,
    input: JSON.stringify(wrapping.input),
    // JSON.stringify leaves out what is undefined. Unwrapped is what the wrapper starts, not itself.
    extra: JSON.stringify({ ...extra, unwrapped: undefined, wrapper_id: wrapping.id }),
  }
}
