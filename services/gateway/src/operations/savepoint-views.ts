import {
  type ExecutionRow,
  keepsLast,
  newestSavepoint,
  type PlacedLogLine,
  readExecution,
  afterCall,
  readLogs,
  readSavepoints,
  readStand,
  type SavepointRef,
  type SavepointStand,
  type SavepointView,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, invalid } from '../problem.ts'
import type { HistoryPage, HistoryRequest } from './execution-history.ts'
import { time, timeOrNull } from './page-request.ts'
import { readValueText } from './read-execution.ts'
import { refusedSavepoint } from './savepoint-ref.ts'

/** The recorded calls of a generation (default: the present one), oldest first. */
export async function getSavepoints(
  context: Context,
  caller: Caller,
  request: HistoryRequest & { readonly generation?: number | undefined },
): Promise<HistoryPage> {
  const row = await readRow(context, caller, request.id)
  const after = parseCursor(request.cursor)
  const generation = after?.generation ?? request.generation ?? row.generation
  const limit = request.limit ?? 50
  if (keepsLast(row)) return newest(context, row, generation)
  const key = { workspaceId: caller.workspaceId, executionId: request.id }
  const page = { generation, afterSeq: after?.seq ?? 0, limit }
  const { savepoints, full } = await readSavepoints(context.api, key, page)
  const last = savepoints.at(-1)
  return {
    items: savepoints.map(toJson),
    next_cursor: full && last !== undefined ? `${generation}.${last.seq}` : null,
  }
}

/** How an execution stood right after a savepoint: its inputs, what it waited for, what it had logged. */
export async function getSavepoint(
  context: Context,
  caller: Caller,
  request: { readonly id: string; readonly savepoint: SavepointRef },
): Promise<object> {
  const row = await readRow(context, caller, request.id)
  const stand = await readStand(context.api, row, request.savepoint)
  if (stand.kind !== 'stand') throw refusedSavepoint(stand)
  const { workspaceId } = caller
  const [input, logs] = await Promise.all([
    readValueText(context, { workspaceId, id: row.id, which: 'input' }),
    logsUntil(context, workspaceId, stand),
  ])
  return {
    ...(await callAt(context, row, stand)),
    execution_id: row.id,
    input_value: JSON.parse(input) as unknown,
    waits: stand.open.map((entry) => ({
      seq: entry.seq,
      command: entry.kind,
      name: entry.label,
      lineno: entry.line,
      since: timeOrNull(entry.since),
    })),
    locks: stand.locks,
    logs: logs.slice(-LOGS_MAX).map(({ seq, generation, at, values }) => ({
      seq,
      generation,
      at: time(at),
      values,
    })),
    logs_truncated: logs.length > LOGS_MAX,
  }
}

const LOGS_MAX = 1_000

async function newest(
  context: Context,
  row: ExecutionRow,
  generation: number,
): Promise<HistoryPage> {
  if (generation !== row.generation) return { items: [], next_cursor: null }
  const seq = await newestSavepoint(context.api, row)
  const items = seq === 0 ? [] : [await callAt(context, row, { generation, seq })]
  return { items, next_cursor: null }
}

/** One call as lists show it; the beginning is none. */
async function callAt(
  context: Context,
  row: ExecutionRow,
  { generation, seq }: { readonly generation: number; readonly seq: number },
): Promise<object> {
  const key = { workspaceId: row.workspace_id, executionId: row.id }
  const page = { generation, afterSeq: seq - 1, limit: 1 }
  const { savepoints } =
    seq === 0 ? { savepoints: [] } : await readSavepoints(context.api, key, page)
  const [savepoint] = savepoints
  return savepoint === undefined
    ? { ...BEGINNING, id: `${generation}.0`, generation, created_at: time(row.created_at) }
    : toJson(savepoint)
}

const BEGINNING = {
  seq: 0,
  name: '',
  command: null,
  lineno: null,
  answered_at: null,
  state: 'done',
}

const toJson = (savepoint: SavepointView): object => ({
  id: `${savepoint.generation}.${savepoint.seq}`,
  ...savepoint,
  created_at: time(savepoint.created_at),
  answered_at: timeOrNull(savepoint.answered_at),
})

/** Lines of all lives that lead to the savepoint; what was written after it does not count. */
async function logsUntil(
  context: Context,
  workspaceId: string,
  { lives }: SavepointStand,
): Promise<readonly PlacedLogLine[]> {
  const lines: PlacedLogLine[] = []
  let from = 0
  for (const { id: executionId, generation, last: until } of lives) {
    if (until <= from) continue
    const key = { workspaceId, executionId }
    lines.push(...(await linesBetween(context, key, { generation, from, until })))
    from = until
  }
  return lines
}

async function linesBetween(
  context: Context,
  key: { readonly workspaceId: string; readonly executionId: string },
  { generation, from, until }: { generation: number; from: number; until: number },
): Promise<PlacedLogLine[]> {
  const lines: PlacedLogLine[] = []
  for (let after = afterCall(generation, from); ;) {
    const page = await readLogs(context.api, key, { after, limit: LOGS_MAX })
    const own = page.lines.filter((line) => line.generation === generation && line.seq <= until)
    lines.push(...own)
    const last = own.at(-1)
    if (!page.full || last === undefined || own.length < page.lines.length) return lines
    // Of many only the newest are shown.
    if (lines.length > 2 * LOGS_MAX) lines.splice(0, lines.length - LOGS_MAX - 1)
    after = last
  }
}

async function readRow(context: Context, caller: Caller, id: string): Promise<ExecutionRow> {
  const row = await readExecution(context.api, {
    workspaceId: caller.workspaceId,
    executionId: id,
  })
  if (row === null) throw executionNotFound(id)
  return row
}

function parseCursor(cursor: string | undefined): { generation: number; seq: number } | null {
  if (cursor === undefined || cursor === '') return null
  const match = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor)
  if (match === null)
    throw invalid([{ pointer: '/cursor', message: 'is damaged; begin without a cursor' }])
  return { generation: Number(match[1]), seq: Number(match[2]) }
}
