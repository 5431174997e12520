import { connectBus } from '@millrace/bus'
import { createPolicy, runAttempt } from '@millrace/connectors'
import { after, createMetrics, opsServer, type Service, type ServiceHost } from '@millrace/runtime'
import { serveGrpc } from '@millrace/runtime/grpc'
import { createDatabase, createPresence } from '@millrace/store'
import { descriptorSet } from '@millrace/wire'
import type { ConnectorConfig } from './config.ts'
import { consumeControl } from './consume/control.ts'
import { consumeDispatch } from './consume/dispatch.ts'
import type { ConnectorContext } from './context.ts'
import { giveBackLoop } from './loop/give-back.ts'
import { ownServers } from './loop/own-servers.ts'
import { watchRunningLoop } from './loop/watch-running.ts'
import { connectorRpc } from './rpc/connector-rpc.ts'
import { createRunner } from './run/runner.ts'
import { createConnectorMetrics } from './telemetry.ts'

/** Above the drain and the grace of what is cut off; runtime ends the process at 20 s. */
const STOP_WITHIN_MS = 15_000

/** What it reaches the world by. The simulation (test/simulation) puts its own in their place. */
export const PORTS = { connectBus, createDatabase, createMetrics, opsServer, runAttempt, serveGrpc }
export type ConnectorPorts = typeof PORTS

/** Wires a connector: calls to third-party systems, from the claim to the answer. */
export async function createConnector(
  config: ConnectorConfig,
  { log, processId }: ServiceHost,
  ports: ConnectorPorts = PORTS,
): Promise<Service> {
  const registry = ports.createMetrics('connector')
  const metrics = createConnectorMetrics(registry)
  const db = ports.createDatabase({
    url: config.postgresUrl,
    application: 'millrace-connector',
    profile: 'hot',
    onError: (error) => log.warn({ error }, 'an idle connection to Postgres was lost'),
  })
  const bus = await ports.connectBus({
    servers: config.natsUrl,
    name: 'connector',
    log,
    metrics: registry,
  })
  const own = await ownServers(config, db, log)
  const policy = createPolicy({ allowedRanges: config.allowedRanges, forbidden: own.list })
  const { runAttempt: attempt } = ports
  const context: ConnectorContext = {
    config,
    db,
    bus,
    log,
    metrics,
    policy,
    processId,
    attempt,
  }
  const runner = createRunner(context)
  Object.assign(metrics.inFlight, { collect: () => metrics.inFlight.set(runner.running.length) })
  const watch = watchRunningLoop(context, runner)
  const abandoned = giveBackLoop(context, runner)
  const grpc = await ports.serveGrpc({
    services: [connectorRpc(context)],
    log,
    address: `${config.grpcHost}:0`,
    descriptors: descriptorSet(),
  })
  const address = `${config.grpcHost}:${grpc.port}`
  const presence = createPresence({ db, log, processId, service: 'connector', address })
  const ready = (): boolean => presence.isPresent() && bus.connected()
  const ops = await ports.opsServer({ metrics: registry, ready })
  for (const part of [own.refresh, presence, watch, abandoned]) part.start()
  const subscriptions = [
    consumeControl(bus, { runner, processId }),
    consumeDispatch(bus, { runner, maxItems: config.maxInFlight }),
  ]

  return {
    ready,
    async [Symbol.asyncDispose]() {
      const [control, dispatch] = subscriptions
      await dispatch?.close()
      await within(STOP_WITHIN_MS, runner.drain(config.drainMs))
      await control?.close()
      for (const part of [watch, abandoned, own.refresh]) await part.stop()
      await presence.stop()
      await Promise.all([bus.close(), ops.close(), grpc.close()])
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
