import {
  AnswerQueue,
  describeDivergence,
  fingerprint,
  isSameCall,
  seededRandom,
} from '@millrace/replay'
import type {
  Activation,
  ActualCall,
  CommandKind,
  End,
  HistoryEntry,
  Json,
  Life,
  Outcome,
  SelfFacts,
} from '@millrace/replay'
import { callSite, framesOf, siteAt, stepOf } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import {
  EngineException,
  ExecutionCancel,
  ExecutionError,
  ExecutionRevert,
  ExecutionSuccess,
  InternalError,
  LifecycleSignal,
} from './exceptions.ts'
import { realmLimits } from './limits.ts'
import { Output } from './output.ts'
import { jsonText, LimitExceeded } from './text.ts'

/** A call of the Flow API that awaits its answer. */
export interface OpenCall {
  readonly seq: number
  readonly answer: (outcome: Outcome) => void
}

/** A call as it is made: `args` are the members of the command after its kind, as JSON text. */
export interface Call {
  /** The method as authors write it. */
  readonly api: string
  readonly kind: CommandKind
  readonly label: string
  readonly args: (seq: number) => string
}

/** One execution inside the realm: its history, what it awaits, and what is new since the last result. */
export class Run {
  readonly key: string
  readonly facts: SelfFacts
  /** What a replay has to pass; let go of once it has. */
  history: readonly HistoryEntry[]
  readonly input: Json
  readonly queue = new AnswerQueue()
  readonly open = new Map<number, OpenCall>()
  random: () => number
  /** Whose lives the first calls are of; empty where all are its own. */
  readonly lives: readonly Life[]
  /** Which of them the next call belongs to; as many as there are: its own. */
  #life = 0
  /** The newest savepoint of each name; null until one is made, which most never do. */
  savepoints: Map<string, number> | null = null

  seq = 0
  now: number
  consumed = 0
  line: number | null = null
  /** The line of the call that is being made, where the code says it; 0 otherwise. */
  mark = 0
  lastCommand: string | null = null
  logs = 0
  logsNow = 0
  /** New calls that the engine may answer by itself, before any positioned answer. */
  asks = 0
  /** Above 0 while all that runs is a step's: its callback, or the crossing that it has to itself. */
  stepDepth = 0
  stepName = ''
  stepRandom: (() => number) | null = null
  stepSeq = 0
  /** Whether asynchronous steps get a crossing to themselves. */
  readonly runsStepsApart: boolean = true
  /** Steps whose callbacks wait for a crossing of their own. */
  readonly stepsToRun: (() => void)[] = []
  /**
   * Steps that go on beside the flow's own code: which of them runs, only the call stack tells.
   * One that was given up stays among them, since it may go on later.
   */
  readonly asyncSteps = new Map<
    number,
    { name: string; random: () => number; giveUp: ((why: Error) => void) | null }
  >()
  /** Said of a divergence that a passed step may have brought about. */
  hint = ''

  signal: LifecycleSignal | null = null
  end: End | null = null
  /** The end's output as text; large ones are not parsed again. */
  endOutput = 'null'

  /** In the order of their numbers: an asynchronous step fills its place when it has finished. */
  readonly entries: string[] = []
  commands = ''
  /** Each under the number of its call, by which they are handed over. */
  readonly logLines: { readonly seq: number; readonly text: string }[] = []
  /** What has changed of the record; `output`: the one below. */
  fields: { name?: string; message?: string; output?: true } | null = null
  name: string | null
  message: string | null = null
  readonly output = new Output()

  constructor(start: Extract<Activation, { kind: 'start' }>) {
    const { key, self: facts, history, input, answers } = start
    this.key = key
    this.facts = facts
    this.history = history
    this.input = input
    this.lives = history[0]?.lives ?? NO_LIVES
    this.now = this.lives[0]?.startedAt ?? facts.startedAt
    this.name = facts.name
    this.random = seededRandom(seedOf(this.lifeOf(1)))
    this.queue.addPositioned(answers)
  }

  /** In whose name call `seq` is made: its ids and its chance come of it, in every replay again. */
  lifeOf(seq: number): { readonly id: string; readonly generation: number } {
    return this.lives.find((life) => seq <= life.last) ?? this.facts
  }

  get replaying(): boolean {
    return this.seq < this.history.length
  }

