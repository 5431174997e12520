import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface TestHttpServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Requests whose head has arrived. */
  readonly requests: number
}

/** A real HTTP server of this process. */
export async function serveHttp(
  listener: RequestListener,
  tls?: { key: string; cert: string; ca?: string; requestCert?: boolean },
): Promise<TestHttpServer> {
  let requests = 0
  const counted: RequestListener = (request, response) => {
    requests += 1
    listener(request, response)
  }
  const server = tls === undefined ? createServer(counted) : createTlsServer(tls, counted)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}
