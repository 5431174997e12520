import { isEnded } from '@millrace/execution'
import { monotonicMs, now } from '@millrace/runtime'
import {
  countMessageChanges,
  type ExecutionRecordRow,
  readExecutionRecord,
  readLogs,
  readMessagesOf,
  readSavepoints,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, invalid } from '../problem.ts'
import { createBell } from './bell.ts'
import { messageSummary } from './message-json.ts'
import { time, timeOrNull } from './page-request.ts'
import { explainExecution, type Why } from './why-execution.ts'

/** One thing that happened to an execution. A reader that knows `id` may go on after it. */
export interface ExecutionEvent {
  readonly id: string
  readonly type: 'status' | 'log' | 'savepoint' | 'output' | 'message' | 'ended' | 'heartbeat'
  readonly data: Readonly<Record<string, unknown>>
}

/** What a reader has seen; its text is the event's id. */
interface Position {
  version: number
  generation: number
  log: number
  /** How many lines of that call. */
  line: number
  savepoint: number
  /** The version at which the output was last told. */
  output: number
  /** What had happened to its messages, counted. */
  messages: number
}

const POLL_MS = 1_000
const HEARTBEAT_MS = 15_000
const PAGE = 500
const MESSAGES_MAX = 100

/**
 * What has happened to an execution and what happens, until it has ended. Everything is read from
 * Postgres and every event carries the whole position, so a reader that comes back with the last id
 * misses nothing and sees nothing twice. Nudges make it prompt; a poll each second makes it certain.
 * Throws `notFound` before the first event, `invalid` for an id that is none.
 */
export async function* followExecution(
  context: Context,
  caller: Caller,
  request: { id: string; lastEventId: string | null; signal: AbortSignal; build: string },
): AsyncGenerator<ExecutionEvent> {
  const { id, signal, build } = request
  const key = { workspaceId: caller.workspaceId, executionId: id }
  const at = parsePosition(request.lastEventId)
  const bell = createBell(signal)
  const view = context.views.listen(id, bell.ring)
  let heardAt = monotonicMs()
  let output: string | null = null
  try {
    for (;;) {
      // A reader goes on elsewhere with the last id when this process stops.
      if (signal.aborted || context.views.isStopped) return
      // The row first: whatever was committed with this version is there when it is read below.
      const row = await readExecutionRecord(context.api, { workspaceId: key.workspaceId, id })
      if (row === null) throw executionNotFound(id)
      const ended = isEnded(row.status)

      for await (const event of history(context, key, at, row.generation)) {
        heardAt = monotonicMs()
        yield event
      }
      for await (const event of messages(context, key, at)) {
        heardAt = monotonicMs()
        yield event
      }
      if (row.version > at.version) {
        // Before the move that it belongs to, with a place of its own in the position.
        if (row.output !== null && row.output !== output && at.output < row.version) {
          output = row.output
          at.output = row.version
          const data = { output_value: JSON.parse(output) as unknown, at: time(row.moved_at) }
          yield { id: idOf(at), type: 'output', data }
        }
        at.version = row.version
        heardAt = monotonicMs()
        const { status, version, generation, message, lineno } = row
        const facts = {
          status,
          version,
          generation,
          message,
          lineno,
          last_command: row.last_command,
        }
        const why = await whyOf(context, caller, row)
        const data = { ...facts, why, at: time(row.moved_at) }
        // A reader that comes back after this and before the end is told of the end alone.
        yield { id: idOf(at), type: 'status', data }
        if (ended) {
          const endedAt = timeOrNull(row.ended_at)
          yield { id: idOf(at), type: 'ended', data: { ...data, ended_at: endedAt } }
          return
        }
      } else if (ended) {
        const data = { status: row.status, version: row.version, at: time(row.moved_at) }
        yield { id: idOf(at), type: 'ended', data: { ...data, ended_at: timeOrNull(row.ended_at) } }
        return
      }
      if (monotonicMs() - heardAt >= HEARTBEAT_MS) {
        heardAt = monotonicMs()
        yield { id: idOf(at), type: 'heartbeat', data: { at: time(now()), build } }
      }
      await bell.wait(POLL_MS)
    }
  } finally {
    view.stop()
  }
}

