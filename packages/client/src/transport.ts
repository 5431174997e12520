import { ApiError } from './api-error.ts'
import { ServerAwayError } from './away-error.ts'
import type { Platform } from './platform.ts'
import { toProblem } from './problem.ts'
import { toSearch, type Query } from './query.ts'
import { isRetryableStatus, parseRetryAfter, pauseBeforeRetry } from './retry.ts'

/** Sends one request, again where that is safe, and answers with the parsed body. */
export interface Transport {
  readonly platform: Platform
  /** Errors: ApiError, ServerAwayError, or the signal's own reason. */
  send(request: Request): Promise<Answer>
  /** The response as it stands, for bodies that never end. One try. */
  open(request: Request): Promise<Response>
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/latest`, with a leading slash. */
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  /** Instead of `body`: what is sent as it is. */
  readonly raw?: { readonly body: RawBody; readonly contentType: string }
  /** A body that is text and goes as it is, with its media type; instead of `body`. */
  readonly text?: { readonly type: string; readonly content: string }
  /** POST only; made up when absent and `repeat` is `keyed`. */
  readonly idempotencyKey?: string
  readonly repeat?: Repeat
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal | undefined
}

/**
 * How a request may be sent again when an earlier try may have been carried out. One that surely was
 * not is sent again in any case.
 * - `freely`, as every GET: carried out twice it is the same as once.
 * - `keyed`, as a POST unless it says otherwise: under an Idempotency-Key.
 * - `never`, as all others: of a POST, that the server heeds no key for it, and two would make two.
 */
export type Repeat = 'freely' | 'keyed' | 'never'

/** Bytes in memory, text, or pieces that come. */
export type RawBody = string | Uint8Array | AsyncIterable<Uint8Array>

export interface Answer {
  readonly status: number
  /** Parsed JSON, or null for an empty body. */
  readonly body: unknown
}

export function createTransport(options: {
  url: string
  apiKey: string | null
  platform: Platform
}): Transport {
  const base = `${options.url.replace(/\/+$/, '')}/api/latest`
  const { platform } = options

  async function open(request: Request): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
    if (options.apiKey !== null) headers['authorization'] = `Bearer ${options.apiKey}`
    if (request.idempotencyKey !== undefined) headers['idempotency-key'] = request.idempotencyKey
    const { text, raw } = request
    const json = request.body === undefined ? undefined : JSON.stringify(request.body)
    const content = text?.content ?? raw?.body ?? json
    if (content !== undefined)
      headers['content-type'] = text?.type ?? raw?.contentType ?? 'application/json'
    try {
      return await platform.fetch(`${base}${request.path}${toSearch(request.query ?? {})}`, {
        method: request.method,
        headers,
        ...(content === undefined ? {} : { body: content }),
        ...(raw === undefined ? {} : { duplex: 'half' as const }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      })
    } catch (error) {
      request.signal?.throwIfAborted()
      throw new ServerAwayError(options.url, error)
    }
  }

  async function sendOnce(request: Request): Promise<Answer> {
    const response = await open(request)
    const text = await response.text().catch((error: unknown) => {
      request.signal?.throwIfAborted()
      throw new ServerAwayError(options.url, error)
    })
    if (!response.ok) throw toApiError(response, text)
    return { status: response.status, body: text === '' ? null : parseBody(text) }
  }

  async function send(request: Request): Promise<Answer> {
    const repeat = request.repeat ?? REPEAT[request.method]
    const keyed = repeat === 'keyed' ? withKey(request, platform) : request
    let waitedMs = 0
    for (let tried = 1; ; tried += 1) {
      try {
        return await sendOnce(keyed)
      } catch (error) {
        const hint = retryHint(error)
        if (hint === null || (repeat === 'never' && !wasNotDone(error))) throw error
        const pauseMs = pauseBeforeRetry({
          tried,
          waitedMs,
          ...hint,
          chance: platform.random(),
        })
        if (pauseMs === null) throw error
        waitedMs += pauseMs
        await platform.delay(pauseMs, request.signal)
      }
    }
  }

  return { platform, send, open }
}

export function toApiError(response: Response, text: string): ApiError {
  const retryAfterMs = parseRetryAfter(
    response.headers.get('retry-after'),
    response.headers.get('date'),
  )
  const retryable = isRetryableStatus(response.status, retryAfterMs)
  return new ApiError(toProblem(response.status, parseBody(text)), { retryable, retryAfterMs })
}

const REPEAT: Readonly<Record<Request['method'], Repeat>> = {
  GET: 'freely',
  POST: 'keyed',
  PUT: 'never',
  PATCH: 'never',
  DELETE: 'never',
}

function withKey(request: Request, platform: Platform): Request {
  return { ...request, idempotencyKey: request.idempotencyKey ?? platform.newKey() }
}

/** No connection came about, or the server had no room for the request. */
const wasNotDone = (error: unknown): boolean =>
  error instanceof ServerAwayError
    ? error.isUnsent
    : error instanceof ApiError && error.status === 429

/** Null: another try is of no use. */
function retryHint(error: unknown): { retryAfterMs: number | null; underWay: boolean } | null {
  if (error instanceof ServerAwayError) return { retryAfterMs: null, underWay: false }
  if (!(error instanceof ApiError && error.retryable)) return null
  return { retryAfterMs: error.retryAfterMs, underWay: error.status === 409 }
}

/** A proxy in between may answer with HTML; that is still worth showing. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
