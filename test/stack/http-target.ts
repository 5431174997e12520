import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A third party: counts what reaches it, and answers when told to. */
export interface HttpTarget extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Everything that arrived, answered or not. */
  readonly calls: readonly TargetCall[]
  /** How many calls of this path have arrived. */
  count(path: string): number
  /** How many calls of this path wait for their answer at this moment. */
  hanging(path: string): number
  /** Answers the calls of this path that hang, and those to come. */
  letGo(path: string): void
}

export interface TargetCall {
  readonly method: string
  readonly path: string
  readonly body: string
}

/**
 * `/echo` gives back method, query and body; `/status/<n>` answers with that status; `/hang…` keeps
 * its callers until `letGo`; anything else is `{"ok": true}`.
 */
export async function startHttpTarget(): Promise<HttpTarget> {
  const calls: TargetCall[] = []
  const hanging = new Map<ServerResponse, string>()
  const open = new Set<string>()

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://target')
    const body = await text(request)
    calls.push({ method: request.method ?? '', path: url.pathname, body })
    if (url.pathname.startsWith('/hang') && !open.has(url.pathname)) {
      hanging.set(response, url.pathname)
      response.on('close', () => hanging.delete(response))
      return
    }
    const status = /^\/status\/(\d+)$/.exec(url.pathname)?.[1]
    if (status !== undefined) return send(response, Number(status), { status: Number(status) })
    const query = Object.fromEntries(url.searchParams)
    send(
      response,
      200,
      url.pathname === '/echo' ? { method: request.method, query, body } : { ok: true },
    )
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    count: (path) => calls.filter((call) => call.path === path).length,
    hanging: (path) => [...hanging.values()].filter((of) => of === path).length,
    letGo: (path) => {
      open.add(path)
      for (const [response, of] of hanging) if (of === path) send(response, 200, { ok: true })
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function send(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}
