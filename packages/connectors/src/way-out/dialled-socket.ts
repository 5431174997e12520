import type { Socket } from 'node:net'
import { ConnectionFailure } from '../failure.ts'

/** Passes on what arrives, or a part of it. A throw ends the connection. */
type Inlet = (bytes: Buffer, pass: (bytes: Buffer) => void) => void

/**
 * Dresses an open socket as one that has yet to connect, for libraries that insist on calling
 * `connect` themselves: that call dials nothing, it only reports that the connection is there.
 *
 * What arrives goes through `inlet` to the library's listeners. What either of them throws becomes
 * the error of the socket: thrown out of its event it would end the process.
 */
export function dialledSocket(socket: Socket, inlet: Inlet): Socket {
  const connect = (): Socket => {
    process.nextTick(() => socket.emit('connect'))
    return socket
  }
  socket.connect = connect
  // The method itself, called with its socket below.
  const original = socket.emit as (this: Socket, ...args: unknown[]) => boolean
  const emit = (...args: unknown[]): boolean => Reflect.apply(original, socket, args)
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== 'data') return emit(event, ...args)
    try {
      inlet(args[0] as Buffer, (bytes) => void emit('data', bytes))
    } catch (error) {
      socket.destroy(asFailure(error))
    }
    return true
  }
  return socket
}

function asFailure(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionFailure) return error
  const text = error instanceof Error ? error.message : String(error)
  return new ConnectionFailure('PROTOCOL', `The far side’s answer could not be read: ${text}.`, {
    cause: error,
  })
}
