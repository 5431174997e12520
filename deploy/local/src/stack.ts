import { migrate } from '@millrace/store'
import { freePort, monotonicMs, sleep } from '@millrace/runtime'
import type { Child, ChildEvents } from './child.ts'
import { createChild } from './child.ts'
import type { Config } from './config.ts'
import { ensureCredentials } from './credentials.ts'
import type { Home } from './home.ts'
import { createNats, waitForNats } from './nats.ts'
import { createPostgres, waitForPostgres } from './postgres.ts'
import {
  ALLOCATOR,
  CONNECTOR_THREADS,
  SERVICES,
  type ServiceCommand,
  type ServiceName,
} from './services.ts'
import { writeWhole } from './write-whole.ts'

export interface StackOptions {
  readonly config: Config
  readonly home: Home
  readonly serviceCommand: (name: ServiceName) => ServiceCommand
  readonly bootstrap: ServiceCommand
  /** One line for a person. */
  readonly print: (line: string) => void
}

/** Postgres, NATS and the five services as children of this process. */
export interface Stack {
  /** Resolves when requests are served. Rejects when the signal aborts. */
  start(signal: AbortSignal): Promise<void>
  /** Ends everything in order within 19 s: the doors first, what all rest on last. */
  stop(): Promise<void>
}

export function createStack(options: StackOptions): Stack {
  const { config, home, print } = options
  let postgres: Child | null = null
  let nats: Child | null = null
  const services = new Map<ServiceName, Child[]>()

  async function start(signal: AbortSignal): Promise<void> {
    const [postgresUrl, natsUrl] = await startServers(signal)
    await migrate(postgresUrl)
    const isKnown = await ensureCredentials({
      home,
      bootstrap: options.bootstrap,
      postgresUrl,
      ownsPostgres: config.postgresUrl === null,
      doors: config,
    })
    if (!isKnown)
      print('the admin of this Postgres exists already; its credentials are not written here')
    signal.throwIfAborted()
    for (const { name } of SERVICES) await startService(name, { postgresUrl, natsUrl })
    await waitUntilReady(signal)
  }

  /** When one of them fails the other is not under way any more: `stop` finds whatever was started. */
  async function startServers(signal: AbortSignal): Promise<[string, string]> {
    const failed = new AbortController()
    const either = AbortSignal.any([signal, failed.signal])
    const starts = [startPostgres(either), startNats(either)] as const
    try {
      return await Promise.all(starts)
    } catch (error) {
      failed.abort(error)
      await Promise.allSettled(starts)
      throw error
    }
  }

  async function startPostgres(signal: AbortSignal): Promise<string> {
    if (config.postgresUrl !== null) return config.postgresUrl
    const { url, child } = await createPostgres(home, config.postgresMemory, events)
    signal.throwIfAborted()
    postgres = child
    child.start()
    const log = home.log('postgres')
    const tell = (why: string): void =>
      print(`Postgres does not serve us yet (${why}); its log is ${log}`)
    await waitForPostgres({ home, url }, { signal, tell })
    writeWhole(`${home.run}/postgres.url`, `${url}\n`, 0o600)
    return url
  }

  async function startNats(signal: AbortSignal): Promise<string> {
    if (config.natsUrl !== null) return config.natsUrl
    const { url, child } = await createNats(home, events)
    signal.throwIfAborted()
    nats = child
    child.start()
    await waitForNats(url, signal)
    writeWhole(`${home.run}/nats.url`, `${url}\n`, 0o600)
    return url
  }

  async function startService(
    name: ServiceName,
    { postgresUrl, natsUrl }: { postgresUrl: string; natsUrl: string },
  ): Promise<void> {
    const children: Child[] = []
    services.set(name, children)
    for (let copy = 1; copy <= config.copies[name]; copy++) {
      const child = createChild({
        home,
        name: `${name}-${copy}`,
        service: name,
        command: () => options.serviceCommand(name),
        env: {
          ...ALLOCATOR,
          ...(name === 'connector' && CONNECTOR_THREADS),
          MILLRACE_POSTGRES_URL: postgresUrl,
          MILLRACE_NATS_URL: natsUrl,
          MILLRACE_HOME: home.path,
          ...(name === 'gateway' && (await doors(copy))),
        },
        ...events,
      })
      children.push(child)
      child.start()
    }
  }

  /** The first gateway has the doors that were asked for; further copies get free ones. */
  async function doors(copy: number): Promise<Record<string, string>> {
    const { doorHost } = config
    const http = copy === 1 ? config.httpPort : await freePort()
    const grpc = copy === 1 ? config.grpcPort : await freePort()
    if (copy > 1)
      print(`gateway-${copy}: REST http://${doorHost}:${http}, gRPC ${doorHost}:${grpc}`)
    return { MILLRACE_HTTP_PORT: String(http), MILLRACE_GRPC_PORT: String(grpc) }
  }

  async function waitUntilReady(signal: AbortSignal): Promise<void> {
    const from = monotonicMs()
    let toldAtMs = from
    while (!(await answersReady(config, signal))) {
      if (monotonicMs() - toldAtMs > TELL_EVERY_MS) {
        toldAtMs = monotonicMs()
        print(
          `not ready after ${Math.round((toldAtMs - from) / 1_000)} s; the logs are in ${home.path}/log`,
        )
      }
      await sleep(50, signal)
    }
  }

  const events: ChildEvents = {
    onDeath({ name, how, livedMs, restartMs }) {
      const lived = (livedMs / 1_000).toFixed(1)
      const wait = restartMs > 1_000 ? `in ${Math.round(restartMs / 1_000)} s` : 'again'
      print(`${name} ended (${how}) after ${lived} s and is started ${wait}`)
    },
    onUnrecorded({ name, pid, why }) {
      print(`${name} runs as process ${pid}, which cannot be recorded yet (${why})`)
    },
  }

  async function stop(): Promise<void> {
    const gateways = services.get('gateway') ?? []
    const others = SERVICES.flatMap(({ name }) =>
      name === 'gateway' ? [] : (services.get(name) ?? []),
    )
    await Promise.all(gateways.map((child) => child.stop(STOP_MS.gateway)))
    await Promise.all(others.map((child) => child.stop(STOP_MS.services)))
    await nats?.stop(STOP_MS.nats)
    await postgres?.stop(STOP_MS.postgres)
  }

  return { start, stop }
}

/** Together under the 20 s that `make up` promises. What is killed after them is recovered like after a crash. */
const STOP_MS = { gateway: 5_000, services: 7_000, nats: 2_000, postgres: 5_000 } as const
const TELL_EVERY_MS = 20_000

async function answersReady({ doorHost, httpPort }: Config, signal: AbortSignal): Promise<boolean> {
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(2_000)])
    const answer = await fetch(`http://${doorHost}:${httpPort}/ready`, { signal: timeout })
    await answer.body?.cancel()
    return answer.status === 200
  } catch {
    return false
  }
}
