import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as it went over the wire. */
export interface Seen {
  readonly method: string
  /** Path with query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  /** Parsed JSON, other text as it is, or null. */
  readonly body: unknown
}

export type Reply = (request: Seen, response: ServerResponse) => void

/** An HTTP server that answers as told and remembers what it was asked: the wire's test double. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  readonly seen: readonly Seen[]
}

/** Answers with `replies` in turn, the last one for ever. */
export async function startScriptedServer(replies: readonly Reply[]): Promise<ScriptedServer> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const entry: Seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: body === '' ? null : isJson(request) ? JSON.parse(body) : body,
      }
      const reply = replies[Math.min(seen.length, replies.length - 1)]
      seen.push(entry)
      reply?.(entry, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const isJson = (request: IncomingMessage): boolean =>
  request.headers['content-type']?.includes('json') === true

/** Answers with a document. */
export function json(
  status: number,
  document: unknown,
  headers: Record<string, string> = {},
): Reply {
  return (_, response) => {
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(document))
  }
}

/** Answers with a problem document. */
export function problem(
  status: number,
  fields: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Reply {
  return json(
    status,
    { type: 'about:blank', title: `problem ${status}`, status, ...fields },
    { 'content-type': 'application/problem+json', ...headers },
  )
}

/** Breaks the connection without an answer. */
export const hangUp: Reply = (_, response) => {
  response.destroy()
}

/** Server-sent events; `then` says whether the connection breaks or ends after them. */
export function events(blocks: readonly string[], then: 'break' | 'end' = 'end'): Reply {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(blocks.map((block) => `${block}\n\n`).join(''), () => {
      if (then === 'end') response.end()
      else setImmediate(() => response.destroy())
    })
  }
}
