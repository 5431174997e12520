import type { ChildSpec, ErrorValue, Json } from '@millrace/replay'
import {
  type Database,
  type JsonObject,
  type NewExecution,
  wrapExecution,
  wrapTargets,
  type Wrapping,
} from '@millrace/store'

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
  /** Whether its static wrappers apply. */
  readonly isWrapped: boolean
}

type Child = { readonly execution: NewExecution } | { readonly error: ErrorValue }

/**
 * Puts the outermost wrapper in the place of each of `wraps`, under the child's own id: to its parent
 * the wrapper is the child. Reads only.
 */
export async function wrapChildren(
  db: Database,
  children: readonly Child[],
  wraps: readonly ChildWrap[],
): Promise<Child[]> {
  const wrappings = await wrapTargets(
    db,
    wraps.map(({ child, execution, record, isWrapped }) => ({
      workspaceId: execution.workspaceId,
      wrapped: toldOf(child, execution, record),
      wrappers: (child.wrappers ?? []).map(({ wrapper, input }) => ({
        ref: wrapper,
        input: input as JsonObject,
      })),
      staticOf: isWrapped && record !== null ? [record.id] : [],
    })),
  )
  const through = [...children]
  for (const [at, wrap] of wraps.entries())
    through[wrap.place] = throughWrapper(wrap, wrappings[at] ?? null)
  return through
}

function throughWrapper({ child, execution }: ChildWrap, wrapping: Wrapping): Child {
  if (wrapping === null) return { execution }
  switch (wrapping.kind) {
    case 'wrapper':
      return { execution: wrapExecution(execution, wrapping, child.maxRuntime ?? null) }
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

/** What the wrapper is told: how to start the child as it was asked for. */
function toldOf(
  child: ChildSpec,
  execution: NewExecution,
  record: ChildWrap['record'],
): Record<string, Json | undefined> {
  const { description, metadata, projectId } = child
  return {
    type: child.type,
    ...startedBy(child, execution, record),
    name: execution.name ?? undefined,
    project_id: projectId,
    description,
    metadata,
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
