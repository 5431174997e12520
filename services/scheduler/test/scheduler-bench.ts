import assert from 'node:assert/strict'
import { connectBus, type Bus } from '@millrace/bus'
import { createLogger, monotonicMs, newId, type Service, sleep } from '@millrace/runtime'
import type { Database, DatabaseOptions } from '@millrace/store'
import { startTestStore, type TestStore } from '@millrace/store/testing'
import { startNats, type TestNats } from '@millrace/testkit'
import { DEFAULTS, type SchedulerConfig } from '../src/config.ts'
import { createScheduler, PORTS } from '../src/service.ts'

/** A store, a NATS, and schedulers over both, for one test file. */
export interface SchedulerBench {
  readonly store: TestStore
  readonly nats: TestNats
  /** What the test itself publishes and hears with. */
  readonly bus: Bus
  /** Starts one more copy; it is stopped with the bench. */
  start(config?: Partial<SchedulerConfig>): Promise<Service>
  stopAll(): Promise<void>
  /** How often the copies have sent a statement, by its name. */
  statements(name: string): number
  /** Rows of one statement. */
  sql<Row extends object>(text: string, params?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

export async function startBench(): Promise<SchedulerBench> {
  const store = await startTestStore()
  const nats = await startNats()
  const log = createLogger('test', { level: 'silent' })
  const bus = await connectBus({ servers: nats.url, name: 'test', log })
  let copies: Service[] = []
  const sent = new Map<string, number>()

  async function stopAll(): Promise<void> {
    await Promise.all(copies.map((copy) => copy[Symbol.asyncDispose]()))
    copies = []
  }

  function counted(options: DatabaseOptions): Database {
    const db = PORTS.createDatabase(options)
    return {
      ...db,
      query(statement, params) {
        sent.set(statement.name, (sent.get(statement.name) ?? 0) + 1)
        return db.query(statement, params)
      },
    }
  }

  return {
    store,
    nats,
    bus,
    async start(config = {}) {
      const copy = await createScheduler(
        { ...DEFAULTS, postgresUrl: store.url, natsUrl: nats.url, ...config },
        { log, processId: newId() },
        { ...PORTS, createDatabase: counted },
      )
      copies.push(copy)
      return copy
    },
    stopAll,
    statements: (name) => sent.get(name) ?? 0,
    sql: store.sql,
    async close() {
      await stopAll()
      await bus.close()
      await nats.stop()
      await store.close()
    },
  }
}

/** Polls until it holds; fails with what it last was. */
export async function eventually<T>(
  look: () => Promise<T>,
  expected: T,
  withinMs = 45_000,
): Promise<void> {
  const deadline = monotonicMs() + withinMs
  for (;;) {
    const seen = await look()
    try {
      return assert.deepEqual(seen, expected)
    } catch (error) {
      if (monotonicMs() > deadline) throw error
    }
    await sleep(20)
  }
}
