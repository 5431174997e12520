import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connectBus, type Bus } from '@millrace/bus'
import { decide } from '@millrace/execution'
import { createLogger, monotonicMs, newId, sleep } from '@millrace/runtime'
import {
  applyIfVersion,
  createDatabase,
  createExecutions,
  type Database,
  migrate,
  readExecution,
  readWaits,
  toExecution,
} from '@millrace/store'
import { newExecution } from '@millrace/store/testing'
import {
  createTestDatabase,
  startNats,
  startPostgres,
  type TestDatabase,
  type TestNats,
} from '@millrace/testkit'
import type { ConnectorConfig } from '../src/config.ts'
import { type ConnectorPorts, createConnector, PORTS } from '../src/service.ts'

/** A Postgres, a NATS, a far side, and connectors on them. */
export interface TestBench extends AsyncDisposable {
  readonly db: Database
  readonly database: TestDatabase
  readonly nats: TestNats
  readonly bus: Bus
  readonly config: ConnectorConfig
  readonly target: FarSide
  start(over?: Partial<ConnectorConfig>, ports?: Partial<ConnectorPorts>): Promise<TestConnector>
  /** Creates a connection that nobody hears of. */
  create(input: unknown, type?: string): Promise<string>
  /** Creates a connection and dispatches it, as a gateway does. */
  connection(input: unknown, type?: string): Promise<string>
  /** In one message. */
  dispatch(...ids: string[]): Promise<void>
  /** A person's request, as the gateway carries it out. */
  request(id: string, type: RequestType, nudge?: boolean): Promise<void>
  row(id: string): Promise<Shown>
  /** Waits for a status. */
  until(id: string, ...statuses: string[]): Promise<Shown>
}

type RequestType = 'cancelRequested' | 'pauseRequested' | 'resumeRequested'

/** A connector of this process. Those still running end with the bench. */
export interface TestConnector {
  readonly processId: string
  stop(): Promise<void>
}

export interface Shown {
  readonly status: string
  readonly version: number
  readonly epoch: number
  readonly message: string | null
  readonly output: Record<string, unknown> | null
}

/** A server that counts, and answers when it is told to. */
export interface FarSide extends AsyncDisposable {
  readonly url: string
  count(path: string): number
  /** Paths that are not answered until `release`. */
  hold(path: string): { readonly arrived: Promise<void>; release(): void }
}

export const workspaceId = newId()

export async function startBench(): Promise<TestBench> {
  const stack = new AsyncDisposableStack()
  const server = stack.use(await startPostgres())
  const database = stack.use(await createTestDatabase({ server: server.url, migrate }))
  const nats = stack.use(await startNats())
  const target = stack.use(await startFarSide())
  const log = createLogger('test', { level: 'silent' })
  const db = createDatabase({ url: database.url, application: 'test', profile: 'hot' })
  stack.defer(() => db.close())
  const bus = await connectBus({ servers: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  const config: ConnectorConfig = {
    postgresUrl: database.url,
    natsUrl: nats.url,
    grpcHost: '127.0.0.1',
    allowedRanges: ['127.0.0.0/8'],
    maxInFlight: 64,
    drainMs: 8_000,
  }
  const bench: Omit<TestBench, typeof Symbol.asyncDispose> = {
    db,
    database,
    nats,
    bus,
    config,
    target,
    async start(over = {}, ports = {}) {
      const processId = newId()
      const host = { log, processId }
      const service = await createConnector({ ...config, ...over }, host, { ...PORTS, ...ports })
      while (!(await service.ready())) await sleep(10)
      let stopped: Promise<void> | null = null
      const stop = (): Promise<void> =>
        (stopped ??= Promise.resolve(service[Symbol.asyncDispose]()))
      stack.defer(stop)
      return { processId, stop }
    },
    async create(input, type = 'REST') {
      const id = newId()
      await createExecutions(db, [
        newExecution({
          workspaceId,
          id,
          type: 'CONNECTION',
          connectorType: type,
          scriptHash: null,
          input: JSON.stringify(input),
        }),
      ])
      return id
    },
    async connection(input, type) {
      const id = await bench.create(input, type)
      await bench.dispatch(id)
      return id
    },
    async dispatch(...ids) {
      const items = ids.map(async (executionId) => {
        const { version } = await bench.row(executionId)
        return { workspaceId, executionId, version }
      })
      await bus.publishDispatch('connector', await Promise.all(items))
    },
    async request(executionId, type, nudge = true) {
      const key = { workspaceId, executionId }
      const row = await readExecution(db, key)
      assert.ok(row)
      const execution = toExecution(row, await readWaits(db, key))
      const decision = decide(execution, { type })
      if (decision.kind !== 'moved') assert.fail(`${type}: ${decision.kind}`)
      const move = { before: execution, after: decision.next }
      assert.equal(await applyIfVersion(db, key, move), true)
      const { status } = decision.next.state
      const { version } = await bench.row(executionId)
      if (nudge && row.process_id !== null)
        bus.publishControl(row.process_id, [{ ...key, version, status }])
    },
    async row(executionId) {
      const row = await readExecution(db, { workspaceId, executionId })
      if (row === null) throw new Error('no such execution')
      const { status, version, epoch, message, output } = row
      return {
        status,
        version,
        epoch,
        message,
        output: output === null ? null : (JSON.parse(output) as Record<string, unknown>),
      }
    },
    async until(id, ...statuses) {
      const deadline = monotonicMs() + 20_000
      for (;;) {
        const row = await bench.row(id)
        if (statuses.includes(row.status)) return row
        if (monotonicMs() > deadline)
          throw new Error(`still ${row.status}, not ${statuses.join(' or ')}`)
        await sleep(20)
      }
    },
  }
  return { ...bench, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function startFarSide(): Promise<FarSide> {
  const counts = new Map<string, number>()
  const held = new Map<string, { arrive: () => void; released: Promise<void> }>()
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    counts.set(path, (counts.get(path) ?? 0) + 1)
    const hold = held.get(path)
    hold?.arrive()
    await hold?.released
    const status = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ path, key: request.headers['idempotency-key'] ?? null }))
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: (path) => counts.get(path) ?? 0,
    hold(path) {
      const arrived = Promise.withResolvers<undefined>()
      const released = Promise.withResolvers<undefined>()
      held.set(path, { arrive: () => arrived.resolve(undefined), released: released.promise })
      return {
        arrived: arrived.promise,
        release() {
          held.delete(path)
          released.resolve(undefined)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
