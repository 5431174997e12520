import { loop, toServiceError } from '@millrace/runtime'
import type { Logger } from '@millrace/runtime'
import { retryLogger } from '../context.ts'

/**
 * Work that is collected while the last batch of it is under way: natural batching for hints that
 * nobody waits for. What fails because a server is away is tried again with the next. What would fail
 * for ever, such as a hint that names nothing, and what exceeds the bound is dropped: if there is anything
 * in it, the sweep finds it.
 */
export interface Backlog<Item> {
  add(items: Iterable<Item>): void
  readonly size: number
  start(): void
  stop(): Promise<void>
}

export function createBacklog<Item>(options: {
  readonly name: string
  readonly log: Logger
  /** Items with the same key are one. */
  readonly keyOf: (item: Item) => string
  /** Items of one run at most. */
  readonly maxItems: number
  readonly run: (items: Item[]) => Promise<void>
}): Backlog<Item> {
  const { name, log, keyOf, maxItems, run } = options
  let waiting = new Map<string, Item>()

  const worker = loop(name, {
    async run() {
      if (waiting.size === 0) return
      const batch = take()
      try {
        await workOn(batch)
      } finally {
        // All of it is done, unless it threw: then the rest is tried again.
        for (const [key, item] of batch) waiting.set(key, item)
      }
      return waiting.size > 0 ? 0 : undefined
    },
    onError: retryLogger(log),
  })

  /** Takes out of the batch what is done or dropped. Throws what may not be so the next time. */
  async function workOn(batch: Map<string, Item>, part = [...batch]): Promise<void> {
    try {
      await run(part.map(([, item]) => item))
    } catch (error) {
      if (toServiceError(error).retryable) throw error
      if (part.length > 1) {
        // One of them must not keep the others: it is looked for by halves.
        const half = Math.ceil(part.length / 2)
        await workOn(batch, part.slice(0, half))
        return workOn(batch, part.slice(half))
      }
      log.error({ error, backlog: name, dropped: part[0]?.[0] }, 'a hint cannot be worked on')
    }
    for (const [key] of part) batch.delete(key)
  }

  function take(): Map<string, Item> {
    if (waiting.size <= maxItems) {
      const all = waiting
      waiting = new Map()
      return all
    }
    const some = new Map([...waiting].slice(0, maxItems))
    for (const key of some.keys()) waiting.delete(key)
    return some
  }

  return {
    add(items) {
      for (const item of items) if (waiting.size < WAITING_MAX) waiting.set(keyOf(item), item)
      if (waiting.size > 0) worker.wake()
    },
    get size() {
      return waiting.size
    },
    start: worker.start,
    stop: worker.stop,
  }
}

// While Postgres is away hints pile up; about 30 MB of them are kept.
const WAITING_MAX = 100_000
