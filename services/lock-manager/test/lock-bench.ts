import assert from 'node:assert/strict'
import { connectBus, type Bus } from '@millrace/bus'
import { createLogger, monotonicMs, newId, type Service, sleep } from '@millrace/runtime'
import { startTestStore, type TestStore } from '@millrace/store/testing'
import { startNats, type TestNats } from '@millrace/testkit'
import { DEFAULTS, type LockManagerConfig } from '../src/config.ts'
import { createLockManager } from '../src/service.ts'

/** A store, a NATS, and lock-managers over both, for one test file. */
export interface LockBench {
  readonly store: TestStore
  readonly nats: TestNats
  readonly bus: Bus
  start(config?: Partial<LockManagerConfig>): Promise<Service>
  stopAll(): Promise<void>
  sql<Row extends object>(text: string, params?: readonly unknown[]): Promise<Row[]>
  /** What a commit of an engine leaves behind: the wait and its request. */
  acquire(
    executionId: string,
    key: string,
    over?: { seq?: number; capacity?: number; requestedAt?: string },
  ): Promise<void>
  release(executionId: string, key: string, seq: number): Promise<void>
  nudge(...keys: string[]): void
  /** Tokens and errors that executions were answered with, by the time of their answers. */
  answers(): Promise<{ id: string; seq: number; token: number | null; error: string | null }[]>
  close(): Promise<void>
}

export async function startLockBench(): Promise<LockBench> {
  const store = await startTestStore()
  const nats = await startNats()
  const log = createLogger('test', { level: 'silent' })
  const bus = await connectBus({ servers: nats.url, name: 'test', log })
  const { sql, workspaceId } = store
  let copies: Service[] = []

  async function stopAll(): Promise<void> {
    await Promise.all(copies.map((copy) => copy[Symbol.asyncDispose]()))
    copies = []
  }

  return {
    store,
    nats,
    bus,
    sql,
    stopAll,
    async start(config = {}) {
      const copy = await createLockManager(
        { ...DEFAULTS, postgresUrl: store.url, natsUrl: nats.url, ...config },
        { log, processId: newId() },
      )
      copies.push(copy)
      return copy
    },
    async acquire(executionId, key, { seq = 1, capacity = 1, requestedAt } = {}) {
      await sql(
        `WITH w AS (
           INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject)
           VALUES ($1, $2, 1, $3, 'LOCK', $4)
         )
         INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity, requested_at)
         VALUES ($1, $4, $2, 1, $3, 'acquire', $5, coalesce($6, clock()))`,
        [workspaceId, executionId, seq, key, capacity, requestedAt ?? null],
      )
    },
    async release(executionId, key, seq) {
      await sql(
        `INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action)
         VALUES ($1, $2, $3, 1, $4, 'release')`,
        [workspaceId, key, executionId, seq],
      )
    },
    nudge: (...keys) => bus.nudgeLocks(keys.map((key) => ({ workspaceId, key }))),
    answers: () =>
      sql(
        `SELECT execution_id AS id, seq, (outcome #>> '{value,v,token}')::int AS token, outcome #>> '{error,name}' AS error
         FROM answer ORDER BY created_at, (outcome #>> '{value,v,token}')::int, seq`,
      ),
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
