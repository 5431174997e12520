import { decide, isEnded } from '@millrace/execution'
import { ServiceError } from '@millrace/runtime'
import {
  debugPropertiesOf,
  type ExecutionKey,
  type ExecutionRow,
  makeProductive as takeOut,
  patchExecution,
  readExecution,
  readWaits,
  releaseStop,
  toExecution,
  type WaitRow,
  withDebugProperties,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, invalid } from '../problem.ts'
import type { DebugBody } from '../schemas/execution.ts'

/** How often a move is decided again when somebody else was first. */
const TRIES = 8

/**
 * Changes breakpoints, lets go on what its debugger has stopped, or has it stop at its next line.
 * Throws `notFound`, `invalid`, and `conflict` where its mode or status does not allow it. A crash
 * between the change and the action leaves the change alone.
 */
export async function debugExecution(
  context: Context,
  caller: Caller,
  { id, body, isRepeat = false }: { id: string; body: DebugBody; isRepeat?: boolean },
): Promise<void> {
  checkBody(body)
  const key = { workspaceId: caller.workspaceId, executionId: id }
  let isChanged = false
  for (let round = 0; round < TRIES; round += 1) {
    const { row, waits, stop } = await read(context, key)
    checkMode(row, body)
    const answer = answerOf(body)
    if (answer !== null && (stop === null || (body.seq ?? stop.seq) !== stop.seq)) {
      // Its answer was lost: that the stop was left is what was asked for.
      if (isRepeat) return
      throw refused(row, stop === null ? NOT_STOPPED : `it stands at stop ${stop.seq}`)
    }
    if (!isChanged) await change(context, key, { body, isStopped: stop !== null })
    isChanged = true
    if (answer === null || stop === null) return
    checkAnswer(row, waits, stop)
    const version = await releaseStop(context.api, key, {
      version: row.version,
      seq: stop.seq,
      answer,
    })
    if (version !== null) return nudge(context, row, version)
  }
  throw new ServiceError('stale', `Execution ${id} moves too often to debug it. Try again.`)
}

/**
 * Takes an execution out of development mode for good; one that is stopped goes on, without further
 * stops. Nothing when it is productive. Throws `notFound`, and `conflict` when it has ended.
 */
export async function makeProductive(
  context: Context,
  caller: Caller,
  { id }: { id: string },
): Promise<void> {
  const key = { workspaceId: caller.workspaceId, executionId: id }
  for (let round = 0; round < TRIES; round += 1) {
    const { row, waits, stop } = await read(context, key)
    if (row.is_productive && stop === null) return
    if (isEnded(row.status)) throw refused(row, 'it has ended')
    if (stop !== null) checkAnswer(row, waits, stop)
    const expected = { version: row.version, seq: stop?.seq ?? null }
    const version = await takeOut(context.api, key, expected)
    if (version === null) continue
    if (stop !== null) nudge(context, row, version)
    return
  }
  throw new ServiceError('stale', `Execution ${id} moves too often to change its mode. Try again.`)
}

async function read(
  context: Context,
  key: ExecutionKey,
): Promise<{ row: ExecutionRow; waits: readonly WaitRow[]; stop: WaitRow | null }> {
  const row = await readExecution(context.api, key)
  if (row === null) throw executionNotFound(key.executionId)
  const waits = await readWaits(context.api, key)
  return { row, waits, stop: waits.find(({ kind }) => kind === 'BREAK') ?? null }
}

function checkBody({ action, line, seq, breakpoints, use_breakpoints: uses }: DebugBody): void {
  if (action === undefined && breakpoints === undefined && uses === undefined)
    throw invalid([{ pointer: '', message: 'must name an action, breakpoints or use_breakpoints' }])
  if ((action === 'run_to') !== (line !== undefined))
    throw invalid([{ pointer: '/line', message: 'belongs to the action run_to, which needs it' }])
  if (seq !== undefined && (action === undefined || action === 'break'))
    throw invalid([{ pointer: '/seq', message: 'belongs to an action that leaves a stop' }])
}

function checkMode(row: ExecutionRow, body: DebugBody): void {
  if (isEnded(row.status)) throw refused(row, 'it has ended')
  if (row.is_productive)
    throw refused(row, 'it is in productive mode; start another one with is_productive false')
  if (row.script_hash_hex === null) throw refused(row, 'a connection has no lines to stop at')
  const steps = body.action !== undefined && body.action !== 'continue'
  if (debugPropertiesOf(row.extra).onlyExplicit && (steps || body.breakpoints !== undefined))
    throw refused(
      row,
      'use_only_explicit_breakpoints looks at no other lines than those it began with; only continue and use_breakpoints are possible',
    )
}

type StopAnswer = Parameters<typeof releaseStop>[2]['answer']

/** How it is to leave its stop; null when it need not be stopped. */
function answerOf({ action, line = 1 }: DebugBody): StopAnswer | null {
  if (action === undefined || action === 'break') return null
  return action === 'run_to' ? { action, line } : { action }
}

/** What is wanted from now on; an activation that is under way hears of it at its end. */
async function change(
  { api }: Context,
  { workspaceId, executionId: id }: ExecutionKey,
  { body, isStopped }: { body: DebugBody; isStopped: boolean },
): Promise<void> {
  const { action, breakpoints, use_breakpoints: uses } = body
  // What stands has no next line to stop at but the one that it stands before.
  const breaks = action === 'break' && !isStopped
  const lines = breakpoints?.toSorted((a, b) => a - b) ?? []
  const heeds = uses ?? (lines.length > 0 ? true : undefined)
  if (breakpoints === undefined && heeds === undefined && !breaks) return
  const extra = (before: string | null): string | null =>
    withDebugProperties(before, {
      ...(breakpoints !== undefined && { breakpoints: lines }),
      ...(heeds !== undefined && { useBreakpoints: heeds }),
      ...(breaks && { breakNext: true }),
    })
  await patchExecution(api, { workspaceId, id }, { extra })
}

/** Whether its life allows what the statement does. */
function checkAnswer(row: ExecutionRow, waits: readonly WaitRow[], { seq }: WaitRow): void {
  const { generation } = row
  const event = { type: 'debuggerAnswered', generation, seq } as const
  if (decide(toExecution(row, waits), event).kind !== 'moved')
    throw new ServiceError('stale', `Execution ${row.id} has moved on. Try again.`)
}

function nudge({ bus }: Context, row: ExecutionRow, version: number): void {
  const item = { workspaceId: row.workspace_id, executionId: row.id, version }
  const status = 'WAITING_ENGINE'
  bus.publishMoved([{ ...item, status, parentId: row.parent_execution_id }])
  void bus.publishDispatch('engine', [{ ...item, priority: row.priority }])
}

const NOT_STOPPED = 'its debugger has not stopped it; break stops it at its next line'

const refused = (row: ExecutionRow, why: string): ServiceError =>
  new ServiceError('conflict', `Execution ${row.id} is ${row.status}; ${why}.`, {
    details: { execution_status: row.status },
  })
