import { connectBus } from '@millrace/bus'
import { createMetrics, opsServer, type Service, type ServiceHost } from '@millrace/runtime'
import { serveGrpc } from '@millrace/runtime/grpc'
import { createDatabase, createPresence, createShardKeeper } from '@millrace/store'
import { descriptorSet } from '@millrace/wire'
import type { SchedulerConfig } from './config.ts'
import { consumeControlNudge } from './consume/control-nudge.ts'
import { consumeDependencyNudge } from './consume/dependency-nudge.ts'
import { consumeEnded } from './consume/ended.ts'
import { consumeResponseNudge } from './consume/response-nudge.ts'
import { consumeTimerNudge } from './consume/timer-nudge.ts'
import type { SchedulerContext } from './context.ts'
import { expiredProcessesLoop } from './loop/expired-processes.ts'
import { messagesLoop } from './loop/messages.ts'
import { createOverrunTrees } from './loop/overrun-trees.ts'
import { partitionsLoop } from './loop/partitions.ts'
import { retentionLoop } from './loop/retention.ts'
import { runtimesLoop } from './loop/runtimes.ts'
import { scheduleTimesLoop } from './loop/schedule-times.ts'
import { sweepExecutionsLoop } from './loop/sweep-executions.ts'
import { sweepMessagesLoop } from './loop/sweep-messages.ts'
import { sweepSchedulesLoop } from './loop/sweep-schedules.ts'
import { sweepWaitsLoop } from './loop/sweep-waits.ts'
import { timersLoop } from './loop/timers.ts'
import { createCascade } from './resolve/cascade.ts'
import { createControls } from './resolve/controls.ts'
import { dependencyResolver } from './resolve/dependencies.ts'
import { createResponses } from './resolve/responses.ts'
import { schedulerRpc } from './rpc/scheduler-rpc.ts'
import { createSchedules } from './schedules/schedules.ts'
import { createSchedulerMetrics } from './telemetry.ts'

/** What it reaches the world by. The simulation (test/simulation) puts its own in their place. */
export const PORTS = { connectBus, createDatabase, createMetrics, opsServer, serveGrpc }
export type SchedulerPorts = typeof PORTS

/**
 * Wires a scheduler: time, dependencies, leases and the sweep. It needs neither Postgres nor NATS to
 * start: its loops try until they are there.
 */
export async function createScheduler(
  config: SchedulerConfig,
  { log, processId }: ServiceHost,
  ports: SchedulerPorts = PORTS,
): Promise<Service> {
  const registry = ports.createMetrics('scheduler')
  const metrics = createSchedulerMetrics(registry)
  const db = ports.createDatabase({
    url: config.postgresUrl,
    application: 'millrace-scheduler',
    profile: 'hot',
    connections: 19, // one for each loop and backlog, so that none waits for another
    onError: (error) => log.warn({ error }, 'an idle connection to Postgres was lost'),
  })
  const bus = await ports.connectBus({
    servers: config.natsUrl,
    name: 'scheduler',
    log,
    metrics: registry,
  })
  const service = 'scheduler'
  const shards = createShardKeeper({ db, log, service, processId, onGained: wake })
  Object.assign(metrics.shards, { collect: () => metrics.shards.set(shards.fence().held.length) })

  const grpc = await ports.serveGrpc({
    // Asked after it has registered, by when everything below is there.
    services: [
      schedulerRpc({
        db,
        shards,
        processId,
        attend: (key) => schedules.attend(key),
        mend: () => ({ context, cascade, controls, dependencies }),
      }),
    ],
    log,
    address: `${config.grpcHost}:0`,
    descriptors: descriptorSet(),
  })
  const address = `${config.grpcHost}:${grpc.port}`
  const presence = createPresence({ db, log, processId, service, address })
  const ops = await ports.opsServer({ metrics: registry, ready: () => presence.isPresent() })

  const context: SchedulerContext = { config, db, bus, log, metrics, shards, presence }
  const dependencies = dependencyResolver(context)
  const cascade = createCascade(context)
  const controls = createControls(context, { cascade, dependencies })
  const schedules = createSchedules(context, { cascade })
  const responses = createResponses(context)
  const trees = createOverrunTrees(context, cascade)
  const timers = timersLoop(context)
  const loops = [
    timers,
    messagesLoop(context),
    scheduleTimesLoop(context, schedules),
    expiredProcessesLoop(context),
    runtimesLoop(context, trees),
    ...trees.loops,
    sweepExecutionsLoop(context, cascade),
    sweepWaitsLoop(context, { dependencies, controls, responses }),
    sweepMessagesLoop(context),
    sweepSchedulesLoop(context, schedules),
    partitionsLoop(context),
    retentionLoop(context),
  ]
  const resolvers = [dependencies, cascade, controls, responses, schedules]
  for (const part of [presence, shards, ...resolvers, ...loops]) part.start()
  const subscriptions = [
    consumeEnded(bus, { dependencies, cascade, schedules }),
    consumeTimerNudge(bus, timers),
    consumeDependencyNudge(bus, dependencies),
    consumeControlNudge(bus, controls),
    consumeResponseNudge(bus, responses),
  ]

  /** Shards came: look at once at what waits in them. */
  function wake(): void {
    for (const part of loops) part.wake()
  }

  return {
    ready: () => presence.isPresent(),
    async [Symbol.asyncDispose]() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()))
      await grpc.close()
      await Promise.all([...loops, ...resolvers].map((part) => part.stop()))
      await shards.stop()
      await presence.stop()
      await bus.close()
      await ops.close()
      await db.close()
    },
  }
}
