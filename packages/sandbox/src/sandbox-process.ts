import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { every } from '@millrace/runtime'
import type { Logger, Timer } from '@millrace/runtime'
import { encodeFrame, FrameReader } from './frames.ts'
import type { FromProcess, ToProcess } from './messages.ts'
import type { Walls } from './walls.ts'

/**
 * Why a process is no more. `unable`: it could not be started, or the engine had no more use for it,
 * which says nothing about the code in it.
 */
export type Death = 'ended' | 'hung' | 'malformed' | 'unable'

/** The process ended, or was ended, before it answered. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied'
  readonly death: Death
  readonly exitCode: number | null
  constructor(message: string, death: Death, exitCode: number | null) {
    super(message)
    this.death = death
    this.exitCode = exitCode
  }
}

export interface Reply {
  readonly head: FromProcess
  readonly body: string
}

/** A message that wants an answer, before it gets its number. */
type Question = DistributiveOmit<Extract<ToProcess, { id: number }>, 'id'>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** Counted in turns of this side: an engine that is itself held up has not waited. */
const PINGS_MISSED_MAX = 30

export interface ProcessOptions {
  /** Bytes of one answer. */
  readonly maxBytes: number
  /** See SandboxLimits. */
  readonly hungMs: number
  readonly log: Logger
}

/** One sandbox process as seen from the engine's side. What it sends is treated as hostile. */
export class SandboxProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #waiting = new Map<
    number,
    { resolve: (reply: Reply) => void; reject: (error: ProcessDied) => void }
  >()
  readonly #log: Logger
  readonly #pings: Timer
  readonly #ended = Promise.withResolvers<void>()
  #nextId = 1
  #missed = 0
  #dead: ProcessDied | null = null
  #words = ''

  constructor(
    walls: Walls,
    hello: Extract<ToProcess, { type: 'hello' }>,
    realm: string,
    { maxBytes, hungMs, log }: ProcessOptions,
  ) {
    this.#log = log
    this.#child = spawn(walls.command, walls.args, {
      env: { TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, to be killed as one: the walls' second process dies with the first only from
      // a moment on, and waits for it for ever when it is lost before.
      detached: true,
    })
    const reader = new FrameReader<FromProcess>(maxBytes)
    this.#child.stdout.on('data', (chunk: Buffer) => {
      try {
        for (const { head, body } of reader.push(chunk)) this.#receive(head, body)
      } catch (error) {
        const why = error instanceof Error ? error.message : ''
        this.kill(`it sent something malformed: ${why}`, 'malformed')
      }
    })
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString('utf8')).slice(-2_000)
    })
    this.#child.stdin.on('error', () => undefined)
    this.#child.on('error', (error) => this.#die(error.message, 'unable'))
    this.#child.on('exit', (code) => {
      // Whoever holds its other ends has nothing more to say.
      for (const pipe of this.#child.stdio) pipe?.destroy()
      this.#die('it ended', 'ended', code)
    })
    this.#pings = every(hungMs / PINGS_MISSED_MAX, () => this.#ping())
    this.#send(hello, realm)
  }

  get dead(): boolean {
    return this.#dead !== null
  }

  /** Resolves when the process is gone. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  ask(question: Question, body: string): Promise<Reply> {
    if (this.#dead !== null) return Promise.reject(this.#dead)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#send({ ...question, id }, body)
    })
  }

  tell(message: Extract<ToProcess, { type: 'forget' | 'close' }>, body = ''): void {
    if (this.#dead === null) this.#send(message, body)
  }

  kill(why: string, death: Death): void {
    this.#die(why, death)
    this.#killGroup()
  }

  #killGroup(): void {
    const { pid, exitCode, signalCode } = this.#child
    // Its number may be another's by now.
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Gone this very moment.
    }
  }

  #send(message: ToProcess, body: string): void {
    this.#child.stdin.write(encodeFrame(message, body))
  }

  #receive(head: FromProcess, body: string): void {
    if (head.type === 'ready') return
    const { id } = head
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) throw new Error('an answer that nobody asked for')
    this.#waiting.delete(id)
    waiting.resolve({ head, body })
  }

  /** Only while something is awaited: an idle process is left alone. */
  #ping(): void {
    if (this.#waiting.size === 0) return
    if (this.#missed++ >= PINGS_MISSED_MAX) return this.kill('it hangs', 'hung')
    this.ask({ type: 'ping' }, '').then(
      () => (this.#missed = 0),
      () => undefined,
    )
  }

  #die(why: string, death: Death, exitCode: number | null = null): void {
    if (this.#dead !== null) {
      if (death === 'ended') this.#ended.resolve()
      return
    }
    this.#dead = new ProcessDied(`The sandbox process has died: ${why}`, death, exitCode)
    this.#pings.cancel()
    if (this.#waiting.size > 0)
      this.#log.warn({ why, exitCode, words: this.#words }, 'a sandbox process died at work')
    for (const { reject } of this.#waiting.values()) reject(this.#dead)
    this.#waiting.clear()
    if (death === 'ended' || this.#child.pid === undefined) this.#ended.resolve()
  }
}
