import { Agent } from 'undici'
import type { Attempt } from '../attempt.ts'
import { withConnectDeadline } from './connect-deadline.ts'
import { type Target, dial } from './dial.ts'
import { dialTls } from './dial-tls.ts'
import type { TlsInput } from './tls-options.ts'

/**
 * An undici dispatcher whose every connection goes through the dialler. One per attempt, so two
 * workspaces never share a socket and nothing is repeated on a connection found dead. `tlsOf` says
 * what to present to a host: the client certificate goes to the first origin only.
 */
export function createDispatcher(
  attempt: Attempt,
  options: { readonly connectTimeoutMs: number; readonly tlsOf: (target: Target) => TlsInput },
): Agent {
  return new Agent({
    connections: 1,
    pipelining: 1,
    allowH2: false,
    connect: (target, callback) => {
      const isTls = target.protocol === 'https:'
      const host = target.hostname.replaceAll(/^\[|\]$/g, '')
      const port = Number(target.port === '' ? (isTls ? 443 : 80) : target.port)
      withConnectDeadline(attempt, options.connectTimeoutMs, (signal) =>
        isTls
          ? dialTls(
              { host, port, alpn: ['http/1.1'] },
              options.tlsOf({ host, port }),
              attempt,
              signal,
            )
          : dial({ host, port }, attempt, signal),
      ).then(
        (socket) => {
          // undici writes the request as soon as it has the socket.
          attempt.enter('send')
          callback(null, socket)
        },
        (error: unknown) =>
          callback(error instanceof Error ? error : new Error(String(error)), null),
      )
    },
  })
}
