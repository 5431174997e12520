import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Rng } from '../rng.ts'
import { createFrameSplitter } from './nats-frames.ts'
import { type Behaviour, createPipe, type Hits, type Pipe } from './pipe.ts'

/** `up` goes to the server, `down` comes back from it. */
export type Direction = 'up' | 'down'
export type Behaviours = Readonly<Partial<Record<Direction, Behaviour>>>

export interface Proxy extends AsyncDisposable {
  /** Of 127.0.0.1. */
  readonly port: number
  /** Open connections, oldest first: each may be told by itself what to do. */
  readonly connections: readonly ProxiedConnection[]
  /** All connections, and those to come. A direction that is not named stays as it is. */
  behave(behaviours: Behaviours): void
  /** Everything passes again, and what was held goes on. */
  heal(): void
  readonly hits: Readonly<Hits>
}

export interface ProxiedConnection {
  behave(behaviours: Behaviours): void
}

export interface ProxyOptions {
  /** Asked for each connection: a restarted server may be anywhere. */
  readonly upstream: () => Promise<{ readonly host: string; readonly port: number }>
  readonly rng: Rng
  /** What is spoken, where messages are to be shuffled. */
  readonly protocol?: 'nats'
}

const PASS: Behaviour = { kind: 'pass' }

/** A TCP proxy on a free port that passes everything until it is told otherwise. */
export async function startProxy({ upstream, rng, protocol }: ProxyOptions): Promise<Proxy> {
  const hits: Hits = { delayed: 0, held: 0, broken: 0, answersLost: 0, shuffled: 0 }
  const connections = new Set<ProxiedConnection>()
  const sockets = new Set<Socket>()
  const current: Record<Direction, Behaviour> = { up: PASS, down: PASS }
  let passesUp: (() => void)[] = []

  const server = createServer(
    { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
    (client) => {
      keep(client)
      void serve(client)
    },
  )

  async function serve(client: Socket): Promise<void> {
    if (isReset(current)) return refuse(client)
    // What a lost network does to whoever connects: nothing, until it is back.
    while (current.up.kind === 'stall') {
      hits.held += 1
      await new Promise<void>((resolve) => passesUp.push(resolve))
      if (client.destroyed) return
    }
    const remote = await dial().catch(() => null)
    if (remote === null || client.destroyed || isReset(current)) {
      remote?.destroy()
      return refuse(client)
    }
    const breakBoth = (): void => {
      client.resetAndDestroy()
      remote.resetAndDestroy()
    }
    const pipes: Record<Direction, Pipe> = {
      up: createPipe({
        ...{ source: client, target: remote, rng, hits, breakBoth },
        ...(protocol === 'nats' && { split: createFrameSplitter() }),
        loseAnswer: (bytes) => pipes.down.behave({ kind: 'truncate', bytes }),
      }),
      down: createPipe({
        ...{ source: remote, target: client, rng, hits, breakBoth },
        loseAnswer: () => undefined,
      }),
    }
    const connection: ProxiedConnection = {
      behave({ up, down }) {
        if (up !== undefined) pipes.up.behave(up)
        if (down !== undefined) pipes.down.behave(down)
      },
    }
    connection.behave(current)
    connections.add(connection)
    for (const socket of [client, remote])
      socket.once('close', () => {
        if (client.destroyed && remote.destroyed) connections.delete(connection)
      })
    client.resume()
    remote.resume()
  }

  async function dial(): Promise<Socket> {
    const { host, port } = await upstream()
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
    keep(socket)
    socket.pause()
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(socket))
      socket.once('error', reject)
    })
  }

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => undefined) // its close tells the other side
    socket.once('close', () => sockets.delete(socket))
  }

  function refuse(client: Socket): void {
    hits.broken += 1
    client.resetAndDestroy()
  }

  function behave(behaviours: Behaviours): void {
    Object.assign(current, behaviours)
    for (const connection of connections) connection.behave(behaviours)
    if (current.up.kind === 'stall') return
    const waiting = passesUp
    passesUp = []
    for (const resolve of waiting) resolve()
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return [...connections]
    },
    behave,
    heal: () => behave({ up: PASS, down: PASS }),
    hits,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      behave({ up: PASS, down: PASS })
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const isReset = ({ up, down }: Record<Direction, Behaviour>): boolean =>
  up.kind === 'reset' || down.kind === 'reset'
