import type { Json } from '@millrace/replay'
import { objectOf } from './arguments.ts'
import type { ChildExecution } from './child-execution.ts'
import { EngineException, isRecord } from './exceptions.ts'
import type { Run } from './run.ts'
import { type ChildTarget, startChild } from './start-child.ts'

/**
 * In a wrapper: starts what it stands in for, as its input says, through the wrappers that are still to
 * come and without the static ones, which are among these already.
 */
export function startWrapped(run: Run, inputs: unknown, options: unknown): Promise<ChildExecution> {
  const api = 'self.wrapped'
  const wrapped: unknown = isRecord(run.input) ? run.input['wrapped'] : undefined
  const target = isRecord(wrapped) ? wrappedTarget(wrapped as WrappedFacts) : null
  if (!isRecord(wrapped) || target === null) {
    const names = WRAPPED_FIELDS.map(([name]) => name).join(', ')
    throw new EngineException(
      `${api}: this execution wraps nothing: its input has no "wrapped" with one of ${names}`,
    )
  }
  const given = objectOf(api, 'options', options)
  const init: Record<string, unknown> = {}
  for (const name of WRAPPED_INIT) if (typeof wrapped[name] === 'string') init[name] = wrapped[name]
  if (isRecord(wrapped['metadata'])) init['metadata'] = wrapped['metadata']
  return startChild(run, api, target, inputs, {
    ...given,
    wrappers: withInner(given['wrappers'], wrapped['wrappers']),
    unwrapped: true,
    init: { ...init, ...objectOf(api, 'options.init', given['init']) },
  })
}

/** Those of the options stand outside. What is no list is left for whoever checks the options. */
function withInner(own: unknown, inner: unknown): unknown {
  if (own !== undefined && !Array.isArray(own)) return own
  return [...((own ?? []) as unknown[]), ...(Array.isArray(inner) ? (inner as unknown[]) : [])]
}

type WrappedFacts = { readonly [field: string]: Json | undefined }

/** What a wrapper may be told to start. An id says more than a name that may have changed. */
const WRAPPED_FIELDS = [
  ['flow_id', 'FLOW', 'flow'],
  ['flow_name', 'FLOW', 'flow'],
  ['script', 'SCRIPT', 'script'],
  ['connector_id', 'CONNECTION', 'connector'],
  ['connector_name', 'CONNECTION', 'connector'],
  ['connector_type', 'CONNECTION', 'connectorType'],
  ['wrapper_id', 'WRAPPER', 'wrapper'],
  ['wrapper_name', 'WRAPPER', 'wrapper'],
] as const

const WRAPPED_INIT = ['name', 'project_id', 'description']

function wrappedTarget(wrapped: WrappedFacts): ChildTarget | null {
  const input = wrapped['input_value'] ?? null
  const { breakpoints } = wrapped
  for (const [name, type, field] of WRAPPED_FIELDS) {
    const value = wrapped[name]
    if (typeof value !== 'string') continue
    const shown = wrapped['name'] ?? wrapped[`${field}_name`]
    const label = typeof shown === 'string' ? shown : type === 'SCRIPT' ? 'script' : value
    const target = { type, field, value, label, input }
    return Array.isArray(breakpoints) ? { ...target, breakpoints } : target
  }
  return null
}
