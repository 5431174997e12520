import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type StreamConfig,
} from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/nats-core'
import { LANES, POOLS, queueOf, subjects, type Pool } from './subjects.ts'

export const WORK = 'WORK'

/**
 * After this without a sign of its taker (every 2 s, consume-dispatch.ts) a batch is given to another:
 * well within the lease of a process that died with it.
 */
const ACK_WAIT_MS = 6_000

/**
 * The one stream: work to take. In memory, since each message is a copy of committed rows that the
 * scheduler's sweep would send again.
 *
 * When it is full, new work is refused instead of old work dropped: the refusal reaches the
 * publisher, who counts it, and what waits longest keeps its place. What has lain for ten minutes
 * has been swept and sent again by then.
 */
const STREAM = {
  name: WORK,
  subjects: [subjects.dispatch('*')],
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.Memory,
  discard: DiscardPolicy.New,
  max_bytes: 256 * 1_024 * 1_024,
  max_age: nanos(10 * 60_000),
  num_replicas: 1,
} satisfies Partial<StreamConfig> & { name: string }

/** A consumer per pool and lane, shared by all its processes. Their number never grows with the load. */
const consumerOf = (queue: string): Partial<ConsumerConfig> => ({
  durable_name: queue,
  filter_subject: subjects.dispatch(queue),
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(ACK_WAIT_MS),
  max_deliver: -1,
  // What each process takes is bounded by itself; a bound shared by all of them would let a few
  // that hang stop everybody, without a word.
  max_ack_pending: -1,
})

/** Creates what is missing and changes what differs. Safe to run at any time, by several at once. */
export async function ensureStreams(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 2_000 })
  await manager.streams
    .add(STREAM)
    .catch((error: unknown) =>
      isApiError(error, STREAM_NAME_IN_USE)
        ? manager.streams.update(WORK, STREAM)
        : Promise.reject(error as Error),
    )
  for (const queue of POOLS.flatMap((pool) => LANES.map((lane) => queueOf(pool, lane)))) {
    const config = consumerOf(queue)
    await manager.consumers
      .add(WORK, config)
      .catch((error: unknown) =>
        isApiError(error, CONSUMER_NAME_EXISTS)
          ? manager.consumers.update(WORK, queue, config)
          : Promise.reject(error as Error),
      )
  }
}

/** Messages of a pool not yet delivered, and delivered but not yet acknowledged. */
export async function pendingOf(connection: NatsConnection, pool: Pool): Promise<number> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 1_000 })
  const infos = await Promise.all(
    LANES.map((lane) => manager.consumers.info(WORK, queueOf(pool, lane))),
  )
  return infos.reduce((sum, info) => sum + info.num_pending + info.num_ack_pending, 0)
}

// JetStream's numbers for "exists with another configuration".
const STREAM_NAME_IN_USE = 10_058
const CONSUMER_NAME_EXISTS = 10_148

const isApiError = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code
