import { startGates } from '@millrace/lock'
import { formatTraceparent } from '@millrace/runtime'
import {
  type EndedRow,
  type ExecutionRecordRow,
  firstStatus,
  isPgJson,
  type NewExecution,
  type RecordWait,
} from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { invalid } from '../problem.ts'
import type { NewExecutionBody } from '../schemas/execution.ts'
import { debugFieldsOf } from './debug-fields.ts'
import { executionWriter, type RecordFacts } from './execution-json.ts'
import { inputText } from './input-text.ts'
import { factsFor, inputAndOutput, readRecord } from './read-execution.ts'
import { resolveProject, resolveTarget, type Target } from './resolve-target.ts'
import { nameOf, placeOf, scriptHashOf } from './target-facts.ts'
import { hasWrappers, type Planned, throughWrappers } from './through-wrappers.ts'

/** An execution that was accepted, and perhaps has ended meanwhile. */
export interface CreatedExecution {
  readonly id: string
  readonly ended: boolean
  /** The record as JSON text. */
  readonly json: string
}

export interface CreateRequest {
  readonly body: NewExecutionBody
  /** Seconds to wait for the end; 0 answers after the commit. */
  readonly waitSeconds: number
  /** Asked for when it has to wait: aborts when nobody waits any more. */
  readonly gone?: () => AbortSignal
  readonly fields: readonly string[] | null
  /** W3C trace context of the request. */
  readonly traceparent: string | null
  readonly ids: IdSource
  /** Properties that the body may not set: what has started it. */
  readonly origin?: Readonly<Record<string, unknown>>
}

/**
 * Accepts one execution and, with `waitSeconds`, waits for its end. When this returns, it is in
 * Postgres. One whose end is waited for is first tried at an engine, to be born and ended in one
 * commit; the others are inserted and dispatched.
 */
export async function createExecution(
  context: Context,
  caller: Caller,
  request: CreateRequest,
): Promise<CreatedExecution> {
  const writer = executionWriter(request.fields)
  const planned = await planExecution(context, caller, request, '')
  const { item } = planned
  const key = { workspaceId: item.workspaceId, executionId: item.id }
  const waitMs = request.waitSeconds * 1_000
  const atOnce = waitMs > 0 ? await context.eager.run(item, waitMs) : null
  if (atOnce !== null) return answer(toRecord(planned, atOnce.created_at, atOnce))
  const watch = request.waitSeconds > 0 ? context.waiters.watch(key) : null
  let bornAt: number | null
  try {
    bornAt = await context.creator.create(item)
  } catch (error) {
    watch?.stop()
    throw error
  }
  // Its id exists: an earlier try with the same Idempotency-Key got this far.
  if (bornAt === null) watch?.check()
  const ended = watch === null ? null : await watch.ended(waitMs, request.gone?.())
  // What a wrapper's record shows is not at hand, and only those who use them pay for that.
  if (bornAt === null || item.type === 'WRAPPER' || (watch !== null && ended === null))
    return reread(context, planned, writer)

  return answer(toRecord(planned, bornAt, ended))

  async function answer(row: ExecutionRecordRow): Promise<CreatedExecution> {
    const json = writer(row, await factsOf(context, planned, row))
    return { id: item.id, ended: row.ended_at !== null, json }
  }
}

/** Accepts many in one commit: all or none. Errors point below `/items`. */
export async function createExecutions(
  context: Context,
  caller: Caller,
  request: { bodies: readonly NewExecutionBody[]; traceparent: string | null; ids: IdSource },
): Promise<readonly string[]> {
  const { bodies, traceparent, ids } = request
  const plans: Planned[] = []
  for (const [index, body] of bodies.entries()) {
    const one = { body, waitSeconds: 0, fields: null, traceparent, ids }
    plans.push(await planUnwrapped(context, caller, one, `/items/${index}`))
  }
  const planned = plans.some((plan) => plan.isWrapped)
    ? await throughWrappers(context, plans)
    : plans
  const items = planned.map(({ item }) => item)
  await context.creator.createAll(items)
  return items.map((item) => item.id)
}

/** Resolves and checks what is asked for. Throws `invalid` and `notFound`; stores nothing. */
export async function planExecution(
  context: Context,
  caller: Caller,
  request: CreateRequest,
  base: string,
): Promise<Planned> {
  const plan = await planUnwrapped(context, caller, request, base)
  const [planned = plan] = plan.isWrapped ? await throughWrappers(context, [plan]) : []
  return planned
}

