import { CallStack, fingerprint, placeOf, Stepper, stopAnswerOf } from '@millrace/replay'
import type {
  CallFrame,
  CommandKind,
  DebugSettings,
  End,
  HistoryEntry,
  InspectAt,
  Outcome,
  Place,
  StopReason,
} from '@millrace/replay'
import { callSite } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import { evaluatedText, stopText, variablesText } from './debug-stop.ts'
import type { Reader, Readers } from './debug-stop.ts'
import type { Start } from './driver.ts'
import { LifecycleSignal } from './exceptions.ts'
import { resultText } from './result.ts'
import { Run } from './run.ts'
import type { Call } from './run.ts'

/** Why and where the code is about to stop. */
export interface Pending extends Place {
  readonly reason: StopReason
  readonly missed?: number
  /** The stop that the history has; null for a new one. */
  readonly recorded: number | null
}

interface RunningStep {
  readonly seq: number
  readonly call: Call
  readonly line: number | null
  readonly digest: string
  /** How much had been written to the log when it began. */
  readonly logs: number
}

type Recorded = ReturnType<Run['record']>

/**
 * An execution that tells of every line it comes to. A stop ends its stay in the realm: what it has
 * asked for until then is handed over, and from there on every line throws. When the stop is
 * answered the execution begins again as it does after a crash, and its replay passes the line. So
 * a stop can be anywhere, also deep in synchronous code, it keeps nothing in memory, and between two
 * calls the code sees no difference.
 */
export class DebugRun extends Run {
  readonly stack = new CallStack()
  readonly #stepper = new Stepper()
  readonly #stopAnswers = new Map<number, { position: number; outcome: Outcome }>()
  readonly #inspect: InspectAt | null
  readonly #seen: number | null
  /** It may stop anew. Otherwise its debugging is over, and only its history's stops are passed. */
  readonly #isWanted: boolean
  /** Whether lines come that no earlier activation has come to. */
  #isNew: boolean
  /** Visits by line: outside of steps, and inside the one that runs. A replay does not run steps again. */
  readonly #outside: number[] = []
  #inside: number[] = []
  #step: RunningStep | null = null
  /** An asynchronous step runs: until the crossing is over, lines may be its own, and do not count. */
  #isQuiet = false
  /** The line of a breakpoint that was passed meanwhile. */
  #late: number | null = null
  /** Nothing is looked for but what the stepper watches. */
  #isPlain: boolean
  /** Stepped into: executions that are started before the next line are to stop at their first one. */
  #isInto = false
  #pending: Pending | null = null
  /** What every line throws once it has stopped, and its result. */
  #unwind: LifecycleSignal | null = null
  #stopped: string | null = null
  /** The expressions of an inspection are being evaluated: they may run lines. */
  #isEvaluating = false

  constructor(start: Start) {
    super(start)
    const { history, answers, inspect, debug } = start
    this.#inspect = inspect ?? null
    this.#isPlain = this.#inspect === null
    this.#isWanted = debug !== undefined
    this.#seen = debug?.seen ?? null
    this.#isNew = history.length === 0 || this.#seen === null
    if (debug !== undefined) this.#stepper.adjust(debug)
    const stops = new Set(history.flatMap(({ seq, kind }) => (kind === 'break' ? [seq] : [])))
    for (const { seq, position, outcome } of answers)
      if (stops.has(seq)) this.#stopAnswers.set(seq, { position, outcome })
  }

  /** It can stop inside of a step, whose stops are recorded right behind it. */
  override readonly runsStepsApart = false

  get stopped(): string | null {
    return this.#stopped
  }

  /** An activation goes on with it, and brings what its debugger wants now. */
  adjust(settings: DebugSettings | undefined): void {
    this.#isNew = true
    this.#late = null
    this.#isPlain = true
    if (settings !== undefined) this.#stepper.adjust(settings)
  }

