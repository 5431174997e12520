import { ServerAwayError } from './away-error.ts'
import type { ApiError } from './api-error.ts'
import { readEvents } from './read-events.ts'
import { refusalOf } from './read-body.ts'
import type { Transport } from './transport.ts'

/** One event of an execution. `data` is the parsed document; `id` resumes after it. */
export interface ExecutionEvent {
  readonly id: string | null
  /** `status`, `log`, `output`, `savepoint`, `message`, `resync` or `ended`, which is the last one. */
  readonly type: string
  readonly data: unknown
}

export interface StreamOptions {
  /** Go on after this event instead of from the beginning. */
  readonly lastEventId?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Broken connections in a row, with no event in between, after which the stream gives up. */
const MAX_BREAKS = 12
const LONGEST_PAUSE_MS = 3_000

/** The server sends a heartbeat every 15 s: three missed ones mean that the connection is dead. */
const SILENCE_MS = 45_000

/**
 * Follows an execution until `ended`. A connection that breaks is opened again after the last event
 * seen, so nothing is lost and nothing comes twice.
 * Errors: ApiError for an answer that another try does not change; ServerAwayError.
 */
export async function* streamExecution(
  transport: Transport,
  id: string,
  options: StreamOptions = {},
): AsyncGenerator<ExecutionEvent> {
  let lastEventId = options.lastEventId
  for (let breaks = 0; ;) {
    let failure: unknown = new Error('the stream ended before the execution')
    try {
      for await (const event of openStream(transport, id, lastEventId, options.signal)) {
        breaks = 0
        if (event.id !== null) lastEventId = event.id
        if (event.type === 'heartbeat') continue
        yield event
        if (event.type === 'ended') return
      }
    } catch (error) {
      options.signal?.throwIfAborted()
      if (isFinal(error)) throw error
      failure = error
    }
    breaks += 1
    if (breaks >= MAX_BREAKS)
      throw failure instanceof ServerAwayError
        ? failure
        : new ServerAwayError(`the stream of ${id}`, failure)
    await transport.platform.delay(Math.min(LONGEST_PAUSE_MS, 100 * 2 ** breaks), options.signal)
  }
}

async function* openStream(
  transport: Transport,
  id: string,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExecutionEvent> {
  const headers: Record<string, string> = { accept: 'text/event-stream' }
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId
  const path = `/execution/${encodeURIComponent(id)}/stream`
  const response = await transport.open({ method: 'GET', path, headers, signal })
  if (!response.ok) throw await refusalOf(response)
  if (response.body === null) return
  yield* readEvents(response.body, (reading) => withSilenceGuard(transport, reading))
}

/** Fails a read that brings nothing for too long. */
async function withSilenceGuard<T>(transport: Transport, reading: Promise<T>): Promise<T> {
  const guard = new AbortController()
  const silence = transport.platform.delay(SILENCE_MS, guard.signal).then(() => {
    throw new Error('the server has fallen silent')
  })
  silence.catch(() => undefined)
  try {
    return await Promise.race([reading, silence])
  } finally {
    guard.abort()
  }
}

function isFinal(error: unknown): error is ApiError {
  return error instanceof Error && error.name === 'ApiError' && !(error as ApiError).retryable
}