async function planUnwrapped(
  context: Context,
  caller: Caller,
  request: CreateRequest,
  base: string,
): Promise<Planned> {
  const { body } = request
  const resolving = resolveTarget(context, caller, body, base)
  const target = resolving instanceof Promise ? await resolving : resolving
  const project = await projectOf(context, caller, body, target)
  const debug = debugFieldsOf(body, target, base)
  const input =
    body.input_value === undefined ? 'null' : inputText(body.input_value, `${base}/input_value`)
  const isWrapped = hasWrappers(body, target)
  // Without an input the handler gets an empty object. A wrapper may make other inputs of these: they
  // are checked when it starts the flow.
  if (target.type === 'FLOW' && !isWrapped)
    target.flow.checkInput?.(body.input_value ?? {}, `${base}/input_value`)

  const id = request.ids()
  return {
    target,
    project,
    isWrapped,
    body,
    base,
    isHidden: body.is_hidden === true,
    item: {
      workspaceId: caller.workspaceId,
      id,
      type: target.type,
      name: trimmedName(body.name, `${base}/name`) ?? nameOf(target),
      flowId: target.type === 'FLOW' ? target.flow.row.id : null,
      connectorId: target.type === 'CONNECTION' ? target.connectorId : null,
      connectorType: target.type === 'CONNECTION' ? target.connectorType : null,
      scriptHash: scriptHashOf(target),
      projectId: project?.id ?? null,
      input,
      parentId: null,
      topId: id,
      orphan: false,
      isProductive: body.is_productive ?? true,
      priority: body.priority ?? 0,
      createdBy: caller.userId,
      traceparent: request.traceparent ?? ownTraceparent(id),
      scheduledFor: typeof body.scheduled_for === 'string' ? Date.parse(body.scheduled_for) : null,
      paused: body.run === false,
      extra: extraOf(body, { base, target, more: { ...request.origin, ...debug } }),
      ...(target.type === 'FLOW' && gatesOf(target, body)),
    },
  }
}

/** Null for most: what their flow does not limit starts at once. */
function gatesOf(
  { flow }: Extract<Target, { readonly type: 'FLOW' }>,
  body: NewExecutionBody,
): Pick<NewExecution, 'gates'> {
  return { gates: startGates(flow.row, body.input_value) }
}

function projectOf(
  context: Context,
  caller: Caller,
  body: NewExecutionBody,
  target: Target,
): Planned['project'] | Promise<Planned['project']> {
  if (body.project_id !== undefined || body.project_name !== undefined)
    return resolveProject(context, caller, body)
  if (target.type === 'SCRIPT') return null
  const [id, name] = placeOf(target)
  return id === null || name === null ? null : { id, name }
}

/** What of a request is kept with the rarely set properties. */
export const EXTRA = [
  'description',
  'metadata',
  'tags',
  'savepoint_retention',
  'max_runtime_seconds',
  'is_hidden',
] as const

/** The rarely set properties as JSON text; null when there are none. */
function extraOf(
  body: NewExecutionBody,
  {
    base,
    target,
    more,
  }: {
    readonly base: string
    readonly target: Target
    /** Where it comes from, and what its debugger is told. */
    readonly more: Readonly<Record<string, unknown>>
  },
): string | null {
  const schemas = target.type === 'FLOW' ? target.flow.schemas : null
  let extra: Record<string, unknown> | null =
    schemas === null && Object.keys(more).length === 0 ? null : { ...schemas, ...more }
  if (target.type === 'WRAPPER') extra = { ...extra, wrapper_id: target.wrapper.id }
  if (body.unwrapped === true) extra = { ...extra, unwrapped: true }
  // The flow's own value, unless the run says otherwise; null is for no limit.
  const flowLimit = target.type === 'FLOW' ? target.flow.row.max_runtime_seconds : null
  if (flowLimit !== null && body.max_runtime_seconds === undefined)
    extra = { ...extra, max_runtime_seconds: flowLimit }
  for (const name of EXTRA) {
    if (body[name] === undefined || body[name] === null || body[name] === false) continue
    extra ??= {}
    extra[name] = body[name]
  }
  return extra === null ? null : extraText(extra, base)
}