  /**
   * The code has come to a line. True: it stops there. Called for every line that runs, so what is
   * most often so is found out first.
   */
  reach(line: number, frame: CallFrame | null): boolean {
    if (this.#unwind !== null) {
      this.guard()
      return false
    }
    if (frame !== null) this.stack.reach(frame, line)
    this.#isInto = false
    if (this.#isQuiet) return this.#reachQuietly(line, frame)
    const visits = this.#step === null ? this.#outside : this.#inside
    const hit = (visits[line] ?? 0) + 1
    visits[line] = hit
    if (frame !== null) frame.hit = hit
    if (this.#isPlain && this.seq >= this.history.length && !this.#stepper.watches(line))
      return false
    return this.#decide({ line, hit, inside: this.#step?.seq ?? null }, frame)
  }

  /** Throws when it has stopped: no code of it is to go on. */
  guard(): void {
    if (this.#unwind !== null && !this.#isEvaluating) throw this.#unwind
  }

  /**
   * Stops before the line that `reach` has said so of. The result is made now: whatever the code still
   * does on its way out is not part of it.
   */
  halt(readers: readonly Readers[], expressions: readonly Reader[]): never {
    const site = callSite()
    const pending = this.#pending ?? NOWHERE
    const unwind: LifecycleSignal = Object.freeze(new LifecycleSignal(STOPPED_WORDS))
    this.#unwind = unwind
    if (this.#step !== null) this.#leaveStep(this.#step)
    const seq = pending.recorded ?? this.#addStop(pending)
    this.open.set(seq, { seq, answer: () => undefined })
    this.line = pending.line
    this.consumed = this.#seenBefore(seq)
    const result = resultText(this).slice(0, -1)
    this.end = STOPPED
    const variables = variablesText(readers)
    this.#isEvaluating = true
    const values = expressions.map(evaluatedText)
    this.#isEvaluating = false
    const stop = stopText({ ...pending, seq }, { site, variables, values })
    this.#stopped = `${result},"stop":${stop}}`
    throw unwind
  }

  override record(call: Call, site: CallSite): Recorded {
    const made = super.record(call, site)
    const at = this.#inspect
    if (at !== null && 'seq' in at && made.seq === at.seq) {
      const { line, hit } = this.stack.top ?? { line: site.line ?? 0, hit: 0 }
      this.#pending = { line, hit, inside: null, reason: 'pause', recorded: made.seq }
      this.halt([], [])
    }
    return call.kind === 'step' ? this.#recordStep(call, site, made) : made
  }

  override ask<T>(call: Call, answered: (outcome: Outcome, frames: () => string) => T): Promise<T> {
    const before = this.commands.length
    const promise = super.ask(call, answered)
    const starts = call.kind === 'start' || call.kind === 'call'
    if (this.#isInto && starts && this.commands.length > before)
      this.commands = `${this.commands.slice(0, -1)},"break":true}`
    return promise
  }

  override addEntry(
    seq: number,
    kind: CommandKind,
    label: string,
    line: number | null,
    digest: string,
    outcome: string | null,
  ): number {
    if (kind !== 'step') return super.addEntry(seq, kind, label, line, digest, outcome)
    this.#step = null
    if (outcome === null) this.#isQuiet = true
    if (seq > this.history.length) return super.addEntry(seq, kind, label, line, digest, outcome)
    // It was begun in an earlier activation, and stopped in: only its outcome is new.
    const place = super.addEntry(++this.seq, 'step_end', label, line, digest, outcome)
    this.entries[place] = `${this.entries[place]?.slice(0, -1) ?? ''},"of":${seq}}`
    return place
  }

  override settleSignal(): void {
    this.#isQuiet = false
    this.stack.clear()
    super.settleSignal()
  }

  #decide(place: Place, frame: CallFrame | null): boolean {
    const at = this.#inspect
    if (at !== null && 'line' in at && isSame(at, place))
      return this.#stopAt({ ...place, reason: 'pause', recorded: this.seq })
    const next = this.history[this.seq]
    if (next !== undefined) return this.#pass(next, place, frame)
    if (!this.#mayStop()) return false
    const late = this.#late
    const reason = late === null ? this.#stepper.reasonAt(place.line, frame) : 'breakpoint'
    if (reason === null) return false
    const missed = late === null ? {} : { missed: late }
    return this.#stopAt({ ...place, reason, ...missed, recorded: null })
  }

  /** Beside a running asynchronous step: a breakpoint is kept for the first line that counts again. */
  #reachQuietly(line: number, frame: CallFrame | null): false {
    if (frame !== null) frame.hit = 0
    if (this.#mayStop() && this.#stepper.reasonAt(line, frame) === 'breakpoint') {
      this.#late ??= line
      this.#isPlain = false
    }
    return false
  }

  #stopAt(pending: Pending): true {
    this.#pending = pending
    return true
  }

  /** Lines that an earlier activation has come to are past, and so is everything once the end is decided. */
  #mayStop(): boolean {
    const isNew = this.#isNew || this.consumed > (this.#seen ?? 0)
    return this.#isWanted && isNew && !this.replaying && this.signal === null && this.end === null
  }

  /** A line of a replay: it stops where it stopped, unless that was answered. */
  #pass(next: HistoryEntry, place: Place, frame: CallFrame | null): boolean {
    const stop = placeOf(next)
    if (stop === null || !isSame(stop, place)) return false
    this.seq++
    const answer = this.#stopAnswers.get(this.seq)
    if (answer === undefined) {
      if (this.#inspect !== null) return false
      return this.#stopAt({ ...place, reason: next.label as StopReason, recorded: this.seq })
    }
    const { position, outcome } = answer
    const goes = stopAnswerOf(outcome)
    this.#stepper.go(goes, frame, this.stack.calls)
    this.#isInto = goes.action === 'step_into'
    if (position > (this.#seen ?? 0)) this.#isNew = true
    return false
  }

  /** Whether the step runs, and what of it is recorded. */
  #recordStep(call: Call, site: CallSite, made: Recorded): Recorded {
    const { seq, recorded, digest } = made
    const end = recorded?.outcome === undefined ? this.#endOf(seq) : recorded
    const at = this.#inspect
    if (end?.outcome !== undefined && !(at !== null && 'line' in at && at.inside === seq)) {
      this.#passInside(seq, end.seq)
      this.seq = end.seq
      if (end.deferred === true) this.#isQuiet = true
      return { ...made, recorded: end }
    }
    this.#step = { seq, call, line: site.line, digest, logs: this.logLines.length }
    this.#inside = []
    return { ...made, recorded: null }
  }

  /** How the last stop inside of a step that is over was left: a step of the debugger may go on from it. */
  #passInside(step: number, end: number): void {
    const answer = this.#stopAnswers.get(end - 1)
    const { top } = this.stack
    if (end - 1 <= step || answer === undefined || top === null) return
    const callback = { ...top, parent: top, below: null, ended: true }
    this.#stepper.go(stopAnswerOf(answer.outcome), callback, this.stack.calls)
  }

  /** The end of a step that was stopped in: behind its stops, which nothing else can come between. */
  #endOf(seq: number): HistoryEntry | null {
    let at = seq
    while (this.history[at]?.kind === 'break') at++
    const entry = this.history[at]
    return entry?.kind === 'step_end' && entry.of === seq ? entry : null
  }

  /** A step that is stopped in runs again: its number is kept, what it has written is not. */
  #leaveStep({ seq, call, line, digest, logs }: RunningStep): void {
    this.logLines.length = logs
    if (seq > this.history.length) super.addEntry(seq, 'step', call.label, line, digest, null)
  }

