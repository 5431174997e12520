import type { AddressInfo } from 'node:net'
import { connectBus } from '@millrace/bus'
import { createMetrics, type Service, type ServiceHost, sleep } from '@millrace/runtime'
import { createDatabase, liveProcesses, readOrganizationId, removeProcess } from '@millrace/store'
import { ADMISSION_DEFAULTS, createAdmission } from './admission.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { createLoginTurns } from './auth/login-turns.ts'
import type { Config } from './config.ts'
import { consumeEagerResults } from './consume/eager-results.ts'
import { consumeMoved } from './consume/moved.ts'
import { consumeRecordNudges } from './consume/record-nudge.ts'
import { consumeRecordRequests } from './consume/record-request.ts'
import type { Context } from './context.ts'
import { guardPostgres } from './guard-database.ts'
import { debugRoutes } from './http/debug-routes.ts'
import { doctorRoutes } from './http/doctor-routes.ts'
import { executionRecordRoutes } from './http/execution-record-routes.ts'
import { executionRoutes } from './http/execution-routes.ts'
import { messageRoutes } from './http/message-routes.ts'
import { pastRoutes } from './http/past-routes.ts'
import { peopleRoutes } from './http/people-routes.ts'
import { recordRoutes } from './http/record-routes.ts'
import { scheduleRoutes } from './http/schedule-routes.ts'
import { createHttpServer } from './http/server.ts'
import { fileRoutes } from './http/file-routes.ts'
import { webhookRoutes } from './http/webhook-routes.ts'
import { housekeepingLoop } from './loop/housekeeping.ts'
import { leaseLoop } from './loop/lease.ts'
import { createRecordRequests } from './loop/record-requests.ts'
import { createCalledWebhooks } from './operations/called-webhooks.ts'
import { createDeliveryLog } from './operations/delivery-log.ts'
import { createEagerStarts } from './operations/eager-starts.ts'
import { createEngines } from './operations/engines.ts'
import { createExecutionCreator } from './operations/execution-creator.ts'
import { createExecutionWaiters } from './operations/execution-waiters.ts'
import { createFlowCache } from './operations/flow-cache.ts'
import { createLiveViews } from './operations/live-views.ts'
import { createRecordWriter } from './operations/record-writer.ts'
import { createWebhookStarter } from './operations/webhook-starter.ts'
import { serveRpc } from './rpc/server.ts'
import { exposeCreator } from './telemetry.ts'

export interface Gateway extends Service {
  readonly httpPort: number
  readonly grpcPort: number
}

const VERSION = '0.1.0'
/**
 * Connections that wait to be taken. Of Node's 511 a burst of new callers loses the rest, who try again
 * after a second and then three: measured as 67,000 overflows in the tests of load.
 */
const BACKLOG = 4_096
const SERVICES = ['gateway', 'scheduler', 'lock-manager', 'engine', 'connector']

/** What it reaches the world by. The simulation (test/simulation) puts its own in their place. */
const PORTS = { connectBus, createDatabase, createHttpServer, createMetrics, serveRpc }
export type GatewayPorts = typeof PORTS

