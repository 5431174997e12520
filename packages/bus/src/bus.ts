import type { Msg } from '@nats-io/nats-core'
import type { Logger, Metrics } from '@millrace/runtime'
import {
  decodeControl,
  decodeControlNudges,
  decodeDependencyNudges,
  decodeEager,
  decodeEagerResults,
  decodeEnded,
  decodeLockNudges,
  decodeMoved,
  decodeRecordNudges,
  decodeResume,
  decodeTimerNudge,
  encodeControl,
  encodeControlNudges,
  encodeDependencyNudges,
  encodeEager,
  encodeEagerResults,
  encodeEnded,
  encodeLockNudges,
  encodeMoved,
  encodeRecordNudges,
  encodeResume,
  encodeTimerNudge,
} from '@millrace/wire'
import type {
  ControlItem,
  DependencyNudge,
  DispatchItem,
  EagerBatch,
  EagerResult,
  EagerStart,
  EndedItem,
  ExecutionKey,
  LockNudge,
  MovedItem,
  RecordNudge,
  ResumeItem,
} from '@millrace/wire'
import { consumeDispatch, type DispatchBatch } from './consume-dispatch.ts'
import { openLink, type Listening } from './link.ts'
import { split } from './split.ts'
import { ENGINE_GROUP, GATEWAY_GROUP, SCHEDULER_GROUP, subjects, type Pool } from './subjects.ts'
import { createTrouble } from './trouble.ts'
import { createWorkQueue, maxBytesOf } from './work-queue.ts'

/** May return a promise; what it throws is counted and logged, nothing is sent again for it. */
export type Handler<T> = (value: T) => void | Promise<void>
export type Subscription = Listening

/**
 * Nudges over NATS. No method throws or waits for a NATS that is away: what is lost is counted, and
 * repaired from Postgres by a sweep. Everything may arrive twice, late, or not at all.
 */
export interface Bus {
  /** Work for a pool. Resolves within about a second: whether it is stored. */
  publishDispatch(pool: Pool, items: readonly DispatchItem[]): Promise<boolean>
  /** Takes work of a pool, shared with all who do so; see `consumeDispatch`. */
  consumeDispatch(
    pool: Pool,
    options: { readonly maxItems: number },
    handler: (batch: DispatchBatch) => void,
  ): Subscription
  /** Messages of a pool not yet delivered or not yet done; null when unknown. */
  pendingDispatch(pool: Pool): Promise<number | null>

  /**
   * To one engine: executions that are not stored yet. `replyTo` hears of each, or never; when no
   * engine listens it hears that of all of them, as far as NATS can say.
   */
  publishEager(replyTo: string, items: readonly EagerStart[]): void
  onEager(handler: Handler<EagerBatch>): Subscription
  publishEagerResults(processId: string, items: readonly EagerResult[]): void
  onEagerResults(
    processId: string,
    handler: Handler<EagerResult[]>,
    onNobody: () => void,
  ): Subscription

  /** To one process: answers for executions it keeps warm. More than a message may have stay behind. */
  publishResume(processId: string, items: readonly ResumeItem[]): void
  onResume(processId: string, handler: Handler<ResumeItem[]>): Subscription
  /** To one process: let go of these. */
  publishControl(processId: string, items: readonly ControlItem[]): void
  onControl(processId: string, handler: Handler<ControlItem[]>): Subscription

  /** To everybody who listens. */
  publishMoved(items: readonly MovedItem[]): void
  onMoved(handler: Handler<MovedItem[]>): Subscription
  publishEnded(items: readonly EndedItem[]): void
  /** Each message to one of the schedulers. */
  onEnded(handler: Handler<EndedItem[]>): Subscription
  /** Each message to everybody who listens this way. */
  onEndedAll(handler: Handler<EndedItem[]>): Subscription

