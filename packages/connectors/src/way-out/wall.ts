import { AsyncLocalStorage } from 'node:async_hooks'
import { Socket, isIP } from 'node:net'
import type { Attempt } from '../attempt.ts'
import { refuse } from './refuse.ts'

/**
 * The second wall behind the explicit dialler: every `connect` of a socket made within `withWall` is
 * judged by the attempt's policy, whichever library makes it and whether or not that offers a hook.
 * Sockets opened outside (our own Postgres, NATS, gRPC) pass untouched. What an attempt is given to
 * call of ours leaves by `beyondWall`: a pool that opened a connection within would be refused, and
 * whatever such a connection calls back later would still be within.
 */
export function withWall<T>(attempt: Attempt, run: () => Promise<T>): Promise<T> {
  install()
  return attempts.run(attempt, run)
}

/** Runs a function of ours, called by the code of an attempt, outside. */
export const beyondWall = <T>(run: () => T): T => attempts.exit(run)

const attempts = new AsyncLocalStorage<Attempt>()
let installed = false

function install(): void {
  if (installed) return
  installed = true
  // The method itself, called with its socket below.
  const original = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket
  const guarded = function (this: Socket, ...args: unknown[]): Socket {
    const attempt = attempts.getStore()
    if (attempt === undefined) return Reflect.apply(original, this, args)
    const target = targetOf(args)
    if (target === null)
      return fail(this, refuse(attempt, 'unix sockets, pipes and files are not reached'))
    const { host, port, options } = target
    if (isIP(host) !== 0) {
      const why = attempt.policy.refusal(host, port)
      return why === null ? Reflect.apply(original, this, args) : fail(this, refuse(attempt, why))
    }
    // Named: the check happens on what the name resolves to, inside this socket's own lookup.
    const lookup = lookupOf(attempt, port)
    if (options !== null) {
      options['lookup'] = lookup
      return Reflect.apply(original, this, args)
    }
    const callback = args.find((arg) => typeof arg === 'function')
    return Reflect.apply(original, this, [
      { host, port, lookup },
      ...(callback === undefined ? [] : [callback]),
    ])
  }
  Socket.prototype.connect = guarded
}

interface ConnectTarget {
  readonly host: string
  readonly port: number
  /** The caller's options object, when it gave one. */
  readonly options: Record<string, unknown> | null
}

/** connect(options), connect(port, host), connect([options, callback]); null for anything with a path. */
function targetOf(args: readonly unknown[]): ConnectTarget | null {
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0]
  if (typeof first === 'object' && first !== null) {
    const options = first as Record<string, unknown>
    if (options['path'] !== undefined && options['path'] !== null) return null
    return {
      host: typeof options['host'] === 'string' ? options['host'] : 'localhost',
      port: Number(options['port']),
      options,
    }
  }
  const port = Number(first)
  if (!Number.isInteger(port)) return null
  return { host: typeof args[1] === 'string' ? args[1] : 'localhost', port, options: null }
}

type LookupCallback = (error: Error | null, address?: unknown, family?: number) => void

function lookupOf(attempt: Attempt, port: number) {
  const allowedOf = async (host: string): Promise<{ address: string; family: number }[]> => {
    const found = await attempt.policy.resolve(host)
    const allowed = found.filter((address) => attempt.policy.refusal(address, port) === null)
    if (allowed.length === 0) throw refuse(attempt, `${host} has no address that may be reached`)
    return allowed.map((address) => ({ address, family: isIP(address) }))
  }
  return (host: string, options: { all?: boolean }, callback: LookupCallback): void => {
    allowedOf(host).then(
      (allowed) =>
        options.all === true
          ? callback(null, allowed)
          : callback(null, allowed[0]?.address, allowed[0]?.family),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    )
  }
}

function fail(socket: Socket, error: Error): Socket {
  process.nextTick(() => socket.destroy(error))
  return socket
}