  /** The code has seen how it left a stop once it has passed it, before the answer's turn in the queue. */
  #seenBefore(stop: number): number {
    const passed = new Set<number>()
    for (const [seq, { position }] of this.#stopAnswers) if (seq < stop) passed.add(position)
    let seen = this.consumed
    while (passed.has(seen + 1)) seen++
    return seen
  }

  #addStop({ reason, line, hit, inside }: Pending): number {
    const seq = ++this.seq
    const digest = fingerprint('break', '', `${line}/${hit}/${inside ?? 0}`)
    const place = super.addEntry(seq, 'break', reason, line, digest, null)
    const of = inside === null ? '' : `,"inside":${inside}`
    this.entries[place] = `${this.entries[place]?.slice(0, -1) ?? ''},"hit":${hit}${of}}`
    return seq
  }
}

/**
 * Inside the realm a run that has stopped is one that has ended: nothing reaches it any more and it
 * is dropped. The reason keeps the driver from missing the rest of the history.
 */
const STOPPED: End = Object.freeze({
  status: 'ENDED_ERROR',
  message: null,
  output: null,
  reason: 'limit',
})
const STOPPED_WORDS = 'the debugger has stopped the execution'
const NOWHERE: Pending = { line: 0, hit: 0, inside: null, reason: 'pause', recorded: 0 }

function isSame(one: Place, other: Place): boolean {
  return one.line === other.line && one.hit === other.hit && one.inside === other.inside
}
