import { afterCall, type LogPosition, readExecution, readLogs } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, invalid } from '../problem.ts'
import { time } from './page-request.ts'

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
  await mustExist(context, caller, request.id)
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
    next_cursor: full && last !== undefined ? `${last.generation}.${last.seq}.${last.line}` : null,
  }
}

async function mustExist(context: Context, caller: Caller, id: string): Promise<void> {
  const row = await readExecution(context.api, {
    workspaceId: caller.workspaceId,
    executionId: id,
  })
  if (row === null) throw executionNotFound(id)
}

function parseCursor(cursor: string | undefined): LogPosition {
  if (cursor === undefined || cursor === '') return afterCall(1, 0)
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(cursor)
  if (match === null)
    throw invalid([{ pointer: '/cursor', message: 'is damaged; begin without a cursor' }])
  return { generation: Number(match[1]), seq: Number(match[2]), line: Number(match[3]) }
}
