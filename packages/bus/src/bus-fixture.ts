import assert from 'node:assert/strict'
import {
  after,
  createLogger,
  createMetrics,
  monotonicMs,
  newId,
  sleep,
  type Metrics,
} from '@millrace/runtime'
import type { DispatchItem } from '@millrace/wire'
import { connectBus, type Bus } from './bus.ts'

// For tests only.

export interface TestBus extends Bus, AsyncDisposable {
  readonly metrics: Metrics
}

export async function testBus(url: string): Promise<TestBus> {
  const metrics = createMetrics('test', { process: false })
  const bus = await connectBus({
    servers: url,
    name: 'test',
    log: createLogger('test', { level: 'silent' }),
    metrics,
  })
  return { ...bus, metrics, [Symbol.asyncDispose]: () => bus.close() }
}

export const item = (fields: Partial<DispatchItem> = {}): DispatchItem => ({
  workspaceId: newId(),
  executionId: newId(),
  version: 1,
  ...fields,
})

/** What came, and a way to wait for it: no test sleeps. */
export function collector<T>(): {
  readonly items: T[]
  readonly add: (items: readonly T[]) => void
  /** Resolves when there are `count`; fails after `withinMs` (10 s). */
  readonly reached: (count: number, withinMs?: number) => Promise<T[]>
} {
  const items: T[] = []
  let check = (): void => undefined
  return {
    items,
    add(more) {
      items.push(...more)
      check()
    },
    reached(count, withinMs = 10_000) {
      return new Promise((resolve, reject) => {
        const guard = after(withinMs, () =>
          reject(new assert.AssertionError({ message: `${items.length} of ${count} came` })),
        )
        check = () => {
          if (items.length < count) return
          guard.cancel()
          resolve(items)
        }
        check()
      })
    },
  }
}

/** Repeats until true: for what only happens by itself, such as a reconnect. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadline = monotonicMs() + withinMs
  while (!(await condition())) {
    assert.ok(monotonicMs() < deadline, `not so within ${withinMs} ms`)
    await sleep(10)
  }
}
