import type { Socket } from 'node:net'

/**
 * Dresses an open socket as one that has yet to connect, for libraries that insist on calling
 * `connect` themselves: that call dials nothing, it only reports that the connection is there.
 */
export function dialledSocket(socket: Socket): Socket {
  const connect = (): Socket => {
    process.nextTick(() => socket.emit('connect'))
    return socket
  }
  socket.connect = connect
  return socket
}
