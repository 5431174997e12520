import { errors, type Msg, type NatsConnection, type Subscription } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { sleep, type Logger } from '@millrace/runtime'

/**
 * The connection to NATS, kept for ever: it is opened in the background, opened again when lost, and
 * all that is subscribed to follows it. While it is down, `current` is null and nothing is buffered:
 * what could not be sent is found by the sweep, and a flood of old nudges helps nobody.
 */
export interface Link {
  /** The live connection, or null while there is none. */
  current(): NatsConnection | null
  /** Calls `fn` for each message from now on, over every connection. */
  subscribe(subject: string, options: { queue?: string }, fn: (message: Msg) => void): Listening
  /** Calls `fn` whenever the connection came (back) up, and at once when it is up. */
  onUp(fn: (connection: NatsConnection) => void): void
  /** Finishes what has arrived and closes. */
  close(): Promise<void>
}

export interface Listening {
  /** Hears no more once what has arrived is handled. */
  close(): Promise<void>
}

export interface LinkOptions {
  /** One URL or several with commas between. */
  readonly servers: string
  /** Shown in the server's connection list. */
  readonly name: string
  readonly log: Logger
  readonly onChange: (isUp: boolean) => void
}

/** Resolves after the first attempt, whether or not that succeeded. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { servers, name, log, onChange } = options
  const closing = new AbortController()
  const listeners = new Set<Listener>()
  const upHooks: ((connection: NatsConnection) => void)[] = []
  let connection: NatsConnection | null = null
  let isUp = false

  let attempted = (): void => undefined
  const firstAttempt = new Promise<void>((resolve) => (attempted = resolve))
  const ended = keep()
  await firstAttempt

  /** One turn per connection object; the client itself reconnects within one. */
  async function keep(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        connection = await dial({
          servers: servers.split(',').map((server) => server.trim()),
          name,
          timeout: 2_000,
          maxReconnectAttempts: -1,
          reconnectTimeWait: RETRY_MS,
          reconnectJitter: RETRY_MS / 2,
          // A server that is stopped but not gone is noticed after 2 to 3 pings.
          pingInterval: 3_000,
          maxPingOut: 2,
          // Credentials may be exchanged while we run.
          ignoreAuthErrorAbort: true,
        })
        if (closing.signal.aborted) return await connection.close()
        for (const listener of listeners) listener.attach(connection)
        cameUp(connection)
        attempted()
        await watch(connection)
        // The client gave up, which it was told not to: begin again.
        connection = null
        wentDown()
      } catch (error) {
        log.debug({ error }, 'NATS is not there')
        attempted()
        await sleep(RETRY_MS, closing.signal).catch(() => undefined)
      }
    }
  }

  async function watch(live: NatsConnection): Promise<void> {
    for await (const status of live.status()) {
      if (status.type === 'disconnect') wentDown()
      else if (status.type === 'reconnect') cameUp(live)
      else if (status.type === 'slowConsumer')
        log.warn({ pending: status.pending }, 'slow consumer')
      else if (status.type === 'error') log.warn({ error: status.error }, 'NATS reported an error')
    }
  }

  function cameUp(live: NatsConnection): void {
    isUp = true
    log.info({ server: live.getServer() }, 'connected to NATS')
    onChange(true)
    for (const hook of upHooks) hook(live)
  }

  function wentDown(): void {
    if (!isUp) return
    isUp = false
    if (!closing.signal.aborted) log.warn('lost NATS')
    onChange(false)
  }

  return {
    current: () => (isUp ? connection : null),
    subscribe(subject, { queue }, fn) {
      const listener = createListener(subject, queue, fn)
      listeners.add(listener)
      if (connection !== null) listener.attach(connection)
      return {
        async close() {
          listeners.delete(listener)
          await listener.drain()
        },
      }
    },
    onUp(fn) {
      upHooks.push(fn)
      if (isUp && connection !== null) fn(connection)
    },
    async close() {
      closing.abort()
      if (isUp) await connection?.drain().catch(() => connection?.close())
      else await connection?.close()
      await ended
    },
  }
}

/** Puts another way to a server in place, for the whole process: for the simulation alone. */
export function useConnect(other: typeof connect): void {
  dial = other
}

let dial = connect

// Back within a second of the server's return, without hammering one that starts.
const RETRY_MS = 200

interface Listener {
  attach(connection: NatsConnection): void
  drain(): Promise<void>
}

function createListener(
  subject: string,
  queue: string | undefined,
  fn: (message: Msg) => void,
): Listener {
  let subscription: Subscription | null = null
  return {
    attach(connection) {
      subscription = connection.subscribe(subject, {
        ...(queue !== undefined && { queue }),
        // An error here is a closed subscription; the next connection brings another.
        callback: (error, message) => {
          if (error === null) fn(message)
        },
      })
    },
    async drain() {
      await subscription?.drain().catch(() => undefined)
    },
  }
}

/** Nobody listens on a subject: for JetStream's subjects that means the stream is missing. */
export const isNoResponders = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError ||
  (error instanceof errors.RequestError && error.isNoResponders())