  /** A timer was set for `dueAt` (ms since 1970). To every scheduler. */
  nudgeTimers(dueAt: number): void
  onTimerNudge(handler: Handler<number>): Subscription
  /** To one of the schedulers. */
  nudgeDependencies(items: readonly DependencyNudge[]): void
  onDependencyNudge(handler: Handler<DependencyNudge[]>): Subscription
  /** CONTROL waits were opened. To one of the schedulers. */
  nudgeControls(items: readonly ExecutionKey[]): void
  onControlNudge(handler: Handler<ExecutionKey[]>): Subscription
  /** Waits for messages were opened that existed before. To one of the schedulers. */
  nudgeResponses(items: readonly DependencyNudge[]): void
  onResponseNudge(handler: Handler<DependencyNudge[]>): Subscription
  /** To every lock-manager. */
  nudgeLocks(items: readonly LockNudge[]): void
  onLockNudge(handler: Handler<LockNudge[]>): Subscription
  /** To everybody who caches records. */
  nudgeRecords(items: readonly RecordNudge[]): void
  onRecordNudge(handler: Handler<RecordNudge[]>): Subscription
  /** RECORD waits were opened. To one of the gateways. */
  nudgeRecordRequests(items: readonly ExecutionKey[]): void
  onRecordRequestNudge(handler: Handler<ExecutionKey[]>): Subscription

  connected(): boolean
  /** Stops taking, finishes what has arrived, sends what is underway, closes. */
  close(): Promise<void>
}

export interface BusOptions {
  /** One URL or several with commas between. */
  readonly servers: string
  /** Shown in the server's connection list. */
  readonly name: string
  readonly log: Logger
  readonly metrics?: Metrics
}

/**
 * Resolves once connected or once that failed; then it goes on in the background, for ever. The
 * subscriptions made meanwhile hold from the moment of the connection on.
 */
