import { startGates } from '@millrace/lock'
import type { ChildSpec, ErrorValue } from '@millrace/replay'
import { childTraceparent, currentTraceparent } from '@millrace/runtime'
import {
  type Database,
  type NewExecution,
  type PinnedSchemas,
  putScripts,
  readFacts,
  resolveConnectors,
  type ResolvedConnector,
  type ResolvedFlow,
  resolveFlows,
  type ResolvedWrapper,
  resolveWrappers,
  scriptHash,
} from '@millrace/store'
import type { Held, Inheritance } from './held.ts'
import { schemasOf } from './schemas.ts'
import { type ChildWrap, wrapChildren } from './wrap-children.ts'

/** A child as it will be created, or the error that its call throws. */
export type Child = { readonly execution: NewExecution } | { readonly error: ErrorValue }

/**
 * Turns the children that one activation starts into executions: names become ids, the script that
 * a flow has now is pinned, and what has wrappers becomes an execution of its outermost one. In the
 * order of `specs`.
 */
export async function resolveChildren(
  db: Database,
  held: Held,
  specs: readonly { readonly child: ChildSpec; readonly paused: boolean }[],
): Promise<Child[]> {
  const { workspaceId } = held
  const refsOf = (name: 'flow' | 'connector' | 'wrapper') => [
    ...new Set(specs.flatMap(({ child }) => child[name] ?? [])),
  ]
  const [flowRefs, connectorRefs] = [refsOf('flow'), refsOf('connector')]
  const wrapperRefs = refsOf('wrapper')
  const scripts = specs
    .flatMap(({ child }) => child.script ?? [])
    .map((source) => ({ workspaceId, ...asScript(source) }))
  const toRefs = (refs: readonly string[]) => refs.map((ref) => ({ workspaceId, ref }))
  const [flows, connectors, wrappers, inheritance] = await Promise.all([
    flowRefs.length > 0 ? resolveFlows(db, toRefs(flowRefs)) : [],
    connectorRefs.length > 0 ? resolveConnectors(db, toRefs(connectorRefs)) : [],
    wrapperRefs.length > 0 ? resolveWrappers(db, toRefs(wrapperRefs)) : [],
    inheritanceOf(db, held),
    putScripts(db, scripts),
  ])
  const found: Found = {
    flow: new Map(flowRefs.map((ref, index) => [ref, flows[index] ?? null])),
    connector: new Map(connectorRefs.map((ref, index) => [ref, connectors[index] ?? null])),
    wrapper: new Map(wrapperRefs.map((ref, index) => [ref, wrappers[index] ?? null])),
  }

  const { pins, checkInput } = schemasOf(db)
  const pinned = await Promise.all(
    flows.map((flow) =>
      pins.pin(workspaceId, {
        input: flow?.input_schema ?? null,
        output: flow?.output_schema ?? null,
      }),
    ),
  )
  const pinnedOf = new Map(flowRefs.map((ref, index) => [ref, pinned[index] ?? null]))

  const wraps: ChildWrap[] = []
  const children = specs.map(({ child, paused }, place): Child => {
    const subject = subjectOf(child, found, pinnedOf.get(child.flow ?? '') ?? null)
    if ('error' in subject) return subject
    const { record, maxRuntime: _, schemas: __, ...fields } = subject
    const extra = extraOf(child, subject)
    const execution = { ...newChild(held, child, inheritance), ...fields, extra, paused }
    const isWrapped = record?.is_wrapped === true && child.unwrapped !== true
    if (isWrapped || child.wrappers !== undefined)
      wraps.push({ place, child, execution, record, isWrapped })
    else {
      // A wrapper may make other inputs of these: they are checked when it starts the flow.
      const flow = found.flow.get(child.flow ?? '') ?? null
      const error = flow === null ? null : checkInput(flow, child.input)
      if (error !== null) return { error }
    }
    return { execution }
  })
  return wraps.length === 0 ? children : wrapChildren(db, children, wraps)
}

interface Found {
  readonly flow: ReadonlyMap<string, ResolvedFlow | null>
  readonly connector: ReadonlyMap<string, ResolvedConnector | null>
  readonly wrapper: ReadonlyMap<string, ResolvedWrapper | null>
}

type Fields = Pick<
  NewExecution,
  'name' | 'flowId' | 'connectorId' | 'connectorType' | 'scriptHash' | 'projectId' | 'gates'
>
type Subject = Partial<Fields> & {
  readonly record: ChildWrap['record']
  /** Its flow's, where the call names none. */
  readonly maxRuntime?: number
  readonly schemas?: PinnedSchemas | null
}

