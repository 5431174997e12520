import { connectBus } from '@millrace/bus'
import { createMetrics, opsServer, type Service, type ServiceHost } from '@millrace/runtime'
import { serveGrpc } from '@millrace/runtime/grpc'
import { createDatabase, createPresence, createShardKeeper } from '@millrace/store'
import { descriptorSet } from '@millrace/wire'
import type { LockManagerConfig } from './config.ts'
import { consumeEnded } from './consume/ended.ts'
import { consumeLockNudge } from './consume/lock-nudge.ts'
import type { LockContext } from './context.ts'
import { deadlocksLoop } from './loop/deadlocks.ts'
import { sweepLocksLoop } from './loop/sweep-locks.ts'
import { lockRpc } from './rpc/lock-rpc.ts'
import { createLockServer } from './serve/lock-server.ts'
import { createLockMetrics } from './telemetry.ts'

/** What it reaches the world by. The simulation (test/simulation) puts its own in their place. */
const PORTS = { connectBus, createDatabase, createMetrics, opsServer, serveGrpc }
export type LockManagerPorts = typeof PORTS

/**
 * Wires a lock-manager: the queues of locks and semaphores, and deadlocks. It needs neither Postgres
 * nor NATS to start: its loops try until they are there.
 */
export async function createLockManager(
  config: LockManagerConfig,
  { log, processId }: ServiceHost,
  ports: LockManagerPorts = PORTS,
): Promise<Service> {
  const registry = ports.createMetrics('lock-manager')
  const metrics = createLockMetrics(registry)
  const db = ports.createDatabase({
    url: config.postgresUrl,
    application: 'millrace-lock-manager',
    profile: 'hot',
    connections: config.servers + 4,
    onError: (error) => log.warn({ error }, 'an idle connection to Postgres was lost'),
  })
  const bus = await ports.connectBus({
    servers: config.natsUrl,
    name: 'lock-manager',
    log,
    metrics: registry,
  })
  const service = 'lock-manager'
  const shards = createShardKeeper({ db, log, service, processId, onGained: () => sweep.wake() })
  Object.assign(metrics.shards, { collect: () => metrics.shards.set(shards.fence().held.length) })

  const aliveness: Pick<LockContext['presence'], 'isAlive'> = {
    isAlive: (id) => presence.isAlive(id),
  }
  const context: LockContext = { config, db, bus, log, metrics, shards, presence: aliveness }
  const server = createLockServer(context)
  const sweep = sweepLocksLoop(context, server)
  const deadlocks = deadlocksLoop(context, server)
  const grpc = await ports.serveGrpc({
    services: [lockRpc(context)],
    log,
    address: `${config.grpcHost}:0`,
    descriptors: descriptorSet(),
  })
  const address = `${config.grpcHost}:${grpc.port}`
  const presence = createPresence({ db, log, processId, service, address })
  const ops = await ports.opsServer({ metrics: registry, ready: () => presence.isPresent() })
  for (const part of [presence, shards, server, sweep, deadlocks]) part.start()
  const subscriptions = [consumeLockNudge(bus, server), consumeEnded(bus, db, server)]

  return {
    ready: () => presence.isPresent(),
    async [Symbol.asyncDispose]() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()))
      await grpc.close()
      await Promise.all([server, sweep, deadlocks].map((part) => part.stop()))
      await shards.stop()
      await presence.stop()
      await bus.close()
      await ops.close()
      await db.close()
    },
  }
}