/** Wires the gateway: the API of executions and records, over HTTP and gRPC. */
export async function createGateway(
  config: Config,
  { log, processId }: ServiceHost,
  signal?: AbortSignal,
  ports: GatewayPorts = PORTS,
): Promise<Gateway> {
  const metrics = ports.createMetrics('gateway')
  const { postgresUrl: url } = config
  const onError = (error: unknown): void => log.warn({ error }, 'connection to Postgres lost')
  const connect = (profile: 'hot' | 'api', connections: number) =>
    ports.createDatabase({
      url,
      application: `millrace-gateway-${profile}`,
      profile,
      connections,
      onError,
    })
  const probe = connect('api', 1)
  const guard = guardPostgres(probe)
  const hot = guard.guard(connect('hot', config.hotConnections))
  const api = guard.guard(connect('api', config.apiConnections))
  const bus = await ports.connectBus({ servers: config.natsUrl, name: 'gateway', log, metrics })

  const flows = createFlowCache(api)
  const webhooks = createCalledWebhooks(api)
  const waiters = createExecutionWaiters({
    hot,
    metrics,
    onError: (error) => log.debug({ error }, 'ends were not read'),
  })
  const admission = createAdmission({
    limits: config.admission ?? ADMISSION_DEFAULTS,
    metrics,
  })
  const creator = admission.watch(createExecutionCreator({ hot, bus, metrics }))
  const eager = createEagerStarts({ bus, metrics, processId })
  const engines = createEngines(api)
  let httpPort = config.http.port
  const context: Context = {
    hot,
    api,
    bus,
    log,
    metrics,
    organizationId: await firstAnswers(),
    build: VERSION,
    publicUrl: () => config.publicUrl ?? `http://127.0.0.1:${httpPort}`,
    authenticator: createAuthenticator(api),
    logins: createLoginTurns(),
    admission,
    flows,
    creator,
    eager,
    engines,
    waiters,
    views: createLiveViews(),
    records: createRecordWriter({ api, bus, flows, webhooks }),
    webhooks,
    webhookStarter: createWebhookStarter({ hot, creator, metrics }),
    deliveries: createDeliveryLog({ api, log, metrics }),
  }
  exposeCreator(metrics, creator)
  const recordRequests = createRecordRequests(context)
  const subscriptions = [
    consumeMoved(bus, context),
    consumeRecordNudges(bus, context),
    consumeRecordRequests(bus, recordRequests),
    consumeEagerResults(bus, { eager, processId }),
  ]

  const http = ports.createHttpServer({
    context,
    routes: [
      ...executionRoutes,
      ...messageRoutes,
      ...executionRecordRoutes,
      ...pastRoutes,
      ...debugRoutes,
      ...recordRoutes,
      ...scheduleRoutes,
      ...webhookRoutes,
      ...fileRoutes,
      ...peopleRoutes,
      ...doctorRoutes,
    ],
    trustedProxies: config.trustedProxies ?? [],
    log,
    ready,
    version: VERSION,
  })
  await http.listen({ host: config.http.host, port: config.http.port, backlog: BACKLOG })
  httpPort = portOf(http.server.address()) ?? httpPort
  const rpc = await ports.serveRpc(context, { ...config.grpc, log })

  const process = { processId, service: 'gateway', address: `127.0.0.1:${rpc.port}` }
  const loops = [
    leaseLoop({ db: api, log, process }),
    housekeepingLoop({ db: api, log }),
    recordRequests,
  ]
  for (const one of loops) one.start()
  log.info({ httpPort, grpcPort: rpc.port }, 'listening')

  /** All five services are here: a request that is accepted is also run. */
  async function ready(): Promise<boolean> {
    if (!guard.isUp()) return false
    const live = new Set((await liveProcesses(api)).map((row) => row.service))
    return SERVICES.every((service) => live.has(service))
  }

  /**
   * The first question of both pools: waits for Postgres and for its schema, however long that takes.
   * Nobody who calls waits for a connection then, which takes its time on a busy machine.
   */
  async function firstAnswers(): Promise<string> {
    for (;;) {
      try {
        const [id] = await Promise.all([readOrganizationId(api), readOrganizationId(hot)])
        return id
      } catch (error) {
        log.warn({ error }, 'waiting for Postgres')
        await sleep(500, signal)
      }
    }
  }

  return {
    ready,
    httpPort,
    grpcPort: rpc.port,
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) await subscription.close()
      for (const one of loops) await one.stop()
      // Whoever waits is answered 202 and asks again, elsewhere.
      eager.stop()
      context.waiters.stop()
      context.views.stop()
      await http.close()
      await rpc.close()
      await creator.idle()
      await context.webhookStarter.idle()
      await context.deliveries.idle()
      await removeProcess(api, processId).catch(() => undefined)
      guard.stop()
      engines.close()
      await bus.close()
      await Promise.all([hot.close(), api.close(), probe.close()])
    },
  }
}

const portOf = (address: AddressInfo | string | null): number | null =>
  typeof address === 'object' && address !== null ? address.port : null
