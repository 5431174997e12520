import type { NewExecution } from './new-execution.ts'
import type { Wrapping } from './wrap-targets.ts'

/**
 * The execution of a wrapper in the place of `item`: under the same id, and to whoever started that it
 * is the same. What was asked of the call (tags, time, priority, `maxRuntime` in seconds) is asked of
 * the wrapper; how to start the rest is in its input. What its flow limits waits for the run of the
 * flow: a wrapper that held its place would keep it from its own child.
 */
export function wrapExecution(
  item: NewExecution,
  wrapping: Extract<Wrapping, { readonly kind: 'wrapper' }>,
  maxRuntime: number | null,
): NewExecution {
  const extra = item.extra === null ? [] : Object.entries(JSON.parse(item.extra) as object)
  const ofCall = extra.filter(([name]) => !OF_THE_WRAPPED.has(name))
  return {
    ...item,
    type: 'WRAPPER',
    name: item.name ?? wrapping.name,
    flowId: null,
    connectorId: null,
    connectorType: null,
    gates: null,
    scriptHash: wrapping.scriptHash,
    input: JSON.stringify(wrapping.input),
    extra: JSON.stringify({
      ...Object.fromEntries(ofCall),
      ...(maxRuntime !== null && { max_runtime_seconds: maxRuntime }),
      wrapper_id: wrapping.id,
    }),
  }
}

/** What says something of the script or of the record that is wrapped, and not of the call. */
const OF_THE_WRAPPED: ReadonlySet<string> = new Set([
  'unwrapped',
  'max_runtime_seconds',
  'breakpoints',
  'input_schema_hash',
  'output_schema_hash',
])
