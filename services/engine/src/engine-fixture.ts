import { type Bus, connectBus } from '@millrace/bus'
import { createLogger, newId } from '@millrace/runtime'
import {
  createDatabase,
  createExecutions,
  type Database,
  type ExecutionRow,
  migrate,
  putScripts,
  readExecution,
  scriptHash,
} from '@millrace/store'
import { newExecution } from '@millrace/store/testing'
import { createTestDatabase, startNats, startPostgres } from '@millrace/testkit'
import { createEngine, type EnginePorts, PORTS } from './service.ts'

/** An engine with a database and a NATS of its own, for tests; the test is the rest of the system. */
export interface EngineFixture extends AsyncDisposable {
  readonly db: Database
  readonly bus: Bus
  readonly workspaceId: string
  /** In its place another one that has never seen anything. */
  restart(): Promise<void>
  /** Creates an execution of this script and dispatches it. Resolves with its id. */
  start(source: string, name?: string): Promise<string>
  /** Resolves with the row once it is as wanted; every move of it is announced. */
  until(executionId: string, isWanted: (row: ExecutionRow) => boolean): Promise<ExecutionRow>
}

export async function startEngineFixture(ports: EnginePorts = PORTS): Promise<EngineFixture> {
  const [server, nats] = await Promise.all([startPostgres(), startNats()])
  const database = await createTestDatabase({ server: server.url, migrate })
  const db = createDatabase({ url: database.url, application: 'test', profile: 'hot' })
  const log = createLogger('test', { level: 'silent' })
  const bus = await connectBus({ servers: nats.url, name: 'test', log })
  const workspaceId = newId()
  const startEngine = () =>
    createEngine(
      {
        postgresUrl: database.url,
        natsUrl: nats.url,
        grpcHost: '127.0.0.1',
        maxInFlight: 256,
        maxWarm: 1_000,
        slowMs: 20,
        eagerMs: 1_000,
        cpuLimitMs: 2_000,
        memoryLimitMib: 64,
      },
      { log, processId: newId() },
      ports,
    )
  let engine = await startEngine()

  return {
    db,
    bus,
    workspaceId,
    async restart() {
      await engine[Symbol.asyncDispose]()
      engine = await startEngine()
    },
    async start(source, name) {
      const script = { language: 'typescript', source } as const
      await putScripts(db, [{ workspaceId, ...script }])
      const id = newId()
      const fields = { workspaceId, id, type: 'SCRIPT', scriptHash: scriptHash(script) } as const
      await createExecutions(db, [newExecution({ ...fields, name: name ?? null })])
      await bus.publishDispatch('engine', [{ workspaceId, executionId: id, version: 1 }])
      return id
    },
    until: (executionId, isWanted) =>
      new Promise((resolve, reject) => {
        const look = async (): Promise<void> => {
          const row = await readExecution(db, { workspaceId, executionId })
          if (row === null || !isWanted(row)) return
          clearTimeout(guard)
          clearInterval(again)
          await moved.close()
          resolve(row)
        }
        const guard = setTimeout(() => {
          clearInterval(again)
          reject(new Error(`${executionId} did not get there`))
        }, 30_000)
        // It may be announced before the server knows that we listen.
        const again = setInterval(() => void look(), 500)
        const moved = bus.onMoved((items) => {
          if (items.some((item) => item.executionId === executionId)) void look()
        })
        void look()
      }),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await bus.close()
      await db.close()
      await database.drop()
      await Promise.all([server.stop(), nats.stop()])
    },
  }
}