function subjectOf(
  child: ChildSpec,
  found: Found,
  schemas: PinnedSchemas | null,
): Subject | { readonly error: ErrorValue } {
  if (child.flow !== undefined) {
    const flow = found.flow.get(child.flow)
    if (!flow) return notFound('flow', child.flow)
    const place =
      child.projectId === undefined && flow.project_id !== null
        ? { projectId: flow.project_id }
        : {}
    return {
      record: flow,
      flowId: flow.id,
      scriptHash: flow.script_hash,
      name: child.name ?? flow.name,
      ...place,
      schemas,
      ...limitsOf(child, flow),
    }
  }
  if (child.script !== undefined)
    return { record: null, scriptHash: scriptHash(asScript(child.script)) }
  if (child.wrapper !== undefined) {
    const wrapper = found.wrapper.get(child.wrapper)
    if (!wrapper) return notFound('wrapper', child.wrapper)
    const { script_hash: hash, name } = wrapper
    return { record: wrapper, scriptHash: hash, name: child.name ?? name }
  }
  if (child.connector !== undefined) {
    const connector = found.connector.get(child.connector)
    if (!connector) return notFound('connector', child.connector)
    return {
      record: connector,
      connectorId: connector.id,
      connectorType: connector.connector_type,
      name: child.name ?? connector.name,
    }
  }
  return {
    record: null,
    connectorType: child.connectorType ?? null,
    name: child.name ?? child.connectorType ?? null,
  }
}

/** What its flow limits and asks of its values; nothing for most. */
function limitsOf(child: ChildSpec, flow: ResolvedFlow): Pick<Subject, 'gates' | 'maxRuntime'> {
  const gates = startGates(flow, child.input)
  const { max_runtime_seconds: maxRuntime } = flow
  return {
    ...(gates !== null && { gates }),
    ...(child.maxRuntime === undefined && maxRuntime !== null && { maxRuntime }),
  }
}

/** The rarely set properties as JSON text; null when there are none. */
function extraOf(
  child: ChildSpec,
  { record, schemas, maxRuntime: ofFlow }: Subject,
): string | null {
  const maxRuntime = ofFlow ?? child.maxRuntime
  const extra = {
    ...schemas,
    ...(child.description !== undefined && { description: child.description }),
    ...(child.metadata !== undefined && { metadata: child.metadata }),
    ...(child.savepointRetention !== undefined && {
      savepoint_retention: child.savepointRetention,
    }),
    ...(typeof maxRuntime === 'number' && { max_runtime_seconds: maxRuntime }),
    ...(child.unwrapped === true && { unwrapped: true }),
    ...(child.type === 'WRAPPER' && record !== null && { wrapper_id: record.id }),
  }
  return Object.keys(extra).length === 0 ? null : JSON.stringify(extra)
}

function newChild(held: Held, child: ChildSpec, inheritance: Inheritance): NewExecution {
  return {
    workspaceId: held.workspaceId,
    id: child.id,
    type: child.type,
    name: child.name ?? null,
    flowId: null,
    connectorId: null,
    connectorType: null,
    scriptHash: null,
    projectId: child.projectId ?? inheritance.projectId,
    input: JSON.stringify(child.input),
    parentId: held.executionId,
    topId: held.topId,
    orphan: child.orphan ?? false,
    isProductive: inheritance.isProductive,
    priority: child.priority ?? inheritance.priority,
    createdBy: inheritance.createdBy,
    // Of the activation's own span when spans are collected, else a sibling in the same trace.
    traceparent: currentTraceparent() ?? childTraceparent(held.traceparent),
    scheduledFor: child.scheduledFor ?? null,
    paused: false,
    extra: null,
  }
}

/** Read once per execution that starts children: most never do. */
async function inheritanceOf(db: Database, held: Held): Promise<Inheritance> {
  if (held.inheritance !== null) return held.inheritance
  const [facts] = await readFacts(db, [held])
  held.inheritance = {
    isProductive: facts?.is_productive ?? true,
    priority: facts?.priority ?? 0,
    projectId: facts?.project_id ?? null,
    createdBy: facts?.created_by ?? null,
  }
  return held.inheritance
}

const asScript = (source: string) => ({ language: 'typescript', source }) as const

const notFound = (type: string, ref: string): { readonly error: ErrorValue } => ({
  error: {
    name: 'ResourceNotFoundError',
    message: `there is no ${type} named "${ref}" in this workspace; create it, or check the spelling`,
    details: { type, name: ref },
  },
})
