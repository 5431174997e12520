import { Readable } from 'node:stream'
import { type Timer, after } from '@millrace/runtime'
import type { Agent } from 'undici'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { createOutputLimit } from '../output-limit.ts'
import type { EncodedBody } from './encode-body.ts'
import type { StoredAnswer } from './store-answer.ts'

export interface HttpRequest {
  readonly method: string
  readonly url: URL
  /** Name, value, name, value …: repeats are allowed. */
  readonly headers: readonly string[]
  readonly body: EncodedBody | null
  /** Null: the answer is kept in memory. Otherwise it is read from the stream that is given. */
  readonly store: (head: ResponseHead) => ((body: Readable) => Promise<StoredAnswer>) | null
}

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

export interface HttpResponse extends ResponseHead {
  /** Empty when it was stored. */
  readonly body: Buffer
  readonly stored: StoredAnswer | null
}

export interface ExchangeLimits {
  /** ms of silence at most. */
  readonly readTimeoutMs: number
  readonly maxBytes: number
}

/**
 * One request and its whole answer, on a connection of its own. Moves the attempt through send, wait
 * and receive. Rejects with what went wrong; nothing is repeated.
 */
export function exchange(
  agent: Agent,
  request: HttpRequest,
  limits: ExchangeLimits,
  attempt: Attempt,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let head: ResponseHead | null = null
    let stream: Readable | null = null
    let storing: Promise<StoredAnswer> | null = null
    let abortRequest: ((reason: Error) => void) | null = null
    let settled = false
    let silence: Timer | null = null
    const chunks: Buffer[] = []
    const count = createOutputLimit(limits.maxBytes)

    const finish = (error: unknown, response?: HttpResponse): void => {
      if (settled) return
      settled = true
      silence?.cancel()
      attempt.signal.removeEventListener('abort', cancel)
      if (response !== undefined) return resolve(response)
      reject(error)
      stream?.destroy(error instanceof Error ? error : new Error('aborted'))
      abortRequest?.(error instanceof Error ? error : new Error('aborted'))
    }
    const cancel = (): void => finish(attempt.signal.reason)
    const heard = (): void => {
      silence?.cancel()
      silence = after(limits.readTimeoutMs, () => finish(silent(limits.readTimeoutMs)))
    }
    if (attempt.signal.aborted) return cancel()
    attempt.signal.addEventListener('abort', cancel, { once: true })
    const body = request.body?.open() ?? null

    agent.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: Buffer.isBuffer(body)
          ? [...request.headers]
          : [...request.headers, ...lengthOf(request.body)],
        body: body === null || Buffer.isBuffer(body) ? body : Readable.from(body),
        idempotent: false,
        reset: true,
        // The timers above and of the attempt are exact; undici's tick once a second.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart: (controller) => {
          abortRequest = (reason) => controller.abort(reason)
          if (settled) controller.abort(new Error('aborted'))
        },
        onRequestSent: () => {
          attempt.enter('wait')
          heard()
        },
        onResponseStart: (controller, status, _headers, reason) => {
          if (status < 200) return heard()
          attempt.enter('receive')
          heard()
          head = { status, reason: reason ?? '', headers: pairs(controller.rawHeaders) }
          const store = request.store(head)
          if (store === null) return
          stream = new Readable({ highWaterMark: STREAM_BYTES, read: () => controller.resume() })
          // An error of the stream reaches whoever reads it; without a listener it would end the process.
          stream.on('error', () => undefined)
          storing = store(stream)
          storing.catch(finish)
        },
        onResponseData: (controller, chunk) => {
          heard()
          if (stream !== null) {
            // The far side waits while pieces are being stored.
            if (!stream.push(chunk)) controller.pause()
            return
          }
          try {
            count(chunk.length)
            chunks.push(chunk)
          } catch (error) {
            finish(error)
          }
        },
        onResponseEnd: () => {
          if (head === null) return finish(new Error('the answer has no head'))
          const answer = head
          if (storing === null)
            return finish(null, { ...answer, body: Buffer.concat(chunks), stored: null })
          // All has arrived: what is left to do is ours, and no silence of the far side.
          silence?.cancel()
          stream?.push(null)
          storing.then(
            (stored) => finish(null, { ...answer, body: Buffer.alloc(0), stored }),
            finish,
          )
        },
        onResponseError: (_controller, error) => finish(error),
      },
    )
  })
}

const STREAM_BYTES = 512 * 1_024

const lengthOf = (body: EncodedBody | null): string[] =>
  body === null ? [] : ['content-length', String(body.length)]

const silent = (timeoutMs: number): ConnectionFailure =>
  new ConnectionFailure(
    'TIMED_OUT',
    `The server said nothing for ${timeoutMs / 1000} s. Raise read_timeout if it needs longer.`,
    { details: { timeout: 'read_timeout' } },
  )

function pairs(raw: unknown): { name: string; value: string }[] {
  const flat = Array.isArray(raw) ? (raw as (Buffer | string)[]) : []
  const list: { name: string; value: string }[] = []
  for (let index = 0; index + 1 < flat.length; index += 2)
    list.push({ name: latin1(flat[index]).toLowerCase(), value: latin1(flat[index + 1]) })
  return list
}

const latin1 = (value: Buffer | string | undefined): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : (value ?? '')
