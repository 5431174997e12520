import { errors, headers, type Msg, type NatsConnection } from '@nats-io/nats-core'
import { bytesOf, decoder, json, labelOf, matches, type Sent } from './nats-message.ts'
import { createWorkQueue } from './work-queue.ts'
import { type Instance, instanceNow, runAs, type World } from './world.ts'

/** What the network does to messages; each a chance from 0 to 1. */
export interface NetworkFaults {
  drop: number
  delay: number
  duplicate: number
  /** The longest delay, ms. */
  delayMaxMs: number
}

/**
 * A NATS server in memory as far as packages/bus uses one: subjects, queue groups, requests, and the
 * one work queue of JetStream with its pull consumers. What is above it is the product's own code.
 */
export interface SimNats {
  /** In the place of the client library's own. */
  readonly connect: () => Promise<NatsConnection>
  readonly faults: NetworkFaults
  /** Loses all it has, connections included; back after `ms`. */
  wipe(ms: number): void
  /** The same, but keeps the work queue. */
  restart(ms: number): void
  /** A killed instance's connection is gone. */
  abandon(instance: Instance): void
}

interface Connection {
  readonly owner: Instance | null
  readonly subscriptions: Subscription[]
  readonly statuses: (status: { type: string }) => void
  isUp: boolean
  isClosed: boolean
  /** What its client has not noticed yet, in the order in which it happened. */
  readonly unnoticed: (() => void)[]
}

interface Subscription {
  readonly connection: Connection
  readonly subject: string
  readonly queue: string | null
  readonly callback: (error: Error | null, message: Msg) => void
  isOver: boolean
}

