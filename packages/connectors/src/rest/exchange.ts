import { type Timer, after } from '@millrace/runtime'
import type { Agent } from 'undici'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { createOutputLimit } from '../output-limit.ts'

export interface HttpRequest {
  readonly method: string
  readonly url: URL
  /** Name, value, name, value …: repeats are allowed. */
  readonly headers: readonly string[]
  readonly body: Buffer | null
}

export interface HttpResponse {
  readonly status: number
  readonly reason: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  readonly body: Buffer
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
    let head: Omit<HttpResponse, 'body'> | null = null
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
      abortRequest?.(error instanceof Error ? error : new Error('aborted'))
    }
    const cancel = (): void => finish(attempt.signal.reason)
    const heard = (): void => {
      silence?.cancel()
      silence = after(limits.readTimeoutMs, () => finish(silent(limits.readTimeoutMs)))
    }
    if (attempt.signal.aborted) return cancel()
    attempt.signal.addEventListener('abort', cancel, { once: true })

    agent.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: [...request.headers],
        body: request.body,
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
        },
        onResponseData: (_controller, chunk) => {
          heard()
          try {
            count(chunk.length)
            chunks.push(chunk)
          } catch (error) {
            finish(error)
          }
        },
        onResponseEnd: () => {
          if (head === null) return finish(new Error('the answer has no head'))
          finish(null, { ...head, body: Buffer.concat(chunks) })
        },
        onResponseError: (_controller, error) => finish(error),
      },
    )
  })
}

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
