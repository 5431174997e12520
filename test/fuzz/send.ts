import { type IncomingMessage, request } from 'node:http'
import { monotonicMs } from '@millrace/runtime'
import type { FuzzRequest } from './request.ts'

export interface FuzzAnswer {
  readonly status: number
  readonly type: string
  readonly text: string
  /** False for what goes on for longer than the fuzz reads. */
  readonly isWhole: boolean
  readonly tookMs: number
}

/** No request of the fuzz asks for more than a moment; past this the answer counts as never. */
export const NEVER_MS = 20_000

/** An event stream goes on until its execution ends: its head and first bytes are the answer. */
const TEXT_MAX = 2_000_000

/** Sends a request as it is, path unnormalised. Rejects when no answer comes. */
export function send(
  at: { readonly url: string; readonly apiKey: string },
  { method, path, headers, body }: FuzzRequest,
): Promise<FuzzAnswer> {
  const { hostname, port } = new URL(at.url)
  const since = monotonicMs()
  const took = (): number => monotonicMs() - since
  return new Promise((resolve, reject) => {
    const call = request(
      {
        // A connection each: what one request does to its own must not fail the next.
        agent: false,
        hostname,
        port,
        method,
        path: `/api/latest${path}`,
        headers: {
          authorization: `Bearer ${at.apiKey}`,
          ...headers,
          ...(body !== null && { 'content-length': String(body.length) }),
        },
        timeout: NEVER_MS,
      },
      (response) => {
        read(response).then(({ text, isWhole }) => {
          call.destroy()
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            text,
            isWhole,
            tookMs: took(),
          })
        }, reject)
      },
    )
    call.on('timeout', () => call.destroy(new Error(`no answer within ${NEVER_MS} ms`)))
    call.on('error', reject)
    call.end(body ?? undefined)
  })
}

async function read(response: IncomingMessage): Promise<{ text: string; isWhole: boolean }> {
  const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (isStream || text.length > TEXT_MAX) return { text, isWhole: false }
  }
  return { text, isWhole: true }
}
