import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'

/**
 * The doors for those who run a service: `/alive` (the event loop turns: never asks Postgres or NATS,
 * or an outage of theirs would restart everything), `/ready` (it can do its work), `/metrics`.
 */
export interface OpsServer extends AsyncDisposable {
  readonly port: number
  close(): Promise<void>
}

export interface OpsServerOptions {
  readonly metrics: Metrics
  /** A throw counts as not ready. */
  readonly ready: () => boolean | Promise<boolean>
  /** Default 0: a free one. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
}

export async function opsServer(options: OpsServerOptions): Promise<OpsServer> {
  const { metrics, ready, port = 0, host = '127.0.0.1' } = options
  const server = createServer((request, response) => {
    route(request.url ?? '/', response).catch(() => answer(response, 500, 'error\n'))
  })

  async function route(url: string, response: ServerResponse): Promise<void> {
    switch (url.split('?')[0]) {
      case '/alive':
        return answer(response, 200, 'alive\n')
      case '/ready': {
        const isReady = await Promise.resolve()
          .then(ready)
          .catch(() => false)
        return isReady ? answer(response, 200, 'ready\n') : answer(response, 503, 'not ready\n')
      }
      case '/metrics':
        return answer(response, 200, await metrics.text(), metrics.registry.contentType)
      default:
        return answer(response, 404, 'not found\n')
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    port: (server.address() as AddressInfo).port,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
  response.end(body)
}
