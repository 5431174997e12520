import { connectBus } from '@millrace/bus'
import { createMetrics, type Logger, type Service } from '@millrace/runtime'
import { useConnect } from '@millrace/bus/simulated'
import { useChance, useClock } from '@millrace/runtime/simulated'
import type { ConnectorPorts } from '../../../services/connector/src/service.ts'
import { createConnector } from '../../../services/connector/src/service.ts'
import { createEngine } from '../../../services/engine/src/service.ts'
import type { Context } from '../../../services/gateway/src/context.ts'
import type { Route } from '../../../services/gateway/src/http/route.ts'
import { createGateway, type GatewayPorts } from '../../../services/gateway/src/service.ts'
import { createLockManager } from '../../../services/lock-manager/src/service.ts'
import { DEFAULTS as LOCK_DEFAULTS } from '../../../services/lock-manager/src/config.ts'
import { createScheduler } from '../../../services/scheduler/src/service.ts'
import { DEFAULTS as SCHEDULER_DEFAULTS } from '../../../services/scheduler/src/config.ts'
import type { SimDatabases } from './database.ts'
import type { SimEffects } from './effects.ts'
import type { SimNats } from './nats.ts'
import { createSimSandbox } from './sandbox.ts'
import { type Instance, instanceNow, runAs, type World } from './world.ts'

export const SERVICES = ['gateway', 'scheduler', 'lock-manager', 'engine', 'connector'] as const
export type ServiceName = (typeof SERVICES)[number]

export interface Parts {
  readonly world: World
  readonly databases: SimDatabases
  readonly nats: SimNats
  readonly effects: SimEffects
  readonly slow: { chance: number; maxMs: number }
  readonly skews: Readonly<Partial<Record<ServiceName, number>>>
}

/** What a gateway has given to its HTTP server. */
export interface Door {
  readonly instance: Instance
  readonly context: Context
  readonly routes: readonly Route[]
}

/** The copies of the services: real code, started, killed, frozen and started again. */
export interface Stack {
  start(service: ServiceName, copy: number): void
  kill(name: string): void
  freeze(name: string): void
  thaw(name: string): void
  readonly instances: readonly Instance[]
  /** The doors of the gateways that live. */
  doors(): readonly Door[]
  /** What was said at level error or worse. */
  readonly complaints: string[]
}

