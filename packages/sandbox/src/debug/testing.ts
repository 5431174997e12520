import type {
  Activation,
  Answer,
  Json,
  LocalAnswer,
  Outcome,
  Stop,
  StopAnswer,
} from '@millrace/replay'
import type { Sandbox } from '../create-sandbox.ts'
import { TestRun, value } from '../testing.ts'
import type { TestRunOptions } from '../testing.ts'
import { debugScript } from './debug-script.ts'
import { inspect } from './inspect.ts'
import type { Inspected } from './inspect.ts'

/** For tests: an execution with a debugger, and what an engine does for it. */
export class DebuggedRun extends TestRun {
  breakpoints: readonly number[] = []
  pause = false
  readonly stops: Stop[] = []
  #isWarm = false
  #seen = 0
  readonly #plain

  constructor(
    sandbox: Sandbox,
    source: string,
    options: TestRunOptions & {
      readonly breakpoints?: readonly number[]
      readonly pause?: boolean
      /** Only these are compiled in. */
      readonly lines?: readonly number[]
    } = {},
  ) {
    super(sandbox, source, options)
    this.#plain = this.script
    this.script = debugScript(this.script, options.lines ?? null)
    this.breakpoints = options.breakpoints ?? []
    this.pause = options.pause ?? false
  }

  /** The stop that it stands at. */
  get stop(): Stop {
    const { stop } = this.last
    if (stop === undefined) throw new Error(`not stopped: ${JSON.stringify(this.last)}`)
    return stop
  }

  get isStopped(): boolean {
    return this.last.stop !== undefined
  }

  /** Where it stands and why; its end when it has ended. */
  get where(): string {
    if (this.isStopped) return `${this.stop.reason} ${this.stop.line}`
    return this.end?.status ?? `open ${this.last.open.join(' ')}`
  }

  /** A variable of the stop by its name. */
  variable(name: string): Json | undefined {
    return this.stop.variables.find((variable) => variable.name === name)?.value
  }

  get variables(): Record<string, Json> {
    return Object.fromEntries(this.stop.variables.map(({ name, value: of }) => [name, of]))
  }

  override start(): Promise<this> {
    return this.live(this.starting())
  }

  go(action: StopAnswer['action'] = 'continue', line = 0): Promise<this> {
    const answer = action === 'run_to' ? { action, line } : { action }
    return this.answer(this.stop.seq, value(answer))
  }

  /** An answer that comes while it is not to run. */
  note(seq: number, outcome: Outcome): void {
    const position = this.answers.length + 1
    this.answers.push({ position, seq, outcome, at: 1_000 + position * 100 })
  }

  /** Whether a call still waits for somebody's answer. */
  isWaiting(seq: number): boolean {
    return (
      this.history[seq - 1]?.outcome === undefined &&
      !this.answers.some((answer) => answer.seq === seq)
    )
  }

  /** From now on every line can be stopped at. */
  freeLines(): void {
    this.restart()
    this.script = debugScript(this.#plain)
  }

  /** The engine has died. What comes next begins from what was committed. */
  restart(): void {
    this.sandbox.forget(this.workspaceId, this.key)
    this.#isWarm = false
  }

  override starting(entries = this.history.length, answers = this.answers.length): Activation {
    const { breakpoints, pause } = this
    const start = super.starting(entries, answers)
    return { ...start, debug: { breakpoints, pause, seen: this.#seen } }
  }

  inspect(seq: number, expressions: readonly string[] = []): Promise<Inspected> {
    const start = this.starting()
    if (start.kind !== 'start') throw new Error('not a start')
    const { workspaceId } = this
    return inspect(this.sandbox, { ...start, workspaceId, script: this.#plain, seq, expressions })
  }

  protected override continuing(
    local: readonly LocalAnswer[],
    answers: readonly Answer[],
  ): Activation {
    // Answers of the engine itself go to the run that asked, within its activation.
    if (!this.#isWarm && local.length === 0) return this.starting()
    const { key, breakpoints, pause } = this
    const debug = { breakpoints, pause, seen: this.#seen }
    return { kind: 'continue', key, local, answers, debug }
  }

  protected override async live(first: Activation): Promise<this> {
    await super.live(first)
    this.#isWarm = !this.isStopped && this.end === null
    this.#seen = this.last.consumed
    if (!this.isStopped) return this
    const { stop } = this
    if (stop.stack[0]?.line !== stop.line) throw new Error(`a wrong stack: ${JSON.stringify(stop)}`)
    this.stops.push(stop)
    this.pause = false
    return this
  }
}
