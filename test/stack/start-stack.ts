import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@millrace/client'
import { freePort, monotonicMs } from '@millrace/runtime'
import { startNats, type TestNats } from '@millrace/testkit'
import { allPids, isAlive, pidsOf, signal } from './processes.ts'
import { until } from './until.ts'

export interface StackOptions {
  readonly engines?: number
  readonly connectors?: number
  readonly env?: Readonly<Record<string, string>>
  /** Go on in the home of an earlier stack instead of an empty one. */
  readonly home?: string
  /** A NATS server of the test's own instead of the stack's: it can be kept down for a while. */
  readonly ownNats?: boolean
  /** What single processes get on top, by service (`engine`) or process (`engine-1`). */
  readonly childEnv?: ChildEnv
}

export type ChildEnv = Readonly<Record<string, Readonly<Record<string, string>>>>

/** A running stack with a home and ports of its own. */
export interface Stack extends AsyncDisposable {
  readonly client: Client
  readonly url: string
  readonly grpcUrl: string
  readonly home: string
  readonly credentials: Credentials
  /** Present with `ownNats`. */
  readonly nats: TestNats | null
  /** Process ids of a service, of `postgres` or of `nats`; the first copy first. */
  pidsOf(service: string): number[]
  /** kill -9, or another signal, to the n-th copy (from 1). Answers with its process id. */
  kill(service: string, n?: number, signalName?: NodeJS.Signals): number
  /** kill -9 to a copy, and until another process has taken its place. */
  killAndAwait(service: string, n?: number): Promise<void>
  /** kill -9 to the supervisor and everything it started, all at once: a power cut. */
  killAll(): Promise<void>
  /** The stack's own NATS: killed and emptied; the supervisor starts it again. */
  wipeNats(): Promise<void>
  /** The stack's own Postgres: ended abruptly; the supervisor starts it again. */
  restartPostgres(): Promise<void>
  /** Replaces what `childEnv` said; a process takes it at its next start. */
  setChildEnv(childEnv: ChildEnv): void
  /** Serves requests again; within 30 s by default. */
  ready(timeoutMs?: number): Promise<void>
  /** In order, as SIGTERM does. Keeps the home when `keepHome`. */
  stop(options?: { keepHome?: boolean }): Promise<void>
  /** The last lines that the stack printed. */
  output(): string
}

export interface Credentials {
  readonly user_name: string
  readonly password: string
  readonly api_key: string
  readonly url: string
  readonly grpc_url: string
}

const ROOT = join(import.meta.dirname, '..', '..')
/** The first start unpacks a Postgres; on a busy machine that takes its time. */
const START_WITHIN_MS = 120_000
const STOP_WITHIN_MS = 25_000