/** A name as it is kept: without blanks around it. Throws `invalid` when nothing is left. */
export function trimmedName<Name extends string | null | undefined>(
  name: Name,
  pointer: string,
): Name | string {
  if (typeof name !== 'string') return name
  const trimmed = name.trim()
  if (trimmed !== '') return trimmed
  throw invalid([{ pointer, message: 'must not be blank; leave it out' }])
}

/** What Postgres may be asked to look into cannot hold a NUL or half a surrogate pair. */
export function extraText(extra: object, base: string): string {
  const text = JSON.stringify(extra)
  if (!isPgJson(text))
    throw invalid([
      { pointer: `${base}/metadata`, message: 'holds a NUL character or half a surrogate pair' },
    ])
  return text
}

/** The record's row from what is known without asking. */
function toRecord(planned: Planned, bornAt: number, ended: EndedRow | null): ExecutionRecordRow {
  const { item, target, project } = planned
  const flow = target.type === 'FLOW' ? target.flow.row : null
  const ready = firstStatus(item)
  const row: ExecutionRecordRow = {
    workspace_id: item.workspaceId,
    id: item.id,
    type: item.type,
    status: item.paused ? 'PAUSED' : ready,
    beneath: item.paused ? ready : null,
    version: 1,
    epoch: 0,
    generation: 1,
    process_id: null,
    orphan: false,
    is_productive: item.isProductive,
    priority: item.priority,
    lineno: null,
    last_command: null,
    flow_id: item.flowId,
    connector_id: item.connectorId,
    connector_type: item.connectorType,
    script_hash: item.scriptHash,
    project_id: item.projectId,
    parent_execution_id: null,
    top_execution_id: item.topId,
    created_by: item.createdBy,
    name: item.name,
    message: null,
    input: item.input,
    input_hash: null,
    output: null,
    output_hash: null,
    created_at: bornAt,
    started_at: null,
    moved_at: bornAt,
    scheduled_for: item.scheduledFor,
    ended_at: null,
    traceparent: item.traceparent,
    extra: item.extra,
    flow_name: flow?.name ?? null,
    input_schema: flow?.input_schema ?? null,
    output_schema: flow?.output_schema ?? null,
    connector_name: target.type === 'CONNECTION' ? target.connectorName : null,
    project_name: project?.name ?? null,
    wrapper_name: null,
    deleted_at: null,
    deleted_by: null,
    is_hidden: planned.isHidden,
    waits: startWait(item, bornAt),
  }
  return ended === null ? row : { ...row, ...ended, waits: null }
}

/** The open wait for the start time or for a place, as the row would show it. */
function startWait({ scheduledFor, gates }: NewExecution, bornAt: number): string | null {
  const subject = gates?.[0]?.key ?? null
  if (scheduledFor === null && subject === null) return null
  const dueAt = scheduledFor === null ? null : new Date(scheduledFor).toISOString()
  const kind = scheduledFor === null ? 'LOCK' : 'START'
  const since = new Date(bornAt).toISOString()
  return JSON.stringify([
    { seq: 0, kind, ref: null, subject, due_at: dueAt, since },
  ] satisfies RecordWait[])
}

async function factsOf(
  context: Context,
  { target }: Planned,
  row: ExecutionRecordRow,
): Promise<RecordFacts> {
  const script =
    target.type === 'FLOW'
      ? target.flow.scriptJson
      : target.type === 'SCRIPT'
        ? JSON.stringify(target.source)
        : null
  const { organizationId } = context
  if (row.output_hash === null) return { organizationId, script }
  return { organizationId, script, ...(await inputAndOutput(context, row)) }
}

async function reread(
  context: Context,
  planned: Planned,
  writer: ReturnType<typeof executionWriter>,
): Promise<CreatedExecution> {
  const { workspaceId, id } = planned.item
  const row = await readRecord(context, { workspaceId, id })
  const facts = await factsFor(context, workspaceId, [row])
  return {
    id,
    ended: row.ended_at !== null,
    json: writer(row, { ...facts(row), ...(await inputAndOutput(context, row)) }),
  }
}

/** A trace of its own, named by the execution: found without a lookup, and no randomness to pay for. */
export function ownTraceparent(id: string): string {
  const traceId = id.replaceAll('-', '')
  return formatTraceparent({ traceId, spanId: traceId.slice(16), sampled: true })
}