  /** A passed history is as good as none, and a suspended execution would keep it for days. */
  forgetPassed(): void {
    if (!this.replaying) this.history = NO_HISTORY
  }

  /** Every call of the API comes through here first. */
  enter(api: string, useMark = false): CallSite {
    const known = useMark && this.mark > 0 && this.asyncSteps.size === 0
    const site = known ? siteAt(this.mark) : callSite()
    this.mark = 0
    if (this.signal !== null) throw this.signal
    if (this.end !== null) throw new LifecycleSignal('the execution has ended')
    if (this.stepDepth > 0) throw insideStep(api, this.stepName)
    if (this.asyncSteps.size > 0) {
      const step = this.asyncSteps.get(stepOf(site) ?? 0)
      if (step !== undefined) throw insideStep(api, step.name)
    }
    return site
  }

  /** Takes the next number and checks it against the history. */
  record(
    call: Call,
    site: CallSite,
  ): { seq: number; recorded: HistoryEntry | null; args: string; digest: string } {
    const seq = this.seq + 1
    if (seq - this.logs > realmLimits().commands) {
      throw this.exceed(
        `The execution has made ${realmLimits().commands} calls, the limit of commands per execution. Split the work over child flows.`,
      )
    }
    if (this.#life < this.lives.length) this.#enterLife(seq)
    const args = this.checked(() => call.args(seq))
    const digest = fingerprint(call.kind, call.label, args)
    this.seq = seq
    this.line = site.line
    this.lastCommand = call.label === '' ? call.api : `${call.api} ${call.label}`
    const recorded = this.history[seq - 1] ?? null
    if (recorded !== null) {
      const actual: ActualCall = { kind: call.kind, label: call.label, line: site.line, digest }
      if (!isSameCall(recorded, actual)) throw this.diverge(seq, recorded, actual)
    }
    return { seq, recorded, args, digest }
  }

  /** Asks the world for something. The answer comes later, or in a replay from the history. */
  ask<T>(call: Call, answered: (outcome: Outcome, frames: () => string) => T): Promise<T> {
    const site = this.enter(call.api)
    const { seq, recorded, args, digest } = this.record(call, site)
    const promise = new Promise<T>((resolve, reject) => {
      this.open.set(seq, {
        seq,
        answer: (outcome) => {
          try {
            resolve(answered(outcome, () => framesOf(site)))
          } catch (error) {
            reject(error)
          }
        },
      })
    })
    promise.then(undefined, ignore)
    if (recorded !== null) {
      if (recorded.outcome !== undefined) this.queue.addOwn(seq, recorded.outcome)
      else if (recorded.again === true)
        this.#command(call.kind, seq, `${args === '' ? '' : `${args},`}"again":true`)
      return promise
    }
    this.addEntry(seq, call.kind, call.label, site.line, digest, null)
    this.#command(call.kind, seq, args)
    if (call.kind !== 'sleep') this.asks++
    return promise
  }

  /** An inherited call that nobody has answered is asked again: the engine answers none of those itself. */
  #command(kind: CommandKind, seq: number, args: string): void {
    this.commands += `${this.commands === '' ? '' : ','}{"seq":${seq},"kind":"${kind}"${args === '' ? '' : `,${args}`}}`
  }

