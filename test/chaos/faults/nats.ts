import { readFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { sleep } from '@millrace/runtime'
import { type Stack, until } from '../../stack/index.ts'

/** Of the stack's NATS, past all proxies. */
export const natsUrl = (stack: Pick<Stack, 'home' | 'nats'>): string =>
  stack.nats?.url ?? readFileSync(join(stack.home, 'run', 'nats.url'), 'utf8').trim()

/** kill -9, and until the supervisor has started another that takes connections. */
export async function killNats(stack: Stack): Promise<void> {
  const former = stack.kill('nats')
  await until(() => stack.pidsOf('nats').some((pid) => pid !== former), {
    what: 'another nats',
    timeoutMs: 60_000,
  })
  await withNats(natsUrl(stack), () => Promise.resolve())
}

/** Killed and emptied: the next one knows no stream. */
export async function wipeStoppedNats(stack: Stack): Promise<void> {
  await stack.wipeNats()
  await withNats(natsUrl(stack), () => Promise.resolve())
}

/**
 * Emptied under its feet: its folder is gone and its streams are deleted, while all connections stay.
 * Answers with how many streams there were.
 */
export async function wipeRunningNats(stack: Stack): Promise<number> {
  // Its configuration stays, which it reads at its next start.
  const folder = join(stack.home, 'nats')
  for (const name of await readdir(folder).catch(() => []))
    // The server goes on writing into it: a folder may be filled again while it is removed.
    if (!name.endsWith('.conf'))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 })
  return withNats(natsUrl(stack), async (connection) => {
    const manager = await jetstreamManager(connection)
    const names = await Array.fromAsync(manager.streams.names())
    for (const name of names) await manager.streams.delete(name).catch(() => undefined)
    return names.length
  })
}

export interface HoardOptions {
  readonly url: string
  readonly stream: string
  readonly consumer: string
  /** Takes no more than this; default: whatever comes. */
  readonly atMost?: number
}

export interface Hoard extends AsyncDisposable {
  /** Messages taken so far, redelivered ones included. */
  readonly taken: number
}

/** Takes from a consumer and acknowledges nothing, until disposed of: what a worker does that hangs. */
export function startHoard(options: HoardOptions): Hoard {
  const { url, stream, consumer, atMost = Number.POSITIVE_INFINITY } = options
  const over = new AbortController()
  let taken = 0
  const working = withNats(url, async (connection) => {
    while (!over.signal.aborted && taken < atMost) {
      try {
        const from = await jetstream(connection).consumers.get(stream, consumer)
        const messages = await from.fetch({
          max_messages: Math.min(64, atMost - taken),
          expires: 1_000,
        })
        for await (const _ of messages) taken += 1
      } catch {
        await sleep(100) // there is no such stream, until somebody creates it
      }
    }
  })
  return {
    get taken() {
      return taken
    },
    async [Symbol.asyncDispose]() {
      over.abort(new Error('the hoard ends'))
      await working
    },
  }
}

/** Lets a consumer have so many unacknowledged messages and no more; -1: any number. */
export async function limitAckPending(
  url: string,
  { stream, consumer, limit }: { stream: string; consumer: string; limit: number },
): Promise<void> {
  await withNats(url, async (connection) => {
    const manager = await jetstreamManager(connection)
    await manager.consumers.update(stream, consumer, { max_ack_pending: limit })
  })
}

/** Messages that a consumer was given and has not acknowledged. */
export function ackPending(url: string, stream: string, consumer: string): Promise<number> {
  return withNats(url, async (connection) => {
    const manager = await jetstreamManager(connection)
    return (await manager.consumers.info(stream, consumer)).num_ack_pending
  })
}

/** With a connection of its own, which waits for a server that is coming up. */
export async function withNats<T>(
  url: string,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({
    servers: url,
    name: 'chaos',
    waitOnFirstConnect: true,
    reconnectTimeWait: 100,
    maxReconnectAttempts: 600,
  })
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}