export async function connectBus({ servers, name, log, metrics }: BusOptions): Promise<Bus> {
  const trouble = createTrouble(log, metrics)
  const gauge = metrics?.gauge('bus_connected', 'Whether NATS is connected')
  const sent = metrics?.counter('bus_sent_items_total', 'Items published', ['kind'])
  const onChange = (isUp: boolean): void => gauge?.set(isUp ? 1 : 0)
  const link = await openLink({ servers, name, log, onChange })
  const queue = createWorkQueue(link, trouble)
  const consumers: Subscription[] = []

  function publish<Item>(
    kind: string,
    subject: string,
    items: readonly Item[],
    encode: (items: readonly Item[]) => Uint8Array,
    {
      smaller = () => null,
      ...options
    }: {
      readonly reply?: string
      /** What to send of an item that no message can have; null: nothing. */
      readonly smaller?: (item: Item) => Item | null
    } = {},
  ): void {
    if (items.length === 0) return
    const connection = link.current()
    if (connection === null) return trouble(kind, 'not sent: NATS is away')
    const tooLarge = (item: Item): Item | null => {
      const sent = smaller(item)
      if (sent === null) trouble(kind, 'not sent: larger than a message may be')
      return sent
    }
    const messages = split(items, { encode, maxBytes: maxBytesOf(connection), tooLarge })
    try {
      for (const { bytes } of messages) connection.publish(subject, bytes, options)
      sent?.inc({ kind }, items.length)
    } catch (error) {
      trouble(kind, 'not sent', error)
    }
  }

  function listen<T>(
    kind: string,
    subject: string,
    decode: (bytes: Uint8Array) => T,
    handler: Handler<T>,
    queueGroup?: string,
  ): Subscription {
    const options = queueGroup === undefined ? {} : { queue: queueGroup }
    return link.subscribe(subject, options, (message) => {
      void handle(kind, message, decode, handler)
    })
  }

  async function handle<T>(
    kind: string,
    message: Msg,
    decode: (bytes: Uint8Array) => T,
    handler: Handler<T>,
  ): Promise<void> {
    try {
      await handler(decode(message.data))
    } catch (error) {
      trouble(kind, 'not handled', error)
    }
  }

  return {
    publishDispatch(pool, items) {
      sent?.inc({ kind: 'dispatch' }, items.length)
      return queue.publish(pool, items)
    },
    consumeDispatch(pool, options, handler) {
      const consumer = consumeDispatch({ link, queue, trouble }, pool, options, handler)
      consumers.push(consumer)
      return consumer
    },
    pendingDispatch: (pool) => queue.pending(pool),

    publishEager: (replyTo, items) =>
      publish(
        'eager',
        subjects.eager,
        items,
        (some) => encodeEager({ replyTo, items: some }),
        { reply: subjects.eagerResult(replyTo) }, // where NATS says that nobody listens
      ),
    onEager: (handler) => listen('eager', subjects.eager, decodeEager, handler, ENGINE_GROUP),
    publishEagerResults: (processId, items) =>
      publish('eagerResult', subjects.eagerResult(processId), items, encodeEagerResults),
    onEagerResults: (processId, handler, onNobody) =>
      link.subscribe(subjects.eagerResult(processId), {}, (message) => {
        if (message.headers?.code === NO_RESPONDERS) return onNobody()
        void handle('eagerResult', message, decodeEagerResults, handler)
      }),

    publishResume: (processId, items) =>
      publish('resume', subjects.resume(processId), items, encodeResume, {
        smaller: (item) => ({ ...item, answers: [] }), // the engine reads them
      }),
    onResume: (processId, handler) =>
      listen('resume', subjects.resume(processId), decodeResume, handler),
    publishControl: (processId, items) =>
      publish('control', subjects.control(processId), items, encodeControl),
    onControl: (processId, handler) =>
      listen('control', subjects.control(processId), decodeControl, handler),

    publishMoved: (items) => publish('moved', subjects.moved, items, encodeMoved),
    onMoved: (handler) => listen('moved', subjects.moved, decodeMoved, handler),
    publishEnded: (items) => publish('ended', subjects.ended, items, encodeEnded),
    onEnded: (handler) => listen('ended', subjects.ended, decodeEnded, handler, SCHEDULER_GROUP),
    onEndedAll: (handler) => listen('ended', subjects.ended, decodeEnded, handler),

    nudgeTimers: (dueAt) =>
      publish('timer', subjects.timer, [dueAt], ([at = 0]) => encodeTimerNudge(at)),
    onTimerNudge: (handler) => listen('timer', subjects.timer, decodeTimerNudge, handler),
    nudgeDependencies: (items) =>
      publish('dependency', subjects.dependency, items, encodeDependencyNudges),
    onDependencyNudge: (handler) =>
      listen('dependency', subjects.dependency, decodeDependencyNudges, handler, SCHEDULER_GROUP),
    nudgeControls: (items) =>
      publish('controlWait', subjects.controlWait, items, encodeControlNudges),
    onControlNudge: (handler) =>
      listen('controlWait', subjects.controlWait, decodeControlNudges, handler, SCHEDULER_GROUP),
    // The same on the wire: waits to look at.
    nudgeResponses: (items) =>
      publish('response', subjects.response, items, encodeDependencyNudges),
    onResponseNudge: (handler) =>
      listen('response', subjects.response, decodeDependencyNudges, handler, SCHEDULER_GROUP),
    nudgeLocks: (items) => publish('lock', subjects.lock, items, encodeLockNudges),
    onLockNudge: (handler) => listen('lock', subjects.lock, decodeLockNudges, handler),
    nudgeRecords: (items) => publish('record', subjects.record, items, encodeRecordNudges),
    onRecordNudge: (handler) => listen('record', subjects.record, decodeRecordNudges, handler),
    // The same on the wire: executions with waits to look at.
    nudgeRecordRequests: (items) =>
      publish('recordRequest', subjects.recordRequest, items, encodeControlNudges),
    onRecordRequestNudge: (handler) =>
      listen('recordRequest', subjects.recordRequest, decodeControlNudges, handler, GATEWAY_GROUP),

    connected: () => link.current() !== null,
    async close() {
      await Promise.all(consumers.map((consumer) => consumer.close()))
      await link.close()
    },
  }
}

/** The status of the empty message by which NATS answers for a subject that nobody listens to. */
const NO_RESPONDERS = 503