/** Of what stands still the same as `GET /execution/{id}/why` says; null when it moves or has ended. */
async function whyOf(
  context: Context,
  caller: Caller,
  { id, status }: ExecutionRecordRow,
): Promise<Why | null> {
  // Ready is a moment's status for whoever watches; that it stays is said by asking.
  if (isEnded(status) || status === 'AT_ENGINE' || status === 'WAITING_ENGINE') return null
  return explainExecution(context, caller, { id, chain: false }).catch(() => null)
}

/** Log lines and savepoints after the position, which they move. */
async function* history(
  context: Context,
  key: { workspaceId: string; executionId: string },
  at: Position,
  generation: number,
): AsyncGenerator<ExecutionEvent> {
  if (generation > at.generation) {
    // Reverted: calls are counted anew. The log of the former generation goes on to be read first.
    yield* logs(context, key, at)
    Object.assign(at, { generation, log: 0, line: 0, savepoint: 0 })
  }
  yield* savepoints(context, key, at)
  yield* logs(context, key, at)
}

/** The newest messages as they stand, as soon as something has happened to one of them. */
async function* messages(
  context: Context,
  key: { workspaceId: string; executionId: string },
  at: Position,
): AsyncGenerator<ExecutionEvent> {
  // Counted before they are read: what happens in between is told again, and nothing is missed.
  const changes = await countMessageChanges(context.api, key)
  if (changes <= at.messages) return
  const rows = await readMessagesOf(context.api, key, MESSAGES_MAX)
  at.messages = changes
  yield {
    id: idOf(at),
    type: 'message',
    data: { messages: rows.map(messageSummary), at: time(now()) },
  }
}

async function* logs(
  context: Context,
  key: { workspaceId: string; executionId: string },
  at: Position,
): AsyncGenerator<ExecutionEvent> {
  for (let more = true; more;) {
    const place = { generation: at.generation, seq: at.log, line: at.line }
    const { lines, full } = await readLogs(context.api, key, { after: place, limit: PAGE })
    for (const line of lines) {
      if (line.generation !== at.generation) return
      at.log = line.seq
      at.line = line.line
      const { seq, generation, values } = line
      yield { id: idOf(at), type: 'log', data: { seq, generation, at: time(line.at), values } }
    }
    more = full && lines.length > 0
  }
}

async function* savepoints(
  context: Context,
  key: { workspaceId: string; executionId: string },
  at: Position,
): AsyncGenerator<ExecutionEvent> {
  for (let more = true; more;) {
    const page = await readSavepoints(context.api, key, {
      generation: at.generation,
      afterSeq: at.savepoint,
      limit: PAGE,
    })
    for (const savepoint of page.savepoints) {
      at.savepoint = savepoint.seq
      const { seq, generation, name, command, lineno, state } = savepoint
      const data = { seq, generation, name, command, lineno, state }
      yield { id: idOf(at), type: 'savepoint', data: { ...data, at: time(savepoint.created_at) } }
    }
    more = page.full && page.savepoints.length > 0
  }
}

const idOf = (at: Position): string =>
  `${at.version}.${at.generation}.${at.log}.${at.savepoint}.${at.output}.${at.messages}.${at.line}`

function parsePosition(id: string | null): Position {
  if (id === null || id === '')
    return { version: 0, generation: 1, log: 0, line: 0, savepoint: 0, output: 0, messages: 0 }
  const match =
    /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?$/.exec(
      id,
    )
  if (match === null)
    throw invalid([{ pointer: '/Last-Event-ID', message: 'is none of this stream; leave it out' }])
  // The last parts are younger than the others: a reader from before them is told of messages and of
  // the lines of its last call again.
  const [, version, generation, log, savepoint, output, seen, line] = match.map((part) =>
    Number(part ?? 0),
  )
  return {
    version: version ?? 0,
    generation: generation ?? 1,
    log: log ?? 0,
    line: line ?? 0,
    savepoint: savepoint ?? 0,
    output: output ?? 0,
    messages: seen ?? 0,
  }
}
