import { flushCompileCache } from 'node:module'
import { after } from './clock.ts'
import { collectWhenIdle } from './collect-when-idle.ts'
import { envStr } from './env.ts'
import { newId } from './ids.ts'
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from './logger.ts'
import { startTelemetry } from './telemetry.ts'

/** A running service. Disposing of it finishes what was begun, gives up its leases and closes. */
export interface Service extends AsyncDisposable {
  /** Whether it can do its work now. */
  ready(): boolean | Promise<boolean>
}

export interface ServiceHost {
  /** Carries the service's name and process id; its level is MILLRACE_LOG_LEVEL. */
  readonly log: Logger
  /** The UUID of this process, new at every start: what leases are held under. */
  readonly processId: string
}

export interface RunServiceOptions {
  readonly name: string
  /** The signal aborts when the process was told to stop, also while this is still under way. */
  readonly create: (signal: AbortSignal, host: ServiceHost) => Promise<Service>
}

/**
 * The main function of a service process: creates the service, runs it until SIGTERM or SIGINT,
 * disposes of it within 20 s and sets the exit code (0 stopped, 1 failed). A second signal, and an
 * error that nobody caught, end the process at once: what it held is recovered like after a crash.
 */
export async function runService({ name, create }: RunServiceOptions): Promise<void> {
  const processId = newId()
  const log = createLogger(name, { level: logLevel(), processId })
  const stop = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(), { once: true })
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1)
      log.info({ signal }, 'stopping')
      after(STOP_WITHIN_MS, () => {
        log.error({ withinMs: STOP_WITHIN_MS }, 'did not stop in time')
        process.exit(1)
      }).unref()
      stop.abort(new Error(`${name} was told to stop by ${signal}`))
    })
  }
  const die = (error: unknown): void => {
    log.fatal({ error }, 'uncaught error')
    process.exit(1)
  }
  let isCreated = false
  let collecting: ReturnType<typeof collectWhenIdle> = null
  // Until it has stopped, whatever handles the service has open or not.
  const alive = after(Number.MAX_SAFE_INTEGER, () => undefined)
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)

  try {
    const telemetry = await startTelemetry(name)
    const service = await create(stop.signal, { log, processId })
    isCreated = true
    log.info('started')
    // Whoever starts next has it, however this process ends. Does nothing without NODE_COMPILE_CACHE.
    flushCompileCache()
    collecting = collectWhenIdle()
    await stopped
    await service[Symbol.asyncDispose]()
    await telemetry.stop()
    log.info('stopped')
  } catch (error) {
    if (stop.signal.aborted && !isCreated) {
      // A start that was interrupted fails for that reason.
      log.info({ error }, 'stopped')
    } else {
      log.fatal({ error }, 'failed')
      process.exitCode = 1
    }
  }
  alive.cancel()
  collecting?.cancel()
  // The event loop empties by itself; whatever was left open does not keep the process for long.
  after(LINGER_MS, () => process.exit()).unref()
}

// Supervisors (and Kubernetes, by default after 30 s) kill what takes longer.
const STOP_WITHIN_MS = 20_000
const LINGER_MS = 500

function logLevel(): LogLevel {
  const level = envStr('MILLRACE_LOG_LEVEL', 'info').toLowerCase()
  return LOG_LEVELS.find((known) => known === level) ?? 'info'
}