  /** The first call of a life sees when that began, and draws from a chance of its own. */
  #enterLife(seq: number): void {
    for (let life = this.lives[this.#life]; life !== undefined && seq > life.last;) {
      if (life.cutAt > this.now) this.now = life.cutAt
      life = this.lives[++this.#life]
      this.random = seededRandom(seedOf(life ?? this.facts))
    }
  }

  /** Returns the entry's place. */
  addEntry(
    seq: number,
    kind: CommandKind,
    label: string,
    line: number | null,
    digest: string,
    outcome: string | null,
  ): number {
    const text = `{"seq":${seq},"kind":"${kind}","label":${JSON.stringify(label)},"line":${line ?? 'null'},"digest":"${digest}"`
    return this.entries.push(outcome === null ? `${text}}` : `${text},"outcome":${outcome}}`) - 1
  }

  /** Gives an entry that was added without one the outcome of an asynchronous step. */
  fillEntry(place: number, outcome: string): void {
    const text = this.entries[place]?.slice(0, -1) ?? ''
    this.entries[place] = `${text},"outcome":${outcome},"deferred":true}`
  }

  /** Runs what may pass a limit; when it does, the execution ends with it. */
  checked<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof LimitExceeded) throw this.exceed(error.message)
      throw error
    }
  }

  /** The first signal is the outcome, whatever the author's code does with the ones after it. */
  raise(signal: LifecycleSignal): LifecycleSignal {
    this.signal ??= signal
    return this.signal
  }

  exceed(message: string): LifecycleSignal {
    return this.stop('limit', message)
  }

  diverge(seq: number, expected: HistoryEntry | null, actual: ActualCall | null): LifecycleSignal {
    return this.stop('diverged', describeDivergence(seq, expected, actual) + this.hint)
  }

  stop(reason: NonNullable<End['reason']>, message: string): LifecycleSignal {
    const signal = this.raise(new ExecutionError(message))
    if (this.signal === signal && this.end === null) {
      this.end = { status: 'ENDED_ERROR', message, output: null, reason }
    }
    return signal
  }

  finish(status: End['status'], message: string | null, returned?: unknown): void {
    if (this.end !== null) return
    let output = this.output.text ?? 'null'
    if (!this.output.isSet && returned !== undefined) {
      try {
        output = this.checked(() => jsonText(returned, 'The value that the flow returns'))
      } catch (error) {
        if (this.end !== null) return
        this.end = { status: 'ENDED_ERROR', message: stackOf(error), output: null }
        return
      }
    }
    this.endOutput = output
    this.end = { status, message, output: null }
  }

  /** The end that a signal stands for. */
  settleSignal(): void {
    const { signal } = this
    if (signal === null || this.end !== null) return
    if (signal instanceof ExecutionRevert) {
      const { to } = signal
      this.end = { status: 'ENDED_ERROR', message: null, output: null, reason: 'reverted', to }
      return
    }
    const message = signal.message === '' ? null : signal.message
    if (signal instanceof ExecutionSuccess) this.finish('ENDED_SUCCESS', message)
    else if (signal instanceof ExecutionCancel) this.finish('ENDED_CANCELLED', message)
    else this.finish('ENDED_ERROR', message)
  }

  /** The step that the running code belongs to and that can still be recorded. */
  runningStep(): number | null {
    if (this.stepDepth > 0) return this.stepSeq
    if (this.asyncSteps.size === 0) return null
    const seq = stepOf(callSite()) ?? 0
    return (this.asyncSteps.get(seq)?.giveUp ?? null) === null ? null : seq
  }

  /** The generator that the running code must draw from: a step is not run again, so it has its own. */
  draw(): number {
    if (this.stepRandom !== null) return this.stepRandom()
    if (this.asyncSteps.size > 0) {
      const own = this.asyncSteps.get(stepOf(callSite()) ?? 0)
      if (own !== undefined) return own.random()
    }
    return this.random()
  }
}

const NO_LIVES: readonly Life[] = []
const NO_HISTORY: readonly HistoryEntry[] = []

/** Of which a life draws its chance. */
export const seedOf = ({ id, generation }: Pick<Life, 'id' | 'generation'>): string =>
  `${id}/${generation}`

/** The JSON that an outcome carries. */
export function plainValue(outcome: Outcome): Json {
  if (outcome.kind !== 'value')
    throw new InternalError(`an answer of kind ${outcome.kind} came where a value was expected`)
  if (!('v' in outcome.value)) throw new InternalError('a value came by reference into the sandbox')
  return outcome.value.v
}

const MESSAGE_MAX = 32_768

/** What an uncaught exception leaves as the execution's message. */
export function stackOf(error: unknown): string {
  let text: string
  try {
    const stack: unknown =
      typeof error === 'object' && error !== null ? (error as Error).stack : undefined
    text =
      typeof stack === 'string'
        ? stack
        : `Uncaught ${typeof error === 'string' ? error : jsonOrType(error)}`
    const cause: unknown = error instanceof Error ? error.cause : undefined
    if (cause instanceof Error && typeof cause.stack === 'string')
      text += `\ncaused by: ${cause.stack}`
  } catch {
    text = 'Uncaught exception that cannot be shown'
  }
  return text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}…` : text
}

function jsonOrType(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value
  }
}

function insideStep(api: string, name: string): EngineException {
  return new EngineException(
    `${api} cannot be called inside the step "${name}": a step is recorded as a whole and not run again. Call it before or after the step.`,
  )
}

function ignore(): void {}
