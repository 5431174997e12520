import { type Socket, connect, isIP } from 'node:net'
import { after, type Timer } from '@millrace/runtime'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { parseHost } from './host.ts'
import { refuse } from './refuse.ts'

export interface Target {
  readonly host: string
  readonly port: number
}

/**
 * Opens a TCP connection for an attempt: resolves all addresses, drops the refused ones, connects to
 * a remaining one. Nothing is sent to an address that the policy refuses. The socket ends with the
 * attempt. Throws ConnectionFailure.
 */
export async function dial(
  target: Target,
  attempt: Attempt,
  signal = attempt.signal,
): Promise<Socket> {
  attempt.enter('resolve')
  throwIfAborted(signal)
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65_535)
    throw new ConnectionFailure('INPUT', `${target.port} is not a port; it is 1 to 65535.`)
  const addresses = await resolve(target, attempt, signal)
  attempt.enter('connect')
  const socket = await connectFirst({ ...target, addresses }, attempt, signal)
  socket.setNoDelay(true)
  return socket
}

async function resolve(target: Target, attempt: Attempt, signal: AbortSignal): Promise<string[]> {
  const host = parseHost(target.host)
  if (host.kind === 'refused') throw refuse(attempt, host.why)
  const found =
    host.kind === 'address'
      ? [host.address]
      : await unlessAborted(lookup(host.name, attempt), signal)
  if (found.length === 0)
    throw new ConnectionFailure('NOT_REACHABLE', `${target.host} has no address. Check the name.`)
  const allowed: string[] = []
  const refusals: string[] = []
  for (const address of found) {
    const why = attempt.policy.refusal(address, target.port)
    if (why === null) allowed.push(address)
    else refusals.push(host.kind === 'name' ? `${host.name} is ${why}` : why)
  }
  if (allowed.length === 0) throw refuse(attempt, refusals.join('; '))
  attempt.record.refused.push(...refusals)
  return interleave(allowed).slice(0, ADDRESSES_MAX)
}

const ADDRESSES_MAX = 8

async function lookup(name: string, attempt: Attempt): Promise<readonly string[]> {
  try {
    return await attempt.policy.resolve(name)
  } catch (cause) {
    const code = codeOf(cause)
    throw new ConnectionFailure(
      'NOT_REACHABLE',
      `The name ${name} could not be resolved (${code}). Check the name and the resolver of this installation.`,
      { nativeCode: `dns: ${code}`, cause },
    )
  }
}

/** IPv6 and IPv4 by turns, keeping the resolver's first choice first. */
function interleave(addresses: readonly string[]): string[] {
  const first = addresses[0] === undefined ? 0 : isIP(addresses[0])
  const same = addresses.filter((address) => isIP(address) === first)
  const other = addresses.filter((address) => isIP(address) !== first)
  return [
    ...same.flatMap((address, index) => [address, ...other.slice(index, index + 1)]),
    ...other.slice(same.length),
  ]
}

/** Happy eyeballs: the next address is tried when one fails or has not answered after 250 ms. */
function connectFirst(
  target: Target & { readonly addresses: readonly string[] },
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>()
    let next = 0
    let stagger: Timer | null = null
    let last: unknown = null

    const finish = (winner: Socket | null, error?: unknown): void => {
      stagger?.cancel()
      signal.removeEventListener('abort', abort)
      for (const socket of open) if (socket !== winner) socket.destroy()
      if (winner === null) reject(error)
      else resolve(winner)
    }
    const abort = (): void => finish(null, signal.reason)
    const tryNext = (): void => {
      stagger?.cancel()
      const address = target.addresses[next]
      if (address === undefined) {
        if (open.size === 0) finish(null, notReachable(target, last))
        return
      }
      next += 1
      attempt.record.dialled.push({ host: target.host, address, port: target.port })
      const socket = attempt.track(connect({ host: address, port: target.port }), true)
      open.add(socket)
      const failed = (error: unknown): void => {
        open.delete(socket)
        last = error
        tryNext()
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.off('error', failed)
        finish(socket)
      })
      if (next < target.addresses.length) stagger = after(STAGGER_MS, tryNext)
    }
    signal.addEventListener('abort', abort, { once: true })
    tryNext()
  })
}

// RFC 8305 recommends 250 ms between attempts.
const STAGGER_MS = 250

function notReachable(target: Target, cause: unknown): ConnectionFailure {
  if (cause instanceof ConnectionFailure) return cause
  const code = codeOf(cause)
  return new ConnectionFailure(
    'NOT_REACHABLE',
    `${target.host}:${target.port} could not be reached (${code}). Check host and port, and that the server is running.`,
    { nativeCode: `os: ${code}`, cause },
  )
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown'

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason
}

/** `promise`, or the signal's reason when that comes first. The promise itself goes on unheard. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
