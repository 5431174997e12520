import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { after, monotonicMs, sleep } from '@millrace/runtime'
import { childEnvironment, environmentOverrides } from './child-environment.ts'
import type { Home } from './home.ts'
import { forgetProcess, recordProcess } from './process-record.ts'

export interface ChildOptions {
  readonly home: Home
  /** Of its pid file, such as `engine-1`. */
  readonly name: string
  /** Of its log file, such as `engine`. */
  readonly service: string
  /** Called for each start, so that a restart may look at the world first. */
  readonly command: () => {
    readonly command: string
    readonly args: readonly string[]
    readonly options?: { readonly uid?: number; readonly gid?: number; readonly cwd?: string }
  }
  readonly env?: Readonly<Record<string, string>>
  /** Asks it to end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** Told about every end that was not asked for. */
  readonly onDeath: (death: {
    name: string
    how: string
    livedMs: number
    restartMs: number
  }) => void
  /** Told once of a process that runs and cannot be recorded; recording is tried until it ends. */
  readonly onUnrecorded: (trouble: { name: string; pid: number; why: string }) => void
}

/** What whoever starts children is told about them. */
export type ChildEvents = Pick<ChildOptions, 'onDeath' | 'onUnrecorded'>

/** A process that is started again whenever it ends, until it is stopped. */
export interface Child {
  start(): void
  /** Whether a process of it runs now. */
  readonly running: boolean
  /** Ends it for good, with SIGKILL after `withinMs`. */
  stop(withinMs: number): Promise<void>
}

// A life shorter than this is a quick death. Three of them in a row are forgiven: a port that is
// still held, a server that is coming up. Then each further one doubles the wait.
const QUICK_DEATH_MS = 5_000
const QUICK_DEATHS_FORGIVEN = 3
const RESTART_MS = 50
const BACK_OFF_MAX_MS = 10_000
const RECORD_AGAIN_MS = 1_000

export function createChild(options: ChildOptions): Child {
  const { home, name, service, stopSignal = 'SIGTERM', onDeath, onUnrecorded } = options
  const stopping = new AbortController()
  let process_: ChildProcess | null = null
  let ended: Promise<void> = Promise.resolve()
  let quickDeaths = 0

  function start(): void {
    if (stopping.signal.aborted) return
    const bornMs = monotonicMs()
    const { command, args, options: spawnOptions } = options.command()
    const log = openSync(home.log(service), 'a')
    // Its own session: a Ctrl-C of the terminal reaches the supervisor alone, which ends all in order.
    const child = spawn(command, args, {
      ...spawnOptions,
      env: childEnvironment({ ...options.env, ...environmentOverrides(home, service, name) }),
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    process_ = child
    ended = new Promise((resolve) => {
      child.once('error', (error) => died(`could not start: ${error.message}`))
      child.once('exit', (code, signal) => died(signal ?? `exit ${code}`))
      function died(how: string): void {
        if (process_ !== child) return
        process_ = null
        forgetProcess(home, name)
        resolve()
        if (!stopping.signal.aborted) void restart(how, monotonicMs() - bornMs)
      }
    })
    if (child.pid !== undefined) record(child, child.pid)
  }

  /**
   * A full disk takes no record. That is no reason to end a process that works: to end it with the
   * rest, this supervisor needs none. Killed before it could write one, it leaves a process behind
   * that `make down` does not know.
   */
  function record(child: ChildProcess, pid: number, isTold = false): void {
    if (process_ !== child) return
    try {
      recordProcess(home, name, pid)
    } catch (error) {
      if (!isTold) onUnrecorded({ name, pid, why: String(error) })
      after(RECORD_AGAIN_MS, () => record(child, pid, true)).unref()
    }
  }

  async function restart(how: string, livedMs: number): Promise<void> {
    quickDeaths = livedMs < QUICK_DEATH_MS ? quickDeaths + 1 : 0
    const excess = Math.max(0, quickDeaths - QUICK_DEATHS_FORGIVEN)
    const restartMs = Math.min(RESTART_MS * 2 ** excess, BACK_OFF_MAX_MS)
    onDeath({ name, how, livedMs, restartMs })
    try {
      await sleep(restartMs, stopping.signal)
      start()
    } catch (error) {
      // Its command could not be made: a folder that somebody has just taken away.
      if (!stopping.signal.aborted) void restart(`could not start: ${String(error)}`, 0)
    }
  }

  return {
    start,
    get running() {
      return process_ !== null
    },
    async stop(withinMs) {
      stopping.abort(new Error(`${name} is stopped`))
      process_?.kill(stopSignal)
      const grace = new AbortController()
      void sleep(withinMs, grace.signal).then(
        () => process_?.kill('SIGKILL'),
        () => undefined,
      )
      await ended
      grace.abort(new Error('ended'))
    },
  }
}
