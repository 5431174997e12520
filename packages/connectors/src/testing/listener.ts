import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'

/** A TCP listener that counts what reaches it. */
export interface Listener extends AsyncDisposable {
  readonly port: number
  readonly connections: number
  readonly bytes: number
  /** Connections that are open now. */
  readonly open: number
}

export async function listen(
  onSocket: (socket: Socket, number: number) => void = () => undefined,
  host = '127.0.0.1',
): Promise<Listener> {
  const sockets = new Set<Socket>()
  let connections = 0
  let bytes = 0
  const server: Server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('data', (chunk) => (bytes += chunk.length))
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    onSocket(socket, connections)
  })
  server.listen(0, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    get bytes() {
      return bytes
    },
    get open() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
