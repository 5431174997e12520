import { connectBus } from '@millrace/bus'
import { after, createMetrics, opsServer, type Service, type ServiceHost } from '@millrace/runtime'
import { createSandbox } from '@millrace/sandbox'
import { createDatabase, registerProcess, removeProcess } from '@millrace/store'
import type { EngineConfig } from './config.ts'
import { consumeControl } from './consume/control.ts'
import { consumeDispatch } from './consume/dispatch.ts'
import { consumeResume } from './consume/resume.ts'
import { giveBack, leaseLoop } from './loop/lease.ts'
import { createRunner } from './run/runner.ts'
import { exposeRunner } from './telemetry.ts'

/** How long a stopping engine waits for what it has in hand before it gives it back. */
const DRAIN_MS = 10_000

/** Wires an engine: runs flows and scripts, and writes what came of them. */
export async function createEngine(
  config: EngineConfig,
  { log, processId }: ServiceHost,
): Promise<Service> {
  const metrics = createMetrics('engine')
  const db = createDatabase({
    url: config.postgresUrl,
    application: 'millrace-engine',
    profile: 'hot',
    connections: 6,
  })
  const bus = await connectBus({ servers: config.natsUrl, name: 'engine', log, metrics })
  const sandbox = createSandbox({
    log,
    limits: {
      cpuMs: config.cpuLimitMs,
      memoryMib: config.memoryLimitMib,
      suspended: config.maxWarm,
    },
  })
  const runner = createRunner({ db, bus, sandbox, log, metrics, processId, ...config })
  exposeRunner(metrics, runner)
  const ops = await opsServer({ metrics, ready: () => bus.connected() })
  const address = `127.0.0.1:${ops.port}`
  await registerProcess(db, { processId, service: 'engine', address })
  const lease = leaseLoop({ db, bus, runner, log, processId, address })
  lease.start()
  const subscriptions = [
    consumeResume(bus, { runner, processId }),
    consumeControl(bus, { runner, processId }),
    consumeDispatch(bus, { runner, maxItems: config.maxInFlight }),
  ]

  return {
    ready: () => bus.connected(),
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) await subscription.close()
      await within(DRAIN_MS, runner.idle())
      await giveBack({ db, bus, processId, keep: [] })
      await lease.stop()
      await removeProcess(db, processId)
      await sandbox.close()
      await bus.close()
      await ops.close()
      await db.close()
    },
  }
}

/** Waits for `done`, but no longer than `ms`. */
function within(ms: number, done: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = after(ms, resolve)
    void done.then(() => {
      timer.cancel()
      resolve()
    })
  })
}