/** Starts what `make up` starts and waits for `millrace is ready`. Errors: with all it printed. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'millrace-test-')))
  const setChildEnv = (childEnv: ChildEnv): void =>
    writeFileSync(join(home, 'child-env.json'), JSON.stringify(childEnv))
  if (options.childEnv !== undefined) setChildEnv(options.childEnv)
  const nats = options.ownNats === true ? await startNats() : null
  const [httpPort, grpcPort] = [await freePort(), await freePort()]
  const supervisor = spawn(process.execPath, ['deploy/local/src/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutMillrace(process.env),
      MILLRACE_HOME: home,
      MILLRACE_HTTP_PORT: String(httpPort),
      MILLRACE_GRPC_PORT: String(grpcPort),
      MILLRACE_ALLOWED_RANGES: '127.0.0.0/8',
      ENGINES: String(options.engines ?? 1),
      CONNECTORS: String(options.connectors ?? 1),
      ...(nats === null ? {} : { MILLRACE_NATS_URL: nats.url }),
      ...options.env,
    },
  })
  // A test that dies leaves nothing running.
  const endAll = (): void => {
    signal(supervisor.pid ?? 0, 'SIGKILL')
    for (const pid of allPids(home)) signal(pid, 'SIGKILL')
  }
  process.once('exit', endAll)

  const printed = collectOutput(supervisor)
  try {
    await untilReady(supervisor, printed)
  } catch (error) {
    const logs = lastLines(home)
    endAll()
    await nats?.stop()
    if (options.home === undefined) await rm(home, { recursive: true, force: true })
    throw new Error(`${String(error)}\n${logs}`, { cause: error })
  }
  const credentials = JSON.parse(
    readFileSync(join(home, 'credentials.json'), 'utf8'),
  ) as Credentials

  const stack: Stack = {
    client: createClient({ url: credentials.url, apiKey: credentials.api_key }),
    url: credentials.url,
    grpcUrl: credentials.grpc_url,
    home,
    credentials,
    nats,
    pidsOf: (service) => pidsOf(home, service),
    kill: (service, n = 1, name = 'SIGKILL') => {
      const pid = pidsOf(home, service)[n - 1]
      if (pid === undefined) throw new Error(`there is no ${service}-${n} to kill`)
      signal(pid, name)
      return pid
    },
    killAndAwait: async (service, n = 1) => {
      const count = pidsOf(home, service).length
      const killed = stack.kill(service, n)
      await until(() => !isAlive(killed) && pidsOf(home, service).length === count, {
        what: `another ${service}`,
      })
    },
    killAll: async () => {
      // The supervisor first, or it starts again what dies.
      const pids = [supervisor.pid ?? 0, ...allPids(home)]
      for (const pid of pids) signal(pid, 'SIGKILL')
      await until(() => pids.every((pid) => pid === 0 || !isAlive(pid)), {
        what: 'the death of everything',
      })
      process.removeListener('exit', endAll)
    },
    wipeNats: async () => {
      // Stopped meanwhile, the supervisor starts no other in a folder that is half gone.
      signal(supervisor.pid ?? 0, 'SIGSTOP')
      const killed = stack.kill('nats')
      try {
        // Its threads die one by one, and the last may still write.
        await rm(join(home, 'nats'), { recursive: true, force: true, maxRetries: 10 })
      } finally {
        signal(supervisor.pid ?? 0, 'SIGCONT')
      }
      await until(() => pidsOf(home, 'nats').some((pid) => pid !== killed), {
        what: 'another nats',
      })
    },
    restartPostgres: async () => {
      // SIGINT is Postgres's fast shutdown: connections are cut at once.
      const ended = stack.kill('postgres', 1, 'SIGINT')
      await until(() => !isAlive(ended) && pidsOf(home, 'postgres').length > 0, {
        what: 'another postgres',
        timeoutMs: 30_000,
      })
    },
    setChildEnv,
    ready: async (timeoutMs = 30_000) => {
      await until(async () => (await fetch(`${credentials.url}/ready`)).ok, {
        what: 'ready again',
        timeoutMs,
      })
    },
    stop: async ({ keepHome = false } = {}) => {
      await endInOrder(supervisor, printed)
      process.removeListener('exit', endAll)
      endAll()
      await nats?.stop()
      if (!keepHome) await rm(home, { recursive: true, force: true })
    },
    output: () => printed.text(),
    [Symbol.asyncDispose]: () => stack.stop(),
  }
  return stack
}

interface Printed {
  text(): string
  includes(words: string): boolean
}

function collectOutput(child: ChildProcess): Printed {
  let text = ''
  const collect = (chunk: Buffer): void => {
    text = (text + String(chunk)).slice(-20_000)
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  return { text: () => text, includes: (words) => text.includes(words) }
}

async function untilReady(supervisor: ChildProcess, printed: Printed): Promise<void> {
  let ended = false
  supervisor.once('exit', () => (ended = true))
  const startedAt = monotonicMs()
  await until(() => ended || printed.includes('millrace is ready'), {
    what: `the stack\n${printed.text()}`,
    timeoutMs: START_WITHIN_MS,
  }).catch((error: unknown) => {
    throw new Error(`the stack is not ready:\n${printed.text()}`, { cause: error })
  })
  if (ended)
    throw new Error(
      `the stack ended after ${Math.round(monotonicMs() - startedAt)} ms:\n${printed.text()}`,
    )
}

/** What each process said last: a home that is gone cannot be asked any more. */
function lastLines(home: string): string {
  return globSync('log/*.log', { cwd: home })
    .map((file) => {
      const lines = readFileSync(join(home, file), 'utf8').trimEnd().split('\n')
      return `${file}:\n${lines.slice(-5).join('\n')}`
    })
    .join('\n')
}

async function endInOrder(supervisor: ChildProcess, printed: Printed): Promise<void> {
  if (supervisor.exitCode !== null || supervisor.signalCode !== null) return
  const ended = new Promise((resolve) => supervisor.once('exit', resolve))
  supervisor.kill('SIGTERM')
  const guard = AbortSignal.timeout(STOP_WITHIN_MS)
  const late = new Promise<never>((_, reject) => {
    guard.addEventListener(
      'abort',
      () =>
        reject(new Error(`the stack does not end within ${STOP_WITHIN_MS} ms:\n${printed.text()}`)),
      { once: true },
    )
  })
  await Promise.race([ended, late])
}

/** Settings of whoever runs the tests must not reach the stack. */
function withoutMillrace(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MILLRACE_')))
}
