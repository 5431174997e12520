import type { Socket } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { type Target, codeOf, dial, throwIfAborted } from './dial.ts'
import { type TlsInput, isPinned, tlsOptionsOf } from './tls-options.ts'

/** Opens a TLS connection for an attempt. Throws ConnectionFailure. */
export async function dialTls(
  target: Target & { readonly alpn?: readonly string[] },
  tls: TlsInput,
  attempt: Attempt,
  signal = attempt.signal,
): Promise<TLSSocket> {
  return upgrade(await dial(target, attempt, signal), target, tls, attempt, signal)
}

/** Puts TLS over a connection that is open already. */
export function upgrade(
  socket: Socket,
  target: Target & { readonly alpn?: readonly string[] },
  tls: TlsInput,
  attempt: Attempt,
  signal = attempt.signal,
): Promise<TLSSocket> {
  attempt.enter('tls')
  throwIfAborted(signal)
  if (tls.verify === false && !attempt.policy.allowUnverifiedTls)
    throw new ConnectionFailure(
      'REFUSED_BY_POLICY',
      'tls.verify: false is not allowed here. Give the server’s certificate authority in tls.ca.',
      { outcome: 'none' },
    )
  const options: ConnectionOptions = {
    ...tlsOptionsOf(tls, target.host),
    socket,
    ...(target.alpn !== undefined && { ALPNProtocols: [...target.alpn] }),
  }
  return new Promise((resolve, reject) => {
    const secure = attempt.track(connect(options), false)
    const finish = (error: unknown): void => {
      signal.removeEventListener('abort', abort)
      secure.off('error', finish)
      secure.off('close', closed)
      if (error === undefined) return resolve(secure)
      secure.destroy()
      reject(error instanceof ConnectionFailure ? error : tlsFailure(error, target))
    }
    const abort = (): void => finish(signal.reason)
    const closed = (): void =>
      finish(new Error('the connection was closed during the TLS handshake'))
    signal.addEventListener('abort', abort, { once: true })
    secure.once('error', finish)
    secure.once('close', closed)
    secure.once('secureConnect', () => {
      const certificate = secure.getPeerX509Certificate()
      const fingerprint = certificate?.fingerprint256 ?? ''
      attempt.record.tls = { version: secure.getProtocol() ?? '', fingerprint }
      if (!isPinned(tls, fingerprint)) return finish(notPinned(target, fingerprint))
      finish(undefined)
    })
  })
}

const notPinned = (target: Target, fingerprint: string): ConnectionFailure =>
  new ConnectionFailure(
    'TLS_NOT_TRUSTED',
    `The certificate of ${target.host} (${fingerprint}) is none of tls.pinned_sha256. Check whether it was renewed.`,
  )

function tlsFailure(error: unknown, target: Target): ConnectionFailure {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  const facts = { nativeCode: `tls: ${code}`, peerText: text, cause: error }
  if (isDistrust(code))
    return new ConnectionFailure(
      'TLS_NOT_TRUSTED',
      `The certificate of ${target.host} is not trusted (${code}). Give its certificate authority in tls.ca, or the right name in tls.server_name.`,
      facts,
    )
  return new ConnectionFailure(
    'NOT_REACHABLE',
    `No TLS with ${target.host}:${target.port} (${code === 'unknown' ? text : code}). Check that this port speaks TLS and which versions it offers.`,
    facts,
  )
}

// Node names failed verifications after OpenSSL's X509_V_ERR_…, without that prefix.
const isDistrust = (code: string): boolean =>
  code.startsWith('ERR_TLS_CERT') ||
  (!code.startsWith('ERR_') &&
    /CERT|SIGNATURE|ISSUER|CRL|SIGNED|HOSTNAME|PURPOSE|CA_|PATH_LENGTH/.test(code))
