import type { Socket } from 'node:net'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { type Target, dial, unlessAborted } from '../way-out/dial.ts'
import { upgrade } from '../way-out/dial-tls.ts'
import type { SqlPgInput } from './sqlpg-input.ts'

/** A stream to a Postgres server on which its protocol may begin, with TLS as the inputs say. */
export async function openStream(
  target: Target,
  tls: SqlPgInput['tls'],
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await dial(target, attempt, signal)
  if (tls.tls_mode === 'off') return socket
  // The name in the certificate is that of the server, also for a second stream dialled by address.
  const named = { ...target, host: tls.server_name ?? target.host }
  if (tls.tls_mode === 'implicit')
    return upgrade(socket, { ...named, alpn: ['postgresql'] }, tls, attempt, signal)
  attempt.enter('tls')
  socket.write(SSL_REQUEST)
  const answer = await unlessAborted(firstByte(socket), signal)
  if (answer === 'S') return upgrade(socket, named, tls, attempt, signal)
  throw new ConnectionFailure(
    'NOT_REACHABLE',
    `${target.host}:${target.port} offers no TLS. Set tls: {tls_mode: off} if plain text is acceptable here.`,
  )
}

// Length 8, then 1234 and 5679 where a version number would be.
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** Exactly one byte: more before the handshake would be somebody in between (CVE-2021-23222). */
function firstByte(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      socket.off('data', data)
      socket.off('error', reject)
      socket.off('close', closed)
      act()
    }
    const data = (bytes: Buffer): void => {
      socket.pause()
      finish(() =>
        bytes.length === 1
          ? resolve(bytes.toString('latin1'))
          : reject(
              new ConnectionFailure('PROTOCOL', 'The server sent data before TLS began.', {
                outcome: 'none',
              }),
            ),
      )
    }
    const closed = (): void =>
      finish(() => reject(new Error('the connection was closed when TLS was asked for')))
    socket.once('data', data)
    socket.once('error', reject)
    socket.once('close', closed)
  })
}
