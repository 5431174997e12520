import { startGates } from '@millrace/lock'
import type { ChildSpec, ErrorValue } from '@millrace/replay'
import { childTraceparent, currentTraceparent } from '@millrace/runtime'
import {
  type Database,
  isPgText,
  type NewExecution,
  pgTime,
  putScripts,
  readFacts,
  readFlowBreakpoints,
  resolveConnectors,
  type ResolvedConnector,
  type ResolvedFlow,
  resolveFlows,
  type ResolvedWrapper,
  resolveWrappers,
  scriptHash,
} from '@millrace/store'
import type { Held, HeldDebug, Inheritance } from './held.ts'
import { schemasOf } from './schemas.ts'
import { type ChildWrap, wrapChildren } from './wrap-children.ts'
import { wrongChild } from './wrong-child.ts'

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
  specs: readonly {
    readonly child: ChildSpec
    readonly paused: boolean
    /** The debugger stepped into the line that starts it. */
    readonly isSteppedInto: boolean
  }[],
): Promise<Child[]> {
  const { workspaceId } = held
  const refsOf = (name: 'flow' | 'connector' | 'wrapper') => [
    ...new Set(specs.flatMap(({ child }) => child[name] ?? [])),
  ]
  const [flowRefs, connectorRefs] = [refsOf('flow'), refsOf('connector')]
  const wrapperRefs = refsOf('wrapper')
  const wrong = specs.map(({ child }) => wrongChild(child))
  const scripts = specs
    .flatMap(({ child: { script } }) => (script !== undefined && isPgText(script) ? [script] : []))
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

  const { pins, checkInput, checkWrapper } = schemasOf(db)
  const pinned = await Promise.all(
    flows.map((flow) =>
      pins.pin(workspaceId, {
        input: flow?.input_schema ?? null,
        output: flow?.output_schema ?? null,
      }),
    ),
  )
  const pinnedOf = new Map(flowRefs.map((ref, index) => [ref, pinned[index] ?? null]))
  const ids = flows.flatMap((flow) => flow?.id ?? [])
  // Lines are of interest in development mode only.
  const linesOf =
    inheritance.isProductive || ids.length === 0
      ? NO_LINES
      : await readFlowBreakpoints(db, { workspaceId, ids })

  const wraps: ChildWrap[] = []
  const children = specs.map(({ child, paused, isSteppedInto }, place): Child => {
    const problem = wrong[place] ?? null
    if (problem !== null) return { error: problem }
    const subject = subjectOf(child, found)
    if ('error' in subject) return subject
    const { record, maxRuntime = child.maxRuntime ?? null, ...fields } = subject
    const schedule = scheduleExtra(child, inheritance)
    const wrappedSchedule = inheritance.isScheduleWrapped ? (schedule?.schedule_id ?? null) : null
    const staticOf = staticOfChild(child, record, wrappedSchedule)
    const isThrough = staticOf.length > 0 || child.wrappers !== undefined
    // A wrapper may make other inputs of these: they are checked when it starts the flow.
    const flow = isThrough ? null : (found.flow.get(child.flow ?? '') ?? null)
    const error = flow === null ? null : checkInput(flow, child.input)
    if (error !== null) return { error }
    const lines = child.breakpoints ?? linesOf.get(fields.flowId ?? '') ?? []
    const debug =
      inheritance.isProductive || child.type === 'CONNECTION'
        ? null
        : debugExtra(held.debug, { lines, isSteppedInto })
    const schemas = pinnedOf.get(child.flow ?? '') ?? null
    const more = { ...schemas, ...debug, ...schedule, ...wrappingOf(child, record) }
    const extra = extraOf(child, { maxRuntime, more })
    const born = newChild(held, child, inheritance)
    // What a schedule has started goes on when it is disabled, which cancels its iteration.
    const orphan = child.orphan ?? schedule !== null
    const execution = { ...born, ...fields, extra, orphan, paused }
    // What a wrapper starts in place of itself goes through what the caller has named.
    const isChecked = held.type === 'WRAPPER' && child.unwrapped === true
    if (isThrough) wraps.push({ place, child, execution, record, staticOf, isChecked })
    return { execution }
  })
  return wraps.length === 0 ? children : wrapChildren(db, { children, wraps, check: checkWrapper })
}

interface Found {
  readonly flow: ReadonlyMap<string, ResolvedFlow | null>
  readonly connector: ReadonlyMap<string, ResolvedConnector | null>
  readonly wrapper: ReadonlyMap<string, ResolvedWrapper | null>
}

