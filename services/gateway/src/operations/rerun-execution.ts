import { startGates } from '@millrace/lock'
import { ServiceError } from '@millrace/runtime'
import {
  type ExecutionRow,
  forkExecution,
  type NewExecution,
  type PinnedSchemas,
  readExecution,
  type SavepointRef,
  touchContents,
} from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import type { RerunBody } from '../schemas/past.ts'
import { type CreatedExecution, EXTRA, extraText, ownTraceparent } from './create-execution.ts'
import type { CachedFlow } from './flow-cache.ts'
import { inputText } from './input-text.ts'
import { getExecution, readValueText } from './read-execution.ts'
import { parseSavepoint, refusedSavepoint } from './savepoint-ref.ts'

export interface RerunRequest {
  readonly id: string
  readonly body: RerunBody
  readonly waitSeconds: number
  /** See CreateRequest. */
  readonly gone?: () => AbortSignal
  readonly fields: readonly string[] | null
  /** W3C trace context of the request. */
  readonly traceparent: string | null
  readonly ids: IdSource
}

/**
 * Starts another execution of what an execution runs: its script and, unless changed, its input; from
 * the beginning or from a savepoint, whose recorded past it begins with. It is nobody's child. Throws
 * `notFound`, `invalid` for an input that the flow does not take, `conflict` for what cannot be rerun.
 */
export async function rerunExecution(
  context: Context,
  caller: Caller,
  request: RerunRequest,
): Promise<CreatedExecution> {
  const { id, body } = request
  const key = { workspaceId: caller.workspaceId, executionId: id }
  const row = await readExecution(context.api, key)
  if (row === null) throw executionNotFound(id)
  const item = await planRerun(context, caller, row, request)
  await touchSchemas(context, item)
  const from = body.from_savepoint
  if (from === undefined) {
    // No flow may have this script any more: it counts as put now, before somebody refers to it.
    if (item.scriptHash !== null)
      await touchContents(context.api, 'script', [
        { workspaceId: caller.workspaceId, hash: item.scriptHash },
      ])
    await context.creator.create(item)
  } else await fork(context, item, { executionId: id, savepoint: parseSavepoint(from) })
  const { json, ended } = await getExecution(context, caller, { ...request, id: item.id })
  return { id: item.id, ended, json }
}

async function planRerun(
  context: Context,
  caller: Caller,
  row: ExecutionRow,
  request: RerunRequest,
): Promise<NewExecution> {
  const { body } = request
  const { workspaceId } = caller
  if (row.type === 'SCHEDULE')
    throw new ServiceError(
      'conflict',
      `Execution ${row.id} is an iteration of a schedule, which starts the next one itself. Rerun what it has started.`,
    )
  if (row.type === 'CONNECTION' && body.from_savepoint !== undefined)
    throw new ServiceError(
      'conflict',
      `Execution ${row.id} is a connection, which has no savepoints. Leave from_savepoint out.`,
    )
  const flow =
    row.flow_id === null ? null : await context.flows.flow(workspaceId, { id: row.flow_id })
  if (body.input_value !== undefined) flow?.checkInput?.(body.input_value, '/input_value')
  const input =
    body.input_value === undefined
      ? await readValueText(context, { workspaceId, id: row.id, which: 'input' })
      : inputText(body.input_value, '/input_value')
  // The limits of its flow are heeded as by any other start.
  const gates = flow === null ? null : startGates(flow.row, JSON.parse(input))
  const id = request.ids()
  const isProductive = body.is_productive ?? row.is_productive
  const latest = body.on_latest === true ? (flow?.schemas ?? {}) : null
  return {
    workspaceId,
    id,
    type: row.type,
    name: body.name === undefined ? row.name : body.name,
    flowId: row.flow_id,
    connectorId: row.connector_id,
    connectorType: row.connector_type,
    scriptHash: body.on_latest === true ? latestScript(row, flow) : ownScript(row),
    projectId: row.project_id,
    input,
    parentId: null,
    topId: id,
    orphan: false,
    isProductive,
    priority: row.priority,
    createdBy: caller.userId,
    traceparent: request.traceparent ?? ownTraceparent(id),
    scheduledFor: null,
    paused: body.run === false,
    extra: extraOf(row, { latest, isProductive }),
    ...(gates !== null && { gates }),
  }
}

/** Null for connections alone: what has no script and needs one would wait for an engine for ever. */
function ownScript(row: ExecutionRow): string | null {
  if (row.script_hash_hex !== null || row.type === 'CONNECTION') return row.script_hash_hex
  throw new ServiceError(
    'conflict',
    row.flow_id === null
      ? `Execution ${row.id} was imported without its script, so there is nothing to run.`
      : `Execution ${row.id} was imported without its script. Set on_latest to run the one that its flow has now.`,
  )
}

function latestScript(row: ExecutionRow, flow: CachedFlow | null): string {
  if (flow !== null) return flow.row.script_hash
  throw new ServiceError(
    'conflict',
    row.flow_id === null
      ? `Execution ${row.id} runs no flow, so there is no latest script. Leave on_latest out.`
      : `The flow of execution ${row.id} is not there any more. Leave on_latest out, or restore the flow.`,
  )
}

// Which wrapper it runs stands there, too; and what was started unwrapped was so for its wrappers.
const KEPT = [...EXTRA, 'wrapper_id', 'unwrapped'] as const

// Where it stops, as long as it is in development mode; `break` was used up.
const STOPS = ['breakpoints', 'use_breakpoints', 'use_only_explicit_breakpoints'] as const

/**
 * What was asked for when it was started, and what it is a rerun of; with the schemas that it had, or
 * the latest. Not what had started it, webhook or schedule: a person starts this one.
 */
function extraOf(
  row: ExecutionRow,
  {
    latest,
    isProductive,
  }: { readonly latest: PinnedSchemas | null; readonly isProductive: boolean },
): string {
  const before = row.extra === null ? {} : (JSON.parse(row.extra) as Record<string, unknown>)
  const extra: Record<string, unknown> = { rerun_of: row.id, ...latest }
  const kept = [...KEPT, ...(latest === null ? SCHEMAS : []), ...(isProductive ? [] : STOPS)]
  for (const name of kept) if (name in before) extra[name] = before[name]
  return extraText(extra, '')
}

/** They count as put now, before somebody else refers to them. */
function touchSchemas(context: Context, { workspaceId, extra }: NewExecution): Promise<void> {
  const pinned = (extra === null ? {} : JSON.parse(extra)) as PinnedSchemas
  const hashes = SCHEMAS.flatMap((name) => pinned[name] ?? [])
  return touchContents(
    context.api,
    'payload',
    hashes.map((hash) => ({ workspaceId, hash })),
  )
}

const SCHEMAS = ['input_schema_hash', 'output_schema_hash'] as const

/** After the commit an engine is nudged without a copy of its input: it has a past to be read first. */
async function fork(
  context: Context,
  item: NewExecution,
  from: { executionId: string; savepoint: SavepointRef },
): Promise<void> {
  const forked = await forkExecution(context.api, item, from)
  if (forked.kind === 'unknown') throw executionNotFound(from.executionId)
  if (forked.kind !== 'forked') throw refusedSavepoint(forked)
  const { workspaceId, id: executionId } = item
  if (item.paused) return
  const [gate] = item.gates ?? []
  if (gate === undefined)
    void context.bus.publishDispatch('engine', [
      { workspaceId, executionId, version: 1, priority: item.priority },
    ])
  else context.bus.nudgeLocks([{ workspaceId, key: gate.key }])
}
