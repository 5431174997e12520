import type { ChildSpec, ErrorValue, Json } from '@millrace/replay'
import {
  type Database,
  type JsonObject,
  type NewExecution,
  type ResolvedWrapper,
  wrapExecution,
  wrapTargets,
  type Wrapping,
} from '@millrace/store'
import type { Schemas } from './schemas.ts'

/** A child that wrappers may stand around. */
export interface ChildWrap {
  /** Among the children of its activation. */
  readonly place: number
  readonly child: ChildSpec
  /** As it would be without any. */
  readonly execution: NewExecution
  /** The flow, connector or wrapper that it runs; null for scripts and inline connections. */
  readonly record: {
    readonly id: string
    readonly name: string
    readonly is_wrapped: boolean
  } | null
  /** The records whose static wrappers apply. */
  readonly staticOf: readonly string[]
  /** What the wrappers of the call are given was checked where they were named. */
  readonly isChecked: boolean
}

type Child = { readonly execution: NewExecution } | { readonly error: ErrorValue }

/**
 * Puts the outermost wrapper in the place of each of `wraps`, under the child's own id: to its parent
 * the wrapper is the child. `check`: of what a wrapper that the call names is given. Reads only.
 */
export async function wrapChildren(
  db: Database,
  input: {
    readonly children: readonly Child[]
    readonly wraps: readonly ChildWrap[]
    readonly check: Schemas['checkWrapper']
  },
): Promise<Child[]> {
  const { children, wraps, check } = input
  const wrappings = await wrapTargets(
    db,
    wraps.map(({ child, execution, record, staticOf }) => ({
      workspaceId: execution.workspaceId,
      wrapped: toldOf(child, execution, record),
      wrappers: (child.wrappers ?? []).map(({ wrapper, input }) => ({
        ref: wrapper,
        input: input as JsonObject,
      })),
      staticOf,
    })),
  )
  const through = [...children]
  for (const [at, wrap] of wraps.entries())
    through[wrap.place] = throughWrapper(wrap, wrappings[at] ?? null, check)
  return through
}

function throughWrapper(
  { child, execution, isChecked }: ChildWrap,
  wrapping: Wrapping,
  check: Schemas['checkWrapper'],
): Child {
  if (wrapping === null) return { execution }
  switch (wrapping.kind) {
    case 'wrapper': {
      const error = isChecked ? null : wrongInput(child, wrapping.named, check)
      if (error !== null) return { error }
      return { execution: wrapExecution(execution, wrapping, child.maxRuntime ?? null) }
    }
    case 'unknown':
      return refuse(
        `there is no wrapper named "${wrapping.ref}" in this workspace; create it, or check the spelling`,
        wrapping.ref,
      )
    case 'circle':
      return refuse(
        `the wrapper "${wrapping.name}" wraps itself over others; take one of them off`,
        wrapping.name,
      )
  }
}

/** What is wrong with what the wrappers of a call are given. */
function wrongInput(
  { wrappers = [] }: ChildSpec,
  named: readonly ResolvedWrapper[],
  check: Schemas['checkWrapper'],
): ErrorValue | null {
  for (const [at, wrapper] of named.entries()) {
    const error = check(wrapper, wrappers[at]?.input ?? {})
    if (error !== null) return error
  }
  return null
}

/** What the wrapper is told: how to start the child as it was asked for. */
function toldOf(
  child: ChildSpec,
  execution: NewExecution,
  record: ChildWrap['record'],
): Record<string, Json | undefined> {
  const { description, metadata, projectId, breakpoints } = child
  return {
    type: child.type,
    ...startedBy(child, execution, record),
    name: execution.name ?? undefined,
    project_id: projectId,
    description,
    metadata,
    breakpoints: breakpoints === undefined ? undefined : [...breakpoints],
    input_value: child.input,
  }
}

function startedBy(
  child: ChildSpec,
  { connectorType }: NewExecution,
  record: ChildWrap['record'],
): Record<string, Json | undefined> {
  const [id, name] = [record?.id, record?.name]
  switch (child.type) {
    case 'FLOW':
      return { flow_id: id, flow_name: name }
    case 'SCRIPT':
      return { script: child.script }
    case 'CONNECTION':
      return { connector_id: id, connector_name: name, connector_type: connectorType ?? undefined }
    case 'WRAPPER':
      return { wrapper_id: id, wrapper_name: name }
  }
}

const refuse = (message: string, name: string): Child => ({
  error: { name: 'ResourceNotFoundError', message, details: { type: 'wrapper', name } },
})