export function createStack(parts: Parts): Stack {
  const { world, databases, nats } = parts
  const instances: Instance[] = []
  const doors: Door[] = []
  const complaints: string[] = []
  useClock({
    now: () => Math.floor(world.now + (instanceNow()?.skewMs ?? 0)),
    monotonicMs: () => world.elapsedMs,
    timer(ms, fn, repeats) {
      const { cancel } = world.timer(ms, `timer ${round(ms)}`, fn, repeats)
      return { cancel, unref: () => undefined }
    },
    soon: (fn) => void world.timer(0, 'soon', fn),
  })
  useChance({ newId: () => world.newId(), random: () => world.rng.next() })
  useConnect(nats.connect)

  const common = {
    connectBus,
    createDatabase: databases.create,
    createMetrics: (name: string) => createMetrics(name, { process: false }),
    opsServer: () => Promise.resolve(closeable({ port: 1 })),
    serveGrpc: () => Promise.resolve(closeable({ port: 1, setServing: () => undefined })),
  }

  function create(service: ServiceName, instance: Instance): Promise<Service> {
    const host = { log: logOf(instance.name), processId: instance.processId }
    const ports = common
    const urls = { postgresUrl: 'postgres://127.0.0.1:1/x', natsUrl: 'nats://127.0.0.1:2' }
    const internal = { ...urls, grpcHost: '127.0.0.1' }
    switch (service) {
      case 'gateway': {
        const config = {
          ...urls,
          http: { host: '127.0.0.1', port: 3 },
          grpc: { host: '127.0.0.1', port: 4 },
          hotConnections: 4,
          apiConnections: 8,
        }
        const createHttpServer = ((options: { context: Context; routes: readonly Route[] }) => {
          doors.push({ instance, context: options.context, routes: options.routes })
          const server = { address: () => ({ port: 3 }) }
          return closeable({ listen: () => Promise.resolve(''), server })
        }) as unknown as GatewayPorts['createHttpServer']
        const serveRpc = common.serveGrpc as GatewayPorts['serveRpc']
        return createGateway(config, host, undefined, { ...ports, createHttpServer, serveRpc })
      }
      case 'scheduler':
        return createScheduler({ ...SCHEDULER_DEFAULTS, ...internal }, host, ports)
      case 'lock-manager':
        return createLockManager({ ...LOCK_DEFAULTS, ...internal }, host, ports)
      case 'engine': {
        const config = {
          ...internal,
          maxInFlight: 1_024,
          maxWarm: 10_000,
          slowMs: 20,
          eagerMs: 200,
          cpuLimitMs: 5_000,
          memoryLimitMib: 128,
        }
        const createSandbox = () => createSimSandbox(world, parts.slow)
        return createEngine(config, host, { ...ports, createSandbox })
      }
      case 'connector': {
        const config = { ...internal, allowedRanges: [], maxInFlight: 64, drainMs: 8_000 }
        const runAttempt: ConnectorPorts['runAttempt'] = parts.effects.runAttempt
        return createConnector(config, host, { ...ports, runAttempt })
      }
    }
  }

  const logOf = (name: string): Logger => {
    const complain = (...args: unknown[]): void => {
      const text = args.map(tell).join(' ')
      world.note(`${name} complains: ${text}`)
      complaints.push(`${name}: ${text}`)
    }
    const whisper = (...args: unknown[]): void =>
      world.note(`${name} warns: ${args.map(tell).join(' ')}`)
    const silent = (): void => undefined
    const log: Logger = {
      debug: silent,
      info: silent,
      warn: whisper,
      error: complain,
      fatal: complain,
      child: () => log,
    }
    return log
  }

  const find = (name: string): Instance | undefined =>
    instances.find((one) => one.name === name && one.state !== 'dead')

  return {
    instances,
    complaints,
    doors: () => doors.filter(({ instance }) => instance.state === 'up'),
    start(service, copy) {
      const processId = world.newId()
      // Two copies, two machines: only the first one's clock is off.
      const skewMs = copy === 1 ? (parts.skews[service] ?? 0) : 0
      const name = `${service}-${copy}`
      const instance: Instance = { name, processId, skewMs, state: 'up' }
      instances.push(instance)
      world.note(`- ${instance.name} starts`)
      runAs(instance, () => {
        create(service, instance).then(
          () => world.note(`- ${instance.name} has started`),
          (error: unknown) => {
            complaints.push(`${instance.name} did not start: ${tell(error)}`)
            world.note(`- ${instance.name} did not start: ${tell(error)}`)
          },
        )
      })
    },
    kill(name) {
      const instance = find(name)
      if (instance === undefined) return
      world.note(`- kill -9 ${name}`)
      databases.abandon(instance)
      nats.abandon(instance)
      world.kill(instance)
    },
    freeze(name) {
      const instance = find(name)
      if (instance?.state !== 'up') return
      world.note(`- ${name} freezes`)
      databases.cut(instance)
      instance.state = 'frozen'
    },
    thaw(name) {
      const instance = find(name)
      if (instance?.state !== 'frozen') return
      world.note(`- ${name} thaws`)
      instance.state = 'up'
    },
  }
}

const round = (ms: number): string => ms.toFixed(0)
const closeable = <T extends object>(value: T) => {
  const close = (): Promise<void> => Promise.resolve()
  return { ...value, close, [Symbol.asyncDispose]: close }
}

function tell(value: unknown): string {
  if (value instanceof Error) return value.message
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, one]) => `${key}=${one instanceof Error ? one.message : JSON.stringify(one)}`)
    .join(' ')
}
