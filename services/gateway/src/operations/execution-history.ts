import { readExecution, readLogs, readSavepoints } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, invalid } from '../problem.ts'
import { time, timeOrNull } from './page-request.ts'

export interface HistoryRequest {
  readonly id: string
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export interface HistoryPage {
  readonly items: readonly object[]
  readonly next_cursor: string | null
}

/** What the code has logged, oldest first, over all generations. */
export async function getLog(
  context: Context,
  caller: Caller,
  request: HistoryRequest,
): Promise<HistoryPage> {
  await generationOf(context, caller, request.id)
  const after = parseCursor(request.cursor)
  const key = { workspaceId: caller.workspaceId, executionId: request.id }
  const { lines, full } = await readLogs(context.api, key, { after, limit: request.limit ?? 50 })
  const last = lines.at(-1)
  return {
    items: lines.map(({ seq, generation, at, values }) => ({
      seq,
      generation,
      at: time(at),
      values,
    })),
    next_cursor: full && last !== undefined ? `${last.generation}.${last.seq}` : null,
  }
}

/** The recorded calls of the present generation, oldest first. */
export async function getSavepoints(
  context: Context,
  caller: Caller,
  request: HistoryRequest,
): Promise<HistoryPage> {
  const present = await generationOf(context, caller, request.id)
  const after = request.cursor === undefined ? null : parseCursor(request.cursor)
  const generation = after?.generation ?? present
  const { savepoints, full } = await readSavepoints(
    context.api,
    { workspaceId: caller.workspaceId, executionId: request.id },
    { generation, afterSeq: after?.seq ?? 0, limit: request.limit ?? 50 },
  )
  const last = savepoints.at(-1)
  return {
    items: savepoints.map((savepoint) => ({
      ...savepoint,
      created_at: time(savepoint.created_at),
      answered_at: timeOrNull(savepoint.answered_at),
    })),
    next_cursor: full && last !== undefined ? `${generation}.${last.seq}` : null,
  }
}

async function generationOf(context: Context, caller: Caller, id: string): Promise<number> {
  const row = await readExecution(context.api, {
    workspaceId: caller.workspaceId,
    executionId: id,
  })
  if (row === null) throw executionNotFound(id)
  return row.generation
}

function parseCursor(cursor: string | undefined): { generation: number; seq: number } {
  if (cursor === undefined || cursor === '') return { generation: 1, seq: 0 }
  const match = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor)
  if (match === null)
    throw invalid([{ pointer: '/cursor', message: 'is damaged; begin without a cursor' }])
  return { generation: Number(match[1]), seq: Number(match[2]) }
}
