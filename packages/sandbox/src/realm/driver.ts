import type { Activation, DueAnswer } from '@millrace/replay'
import { noteInserts } from './call-site.ts'
import { environmentOf } from './environment.ts'
import type { EnvironmentName } from './environment.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { ReturnWhenNames } from './arguments.ts'
import { resultText } from './result.ts'
import { Run, stackOf } from './run.ts'
import { SelfExecution } from './self-execution.ts'
import { giveUpSteps, leaveStep } from './step.ts'
import { System } from './system.ts'

/** Makes one module instance; the parameters are what `environmentOf` gives for the script's names. */
export type Factory = (...environment: unknown[]) => unknown
/** A run that was given no input has no inputs, rather than null: code may read them as it is used to. */
const inputsOf = (run: Run): unknown => run.input ?? {}

type Handler = (system: System, self: SelfExecution, inputs: unknown) => unknown

export interface Script {
  readonly factory: Factory
  readonly names: readonly (EnvironmentName | 'system' | 'self' | 'inputs' | '$api' | '$l')[]
  /** The whole source is the handler's body. */
  readonly bare: boolean
  readonly inserts: readonly { line: number; column: number; length: number }[]
  /** The parameter for the debugger, in its realms. */
  readonly hook?: string
}

export type Start = Extract<Activation, { kind: 'start' }>

/**
 * Runs batches of activations. The host calls `begin`, then `cross` and `settle` in turn, each time
 * after the microtasks of the last call have run dry, until one of them gives results instead of null;
 * what is left of those it takes with `collect`. Every entry costs it a few microseconds.
 */
export class Driver {
  protected readonly script: Script
  protected readonly runs = new Map<string, Run>()
  #batch: (Run | string)[] = []
  #active: Run[] = []
  /** Without an answer: the run begins, or a step of its does. */
  #due: { run: Run; answer: DueAnswer | null }[] = []

  constructor(script: Script) {
    this.script = script
    noteInserts(script.inserts)
  }

  /** Takes a batch. Returns null when something is to be crossed, else what `collect` gives. */
  begin(batch: readonly Activation[], chunk: number): string | null {
    this.#batch = []
    this.#active = []
    this.#due = []
    for (const activation of batch) {
      if (activation.kind === 'start') {
        const run = this.runOf(activation)
        this.runs.set(run.key, run)
        this.#batch.push(run)
        this.#active.push(run)
        this.#due.push({ run, answer: null })
        continue
      }
      const run = this.runs.get(activation.key)
      if (run === undefined) {
        this.#batch.push(activation.key)
        continue
      }
      run.logsNow = 0
      for (const { seq, outcome } of activation.local) run.queue.addOwn(seq, outcome)
      run.queue.addPositioned(activation.answers)
      this.#batch.push(run)
      this.#plan(run)
    }
    return this.#due.length > 0 ? null : this.collect(chunk)
  }

  /** Runs the author's code: each execution gets what is due to it, at most one answer. */
  cross(): void {
    const due = this.#due
    this.#due = []
    for (const { run, answer } of due) {
      const begin = answer === null ? run.stepsToRun.shift() : undefined
      if (answer !== null) deliver(run, answer)
      else if (begin === undefined) this.#start(run)
      else begin()
    }
  }

  /** After the microtasks have run dry. Null when another crossing is needed, as `begin`. */
  settle(chunk: number): string | null {
    const active = this.#active
    this.#active = []
    for (const run of active) {
      if (run.stepDepth > 0) leaveStep(run)
      if (run.asyncSteps.size > 0) giveUpSteps(run)
      run.settleSignal()
      this.#plan(run)
    }
    return this.#due.length > 0 ? null : this.collect(chunk)
  }

  /** Results as JSON texts, `chunk` characters and a little more at a time; fewer than that are the last. */
  collect(chunk: number): string {
    let text = ''
    while (text.length < chunk) {
      const next = this.#batch.shift()
      if (next === undefined) break
      if (text !== '') text += ','
      if (typeof next === 'string') text += `{"key":${JSON.stringify(next)},"lost":true}`
      else {
        text += this.resultOf(next)
        if (next.end !== null) this.runs.delete(next.key)
      }
    }
    return text
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) this.runs.delete(key)
  }

  // What the debugger's driver does in its own way.
  protected runOf(start: Start): Run {
    return new Run(start)
  }
  protected resultOf(run: Run): string {
    run.forgetPassed()
    return resultText(run)
  }
  protected givenFor(run: Run, name: string): unknown {
    return environmentOf(run, name as EnvironmentName)
  }

  #plan(run: Run): void {
    // Also of a run that has ended: what began before is recorded.
    const answer = run.stepsToRun.length > 0 ? null : nextAnswer(run)
    if (answer === null && run.stepsToRun.length === 0) return
    this.#due.push({ run, answer })
    this.#active.push(run)
  }

  #start(run: Run): void {
    try {
      const { names, factory, bare } = this.script
      const self = new SelfExecution(run)
      const system = new System(run)
      const given = names.map((name) => {
        if (name === 'system') return system
        if (name === 'self') return self
        if (name === 'inputs') return inputsOf(run)
        if (name === '$l') return marker(run)
        return name === '$api' ? API : this.givenFor(run, name)
      })
      const made = factory(...given)
      if (bare) follow(run, made)
      else if (made instanceof Promise) {
        follow(
          run,
          made.then((handler: unknown) => (handler as Handler)(system, self, inputsOf(run))),
        )
      } else follow(run, (made as Handler)(system, self, inputsOf(run)))
    } catch (error) {
      fail(run, error)
    }
  }
}

/** Notes the line of the call that comes next. */
function marker(run: Run): <T>(line: number, object: T) => T {
  return (line, object) => {
    run.mark = line
    return object
  }
}

const API = Object.freeze({ ...EXCEPTIONS, ReturnWhen: ReturnWhenNames })

function follow(run: Run, returned: unknown): void {
  if (returned instanceof Promise) {
    returned.then(
      (value: unknown) => succeed(run, value),
      (error: unknown) => fail(run, error),
    )
  } else succeed(run, returned)
}

function succeed(run: Run, value: unknown): void {
  if (run.signal === null) run.finish('ENDED_SUCCESS', run.message, value)
}

function fail(run: Run, error: unknown): void {
  if (run.signal !== null || run.end !== null) return
  run.finish('ENDED_ERROR', stackOf(error))
}

function deliver(run: Run, answer: DueAnswer): void {
  if (answer.position !== null) run.consumed = answer.position
  if (answer.at !== null && answer.at > run.now) run.now = answer.at
  const call = run.open.get(answer.seq)
  if (call === undefined) return
  run.open.delete(answer.seq)
  call.answer(answer.outcome)
}

/** What the run's code sees next; null when it must wait for the engine, or has come to an end. */
function nextAnswer(run: Run): DueAnswer | null {
  if (run.end === null) {
    const own = run.queue.takeOwn()
    if (own !== null) return own
    // The engine may answer or refuse new calls by itself, and that comes before any position.
    if (run.asks > 0) return null
    const positioned = run.queue.takePositioned()
    if (positioned !== null) return positioned
  }
  if (run.replaying && run.end?.reason === undefined) {
    run.end = null
    run.signal = null
    run.diverge(run.seq + 1, run.history[run.seq] ?? null, null)
  } else if (run.end === null && run.open.size === 0) {
    run.stop(
      'nothing_to_wait_for',
      'The flow awaits something that can never come: no call is open that could be answered. Await only promises that calls of the Flow API or your own code resolve.',
    )
  }
  return null
}
