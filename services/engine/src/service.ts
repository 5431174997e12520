import { connectBus } from '@millrace/bus'
import { after, createMetrics, opsServer, type Service, type ServiceHost } from '@millrace/runtime'
import { serveGrpc } from '@millrace/runtime/grpc'
import { createSandbox } from '@millrace/sandbox'
import { createDatabase, createPresence } from '@millrace/store'
import { descriptorSet } from '@millrace/wire'
import { DEFAULT_PUBLIC_URL, type EngineConfig } from './config.ts'
import { consumeControl } from './consume/control.ts'
import { consumeDispatch } from './consume/dispatch.ts'
import { consumeEager } from './consume/eager.ts'
import { consumeResume } from './consume/resume.ts'
import { coolDownLoop } from './loop/cool-down.ts'
import { giveBack, giveBackLoop } from './loop/give-back.ts'
import { createEngineService } from './rpc/engine-service.ts'
import { createEager } from './run/eager.ts'
import { createInspector } from './run/inspector.ts'
import { createRealms } from './run/realms.ts'
import { createRunner } from './run/runner.ts'
import { exposeRunner } from './telemetry.ts'

/** How long a stopping engine waits for what it has in hand before it gives it back. */
const DRAIN_MS = 10_000

/** What it reaches the world by. The simulation (test/simulation) puts its own in their place. */
export const PORTS = {
  connectBus,
  createDatabase,
  createMetrics,
  createSandbox,
  opsServer,
  serveGrpc,
}
export type EnginePorts = typeof PORTS

/** Wires an engine: runs flows and scripts, and writes what came of them. */
export async function createEngine(
  config: EngineConfig,
  { log, processId }: ServiceHost,
  ports: EnginePorts = PORTS,
): Promise<Service> {
  const metrics = ports.createMetrics('engine')
  const db = ports.createDatabase({
    url: config.postgresUrl,
    application: 'millrace-engine',
    profile: 'hot',
    connections: 6,
    onError: (error) => log.warn({ error }, 'an idle connection to Postgres was lost'),
  })
  const bus = await ports.connectBus({ servers: config.natsUrl, name: 'engine', log, metrics })
  const limits = { cpuMs: config.cpuLimitMs, memoryMib: config.memoryLimitMib }
  const sandbox = ports.createSandbox({ log, limits: { ...limits, suspended: config.maxWarm } })
  const realms = createRealms({ db, sandbox })
  const inspector = createInspector({
    db,
    realms,
    makeSandbox: () => ports.createSandbox({ log, limits: { ...limits, processes: 4, realms: 8 } }),
  })
  const publicUrl = config.publicUrl ?? DEFAULT_PUBLIC_URL
  const parts = { db, bus, sandbox, realms, log, metrics, processId, ...config, publicUrl }
  const runner = createRunner(parts)
  const eager = createEager(parts)
  exposeRunner(metrics, runner)
  const grpc = await ports.serveGrpc({
    services: [createEngineService({ db, runner, inspector, processId })],
    log,
    address: `${config.grpcHost}:0`,
    descriptors: descriptorSet(),
  })
  const address = `${config.grpcHost}:${grpc.port}`
  const presence = createPresence({ db, log, processId, service: 'engine', address })
  const ready = (): boolean => presence.isPresent() && bus.connected()
  const ops = await ports.opsServer({ metrics, ready })
  const abandoned = giveBackLoop({ db, bus, runner, log, processId })
  const coolDown = coolDownLoop({ runner, log })
  for (const part of [presence, abandoned, coolDown]) part.start()
  const subscriptions = [
    consumeResume(bus, { runner, processId }),
    consumeControl(bus, { runner, processId }),
    consumeEager(bus, { eager }),
    consumeDispatch(bus, { runner, maxItems: config.maxInFlight }),
  ]

  return {
    ready,
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) await subscription.close()
      await within(DRAIN_MS, Promise.all([runner.idle(), eager.idle()]))
      await abandoned.stop()
      await coolDown.stop()
      await giveBack({ db, bus, processId, keep: [] }).catch((error: unknown) =>
        log.warn({ error }, 'what was at work is left to the lease'),
      )
      await presence.stop()
      await Promise.all([
        sandbox.close(),
        inspector.close(),
        bus.close(),
        ops.close(),
        grpc.close(),
      ])
      await db.close()
    },
  }
}

/** Waits for `done`, but no longer than `ms`. */
function within(ms: number, done: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = after(ms, resolve)
    void done.then(() => {
      timer.cancel()
      resolve()
    })
  })
}
