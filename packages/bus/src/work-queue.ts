import type { NatsConnection } from '@nats-io/nats-core'
import { monotonicMs, sleep } from '@millrace/runtime'
import { encodeDispatch, type DispatchItem } from '@millrace/wire'
import { isNoResponders, type Link } from './link.ts'
import { split } from './split.ts'
import { ensureStreams, pendingOf } from './streams.ts'
import { laneOf, queueOf, subjects, type Pool } from './subjects.ts'
import type { Trouble } from './trouble.ts'

/** The stream of work: publishing to it, and seeing that it exists. */
export interface WorkQueue {
  /** Whether all of it is stored. Never rejects; takes `PUBLISH_WITHIN_MS` at most. */
  publish(pool: Pool, items: readonly DispatchItem[]): Promise<boolean>
  /**
   * Resolves when stream and consumers exist on the server that is connected now; false when there is
   * none, or it did not become so in time. Calls at one time share one attempt.
   */
  ensure(): Promise<boolean>
  pending(pool: Pool): Promise<number | null>
}

export function createWorkQueue(link: Link, trouble: Trouble): WorkQueue {
  let ensuring: Promise<boolean> | null = null
  // The stream may be gone after every reconnect: the server's memory, or all of its data.
  link.onUp(() => void ensure())

  function ensure(): Promise<boolean> {
    ensuring ??= attempt().finally(() => (ensuring = null))
    return ensuring
  }

  async function attempt(): Promise<boolean> {
    const deadline = monotonicMs() + ENSURE_WITHIN_MS
    for (let pauseMs = 20; monotonicMs() < deadline; pauseMs = Math.min(pauseMs * 2, 500)) {
      const connection = link.current()
      if (connection === null) return false
      try {
        await ensureStreams(connection)
        return true
      } catch (error) {
        // JetStream starts a moment after the server takes connections.
        trouble('streams', 'cannot create the work queue yet', error)
        await sleep(pauseMs)
      }
    }
    return false
  }

  async function publish(pool: Pool, items: readonly DispatchItem[]): Promise<boolean> {
    // Hardly anything has a priority: one look, and no grouping.
    if (items.every(({ priority = 0 }) => priority === 0)) return publishTo(pool, pool, items)
    const lanes = Map.groupBy(items, ({ priority }) => laneOf(priority))
    const stored = await Promise.all(
      [...lanes].map(([lane, some]) =>
        // Those that come together are in their order.
        publishTo(
          pool,
          queueOf(pool, lane),
          some.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0)),
        ),
      ),
    )
    return stored.every(Boolean)
  }

  async function publishTo(
    pool: Pool,
    queue: string,
    items: readonly DispatchItem[],
  ): Promise<boolean> {
    const messages = split(items, {
      encode: encodeDispatch,
      maxBytes: maxBytesOf(link.current()),
      maxItems: MESSAGE_MAX_ITEMS[pool],
      // The copies only save the taker a read.
      tooLarge: ({ workspaceId, executionId, version }) => ({ workspaceId, executionId, version }),
    })
    const stored = await Promise.all(messages.map((message) => send(queue, message.bytes)))
    return stored.every(Boolean)
  }

  async function send(queue: string, bytes: Uint8Array): Promise<boolean> {
    const connection = link.current()
    if (connection === null) {
      trouble('dispatch', 'not sent: NATS is away')
      return false
    }
    try {
      await request(connection, queue, bytes).catch(async (error: unknown) => {
        if (!isNoResponders(error)) throw error
        if (!(await soon(ensure()))) throw error
        await request(connection, queue, bytes)
      })
      return true
    } catch (error) {
      // It may be stored all the same: then it is offered twice, which is harmless.
      trouble('dispatch', 'not sent', error)
      return false
    }
  }

  return {
    publish,
    ensure,
    async pending(pool) {
      const connection = link.current()
      if (connection === null) return null
      return pendingOf(connection, pool).catch(() => null)
    },
  }
}

/** What a message may weigh, with room for its subject and headers. */
export const maxBytesOf = (connection: NatsConnection | null): number =>
  (connection?.info?.max_payload ?? 1_024 * 1_024) - 1_024

// One batch of a thousand children is work for several engines. A connector has few slots, and what it
// has in one may last a day: of the rest of a message nobody else knows until then.
const MESSAGE_MAX_ITEMS: Readonly<Record<Pool, number>> = { engine: 256, connector: 8 }
const PUBLISH_WITHIN_MS = 1_000
const soon = (work: Promise<boolean>): Promise<boolean> =>
  Promise.race([work, sleep(PUBLISH_WITHIN_MS).then(() => false)])
const ENSURE_WITHIN_MS = 10_000

async function request(
  connection: NatsConnection,
  queue: string,
  bytes: Uint8Array,
): Promise<void> {
  const reply = await connection.request(subjects.dispatch(queue), bytes, {
    timeout: PUBLISH_WITHIN_MS,
  })
  const ack = reply.json<{ error?: { description: string } }>()
  if (ack.error !== undefined) throw new Error(ack.error.description)
}