export function createSimNats(world: World): SimNats {
  const faults: NetworkFaults = { drop: 0, delay: 0, duplicate: 0, delayMaxMs: 0 }
  const connections = new Set<Connection>()
  let isUp = true
  let inboxes = 0
  const queue = createWorkQueue(world, {
    route,
    answerPull(reply, sent, label) {
      const target = subscriberOf(reply)
      if (target !== null) deliver(target, sent, label)
    },
  })

  /** To one subscriber, by way of the network. */
  function deliver(subscription: Subscription, sent: Sent, label: string): void {
    const { rng } = world
    const copies = rng.next() < faults.duplicate ? 2 : 1
    for (let n = 0; n < copies; n += 1) {
      if (rng.next() < faults.drop) {
        world.note(`- lost on its way: ${label}`)
        continue
      }
      const hand = (): void => hear(subscription, sent, n === 0 ? label : `${label} again`)
      if (n > 0 || rng.next() < faults.delay)
        runAs(null, () => world.timer(rng.int(faults.delayMaxMs + 1), `network ${label}`, hand))
      else hand()
    }
  }

  function hear(subscription: Subscription, sent: Sent, label: string): void {
    const { connection } = subscription
    world.enqueue({
      owner: connection.owner,
      label: `hears ${label}`,
      run() {
        if (subscription.isOver || !connection.isUp) return
        subscription.callback(null, messageOf(sent, connection))
      },
    })
  }

  function messageOf(sent: Sent, connection: Connection): Msg {
    const message = {
      subject: sent.subject,
      sid: 1,
      data: sent.data,
      reply: sent.reply,
      ...(sent.code !== undefined && { headers: headers(sent.code, 'status') }),
      respond(payload?: Uint8Array | string) {
        if (sent.reply === undefined) return false
        publish(connection, { subject: sent.reply, data: bytesOf(payload) })
        return true
      },
      json: <T>() => JSON.parse(decoder.decode(sent.data)) as T,
      string: () => decoder.decode(sent.data),
    }
    return message as unknown as Msg
  }

  /** What arrives at the server. Returns whether anybody listens. */
  function publish(from: Connection, sent: Sent): void {
    if (!from.isUp) return
    if (queue.take(sent)) return
    if (!route(sent) && sent.reply !== undefined)
      route({ subject: sent.reply, data: new Uint8Array(), code: 503 })
  }

  function route(sent: Sent): boolean {
    const groups = new Map<string, Subscription[]>()
    const found: Subscription[] = []
    for (const connection of connections)
      for (const subscription of connection.subscriptions) {
        if (!matches(subscription.subject, sent.subject)) continue
        if (subscription.queue === null) found.push(subscription)
        else
          groups.set(subscription.queue, [...(groups.get(subscription.queue) ?? []), subscription])
      }
    for (const members of groups.values()) found.push(world.rng.pick(members))
    for (const subscription of found) deliver(subscription, sent, labelOf(sent))
    return found.length > 0
  }

  function subscriberOf(subject: string): Subscription | null {
    for (const connection of connections)
      for (const subscription of connection.subscriptions)
        if (matches(subscription.subject, subject)) return subscription
    return null
  }

  /** With an answer, or a failure after its time. The way back is as unsure as any. */
  function request(
    connection: Connection,
    subject: string,
    data: Uint8Array,
    timeoutMs: number,
  ): Promise<Msg> {
    return new Promise((resolve, reject) => {
      inboxes += 1
      const reply = `_INBOX.request.${inboxes}`
      const done = (): void => {
        late.cancel()
        remove(subscription)
      }
      const late = world.timer(timeoutMs, `request ${subject} runs out`, () => {
        done()
        reject(new errors.TimeoutError())
      })
      const subscription = subscribe(connection, reply, null, (_, message) => {
        done()
        if (message.headers?.code === 503) reject(new errors.NoRespondersError(subject))
        else resolve(message)
      })
      if (!connection.isUp) return
      if (subject.startsWith('$JS.API.'))
        deliver(
          subscription,
          { subject: reply, data: json(queue.api(subject)) },
          `answer ${subject}`,
        )
      else if (subject.startsWith('dispatch.') && !queue.hasStream)
        deliver(
          subscription,
          { subject: reply, data: new Uint8Array(), code: 503 },
          `nobody at ${subject}`,
        )
      else publish(connection, { subject, data, reply })
    })
  }

  function subscribe(
    connection: Connection,
    subject: string,
    queue: string | null,
    callback: Subscription['callback'],
  ): Subscription {
    const subscription = { connection, subject, queue, callback, isOver: false }
    connection.subscriptions.push(subscription)
    return subscription
  }

  function remove(subscription: Subscription): void {
    subscription.isOver = true
    const list = subscription.connection.subscriptions
    const at = list.indexOf(subscription)
    if (at !== -1) list.splice(at, 1)
  }

  function connect(): Promise<NatsConnection> {
    const owner = instanceNow()
    return new Promise((resolve, reject) => {
      world.enqueue({
        owner,
        label: 'connects to NATS',
        run() {
          if (!isUp) return reject(new errors.ConnectionError('connection refused'))
          resolve(open(owner))
        },
      })
    })
  }

  function open(owner: Instance | null): NatsConnection {
    const statuses = createChannel<{ type: string }>()
    const connection: Connection = {
      owner,
      subscriptions: [],
      statuses: statuses.push,
      isUp: true,
      isClosed: false,
      unnoticed: [],
    }
    connections.add(connection)
    const close = (): Promise<void> => {
      connection.isUp = false
      connection.isClosed = true
      connections.delete(connection)
      statuses.end()
      return Promise.resolve()
    }
    return {
      info: { max_payload: 1_024 * 1_024 },
      options: {},
      features: { get: () => ({ min: '2.9.0', ok: true }) },
      publish: (subject: string, payload?: Uint8Array | string, options?: { reply?: string }) =>
        publish(connection, { subject, data: bytesOf(payload), reply: options?.reply }),
      request: (subject: string, payload?: Uint8Array, options?: { timeout: number }) =>
        request(connection, subject, bytesOf(payload), options?.timeout ?? 5_000),
      subscribe(subject: string, options: { queue?: string; callback: Subscription['callback'] }) {
        const made = subscribe(connection, subject, options.queue ?? null, options.callback)
        return {
          drain() {
            remove(made)
            return Promise.resolve()
          },
        }
      },
      status: () => statuses.values(),
      getServer: () => 'simulated',
      close,
      drain: close,
    } as unknown as NatsConnection
  }

  /** A client notices what becomes of its connection in order, however long it was frozen. */
  function notice(connection: Connection, label: string, run: () => void): void {
    connection.unnoticed.push(run)
    world.enqueue({
      owner: connection.owner,
      label,
      run: () => connection.unnoticed.shift()?.(),
    })
  }

  function outage(ms: number): void {
    isUp = false
    queue.forgetPulls()
    for (const connection of connections) {
      connection.isUp = false
      notice(connection, 'loses NATS', () => connection.statuses({ type: 'disconnect' }))
    }
    runAs(null, () =>
      world.timer(ms, 'NATS is back', () => {
        isUp = true
        for (const connection of connections)
          notice(connection, 'reconnects to NATS', () => {
            if (!isUp || connection.isClosed) return
            connection.isUp = true
            connection.statuses({ type: 'reconnect' })
          })
      }),
    )
  }

  return {
    connect,
    faults,
    restart: outage,
    wipe(ms) {
      queue.wipe()
      outage(ms)
    },
    abandon(instance) {
      for (const connection of connections)
        if (connection.owner === instance) connections.delete(connection)
    },
  }
}

/** An async iterable that is pushed to. */
function createChannel<T>(): { push(value: T): void; end(): void; values(): AsyncIterable<T> } {
  const queue: T[] = []
  let wake: (() => void) | null = null
  let isOver = false
  return {
    push(value) {
      queue.push(value)
      wake?.()
    },
    end() {
      isOver = true
      wake?.()
    },
    async *values() {
      for (;;) {
        const value = queue.shift()
        if (value !== undefined) yield value
        else if (isOver) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