const NO_LINES: ReadonlyMap<string, readonly number[]> = new Map()

/** What of the debugger a child begins with: the lines of its own flow, heeded as its parent's are. */
function debugExtra(
  parent: HeldDebug | null,
  { lines, isSteppedInto }: { readonly lines: readonly number[]; readonly isSteppedInto: boolean },
): Readonly<Record<string, unknown>> {
  return {
    ...(lines.length > 0 && { breakpoints: lines }),
    ...(parent?.heedsBreakpoints === true && { use_breakpoints: true }),
    ...(parent !== null && parent.lines !== null && { use_only_explicit_breakpoints: true }),
    ...(isSteppedInto && { break: true }),
  }
}

/** Flows that the iteration of a schedule starts know whose they are. */
const scheduleExtra = (
  { type }: ChildSpec,
  { scheduleId }: Inheritance,
): { readonly schedule_id: string } | null =>
  type === 'FLOW' && scheduleId !== null ? { schedule_id: scheduleId } : null

/** The records whose static wrappers stand around a child, the outermost first: its schedule, its own. */
function staticOfChild(
  child: ChildSpec,
  record: ChildWrap['record'],
  scheduleId: string | null,
): readonly string[] {
  if (child.unwrapped === true) return []
  return [
    ...(scheduleId === null ? [] : [scheduleId]),
    ...(record?.is_wrapped === true ? [record.id] : []),
  ]
}

/** What is said of wrapping in the record of a child. */
function wrappingOf(
  child: ChildSpec,
  record: ChildWrap['record'],
): Readonly<Record<string, unknown>> {
  return {
    ...(child.unwrapped === true && { unwrapped: true }),
    ...(child.type === 'WRAPPER' && record !== null && { wrapper_id: record.id }),
  }
}

interface Subject extends Pick<
  NewExecution,
  'name' | 'flowId' | 'connectorId' | 'connectorType' | 'scriptHash' | 'projectId' | 'gates'
> {
  /** As its flow has it, unless the call says otherwise; null: no limit. */
  readonly maxRuntime: number | null
}

function subjectOf(
  child: ChildSpec,
  found: Found,
): (Partial<Subject> & Pick<ChildWrap, 'record'>) | { readonly error: ErrorValue } {
  if (child.flow !== undefined) {
    const flow = found.flow.get(child.flow)
    if (!flow) return notFound('flow', child.flow)
    return {
      record: flow,
      flowId: flow.id,
      scriptHash: flow.script_hash,
      name: child.name ?? flow.name,
      ...homeOf(child, flow),
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
      ...homeOf(child, connector),
    }
  }
  return {
    record: null,
    connectorType: child.connectorType ?? null,
    name: child.name ?? child.connectorType ?? null,
  }
}

/** Where the call names no project, a child lives in that of what it runs; in its parent's if that has none. */
const homeOf = (
  child: ChildSpec,
  { project_id: projectId }: { readonly project_id: string | null },
): Pick<Partial<Subject>, 'projectId'> =>
  child.projectId === undefined && projectId !== null ? { projectId } : {}

/** What its flow limits; nothing for most. */
function limitsOf(child: ChildSpec, flow: ResolvedFlow): Partial<Subject> {
  const gates = startGates(flow, child.input)
  const maxRuntime = child.maxRuntime === undefined ? flow.max_runtime_seconds : child.maxRuntime
  return { ...(gates !== null && { gates }), maxRuntime }
}

function extraOf(
  child: ChildSpec,
  {
    maxRuntime,
    more,
  }: {
    readonly maxRuntime: number | null
    /** The schemas it is held to, and what of the debugger it begins with. */
    readonly more: Readonly<Record<string, unknown>>
  },
): string | null {
  const extra = {
    ...more,
    ...(child.description !== undefined && { description: child.description }),
    ...(child.metadata !== undefined && { metadata: child.metadata }),
    ...(child.savepointRetention !== undefined && {
      savepoint_retention: child.savepointRetention,
    }),
    ...(maxRuntime !== null && { max_runtime_seconds: maxRuntime }),
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
    scheduledFor: child.scheduledFor === undefined ? null : pgTime(child.scheduledFor),
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
    scheduleId: facts?.schedule_id ?? null,
    isScheduleWrapped: facts?.is_schedule_wrapped ?? false,
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
