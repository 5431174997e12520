import { seededRandom } from '@millrace/replay'
import type { ErrorValue, Json, Outcome } from '@millrace/replay'
import { framesOf, STEP_FRAME } from './call-site.ts'
import { EngineException, errorOf, isRecord } from './exceptions.ts'
import { plainValue, seedOf, stackOf } from './run.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

/**
 * Runs `work` once and records what it returned or threw. A synchronous callback is answered inside
 * the crossing; an asynchronous one after it, at the place that `AnswerQueue` gives it, since a
 * replay does not know how many microtasks it took.
 *
 * An async function runs in a crossing to itself, after the one it was given in: all that happens
 * there is the step's, so none of its calls and draws can pass for the flow's own, which a replay
 * would miss. Any other callback that returns a promise has begun before that is known. It goes on
 * beside the flow's code, and is told from it by the call stack, which V8 cuts where a promise has
 * two that await it or is made by hand.
 */
export function step(run: Run, name: string, work: () => unknown): Promise<Json> {
  const api = 'self.step'
  const site = run.enter(api, true)
  const call = { api, kind: 'step', label: name, args: () => '' } as const
  const { seq, recorded, digest } = run.record(call, site)
  const asynchronous = isAsync(work)
  if (recorded !== null) {
    const { outcome } = recorded
    if (outcome === undefined) throw run.diverge(seq, recorded, null)
    if (recorded.deferred !== true) return settled(outcome, () => framesOf(site))
    run.hint = hintOf(name, outcome, asynchronous) ?? run.hint
    return later(
      run,
      seq,
      () => framesOf(site),
      () => run.queue.addStep(seq, outcome),
    )
  }
  const made: Step = { seq, name, random: randomOf(run, seq) }
  if (asynchronous && run.runsStepsApart) {
    const place = run.addEntry(seq, 'step', name, site.line, digest, null)
    return later(
      run,
      seq,
      () => framesOf(site),
      () =>
        run.stepsToRun.push(() => {
          enterStep(run, made)
          recordLater(run, made, place, work as () => Promise<unknown>)
        }),
    )
  }
  let returned: unknown
  let outcome: string | null = null
  enterStep(run, made)
  try {
    returned = asynchronous ? callApart(work) : work()
    if (!isThenable(returned)) outcome = success(run, name, returned)
  } catch (error) {
    outcome = failure(error)
    returned = undefined
  } finally {
    leaveStep(run)
  }
  if (outcome !== null) {
    run.addEntry(seq, 'step', name, site.line, digest, outcome)
    if (isItsOwnJson(returned)) return Promise.resolve(returned)
    return settled(JSON.parse(outcome) as Outcome, () => framesOf(site))
  }
  const place = run.addEntry(seq, 'step', name, site.line, digest, null)
  return later(
    run,
    seq,
    () => framesOf(site),
    () => recordLater(run, made, place, () => returned as PromiseLike<unknown>),
  )
}

interface Step {
  readonly seq: number
  readonly name: string
  readonly random: () => number
}

/** Until it is left, everything that runs is the step's. */
function enterStep(run: Run, { seq, name, random }: Step): void {
  run.stepDepth++
  run.stepName = name
  run.stepSeq = seq
  run.stepRandom = random
}

export function leaveStep(run: Run): void {
  if (--run.stepDepth === 0) run.stepRandom = null
}

/** A stack trace ends here, as it does where the step has a crossing to itself. */
function callApart(work: () => unknown): unknown {
  return work()
}

/** Fills the entry at `place` when the step has finished, or could not. */
function recordLater(run: Run, step: Step, place: number, begun: () => PromiseLike<unknown>): void {
  const { seq, name, random } = step
  const done = (outcome: string): void => {
    run.fillEntry(place, outcome)
    run.queue.addStep(seq, JSON.parse(outcome) as Outcome)
  }
  const finish = (outcome: () => string): void => {
    const isOpen = (run.asyncSteps.get(seq)?.giveUp ?? null) !== null
    run.asyncSteps.delete(seq)
    if (!isOpen) return
    enterStep(run, step)
    const text = outcome()
    leaveStep(run)
    done(text)
  }
  run.asyncSteps.set(seq, { name, random, giveUp: (why) => done(failure(why)) })
  // The frame's name is how what runs beside the flow's own code is recognised as the step's.
  const frame = `${STEP_FRAME}${seq}`
  const named = {
    [frame]: async () => {
      try {
        const value: unknown = await begun()
        finish(() => success(run, name, value))
      } catch (error) {
        finish(() => failure(error))
      }
    },
  }
  void named[frame]?.()
}

/** The step's own generator, made when it first draws: most steps never do. */
function randomOf(run: Run, seq: number): () => number {
  let draw: (() => number) | null = null
  return () => (draw ??= seededRandom(`${seedOf(run.lifeOf(seq))}/${seq}`))()
}

/** Steps still running when their crossing is dry await something that is not theirs. */
export function giveUpSteps(run: Run): void {
  for (const [seq, step] of run.asyncSteps) {
    const { name, giveUp } = step
    if (giveUp === null) continue
    run.asyncSteps.set(seq, { ...step, giveUp: null })
    giveUp(new EngineException(givenUp(name)))
  }
}

function givenUp(name: string): string {
  return `The step "${name}" awaits something outside of itself. A step may compute and await its own promises; await calls of the Flow API before or after it.`
}

/** What of a passed step could have counted as the flow's when it ran. */
function hintOf(name: string, outcome: Outcome, asynchronous: boolean): string | null {
  if (outcome.kind === 'error' && outcome.error.message === givenUp(name))
    return ` The step "${name}" awaited something outside of itself, and what it called and drew after that can have counted as the flow's.`
  return asynchronous
    ? null
    : ` The callback of the step "${name}" returns a promise without being an async function, so what it called and drew can have counted as the flow's. Make it an async function.`
}

function later(run: Run, seq: number, frames: () => string, begin: () => void): Promise<Json> {
  const promise = new Promise<Json>((resolve, reject) => {
    run.open.set(seq, {
      seq,
      answer: (outcome) => {
        if (outcome.kind === 'error') reject(errorOf(outcome.error, frames))
        else resolve(plainValue(outcome))
      },
    })
  })
  promise.then(undefined, () => undefined)
  begin()
  return promise
}

function settled(outcome: Outcome, frames: () => string): Promise<Json> {
  if (outcome.kind !== 'error') return Promise.resolve(plainValue(outcome))
  const promise = Promise.reject(errorOf(outcome.error, frames))
  promise.then(undefined, () => undefined)
  return promise
}

function success(run: Run, name: string, value: unknown): string {
  try {
    return `{"kind":"value","value":{"v":${run.checked(() => jsonText(value, `The result of the step "${name}"`))}}}`
  } catch (error) {
    return failure(error)
  }
}

/** Recorded and live are the same error: what cannot be recorded is not thrown either. */
function failure(error: unknown): string {
  const facts: Record<string, Json> = { stack: stackOf(error) }
  let value: ErrorValue
  try {
    if (isRecord(error)) {
      const { name, message, code } = error
      if (typeof code === 'string') facts['code'] = code
      value = {
        name: typeof name === 'string' ? name : 'Error',
        message: typeof message === 'string' ? message : '',
        details: facts,
      }
    } else {
      value = { name: 'Error', message: String(error), details: facts }
    }
  } catch {
    value = { name: 'Error', message: 'an error that cannot be shown', details: facts }
  }
  return JSON.stringify({ kind: 'error', error: value })
}

/** What a replay will read is this very value: it need not be read back now. */
function isItsOwnJson(value: unknown): value is Json {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'string':
      return value.length <= SHORT_CHARS
    default:
      return value === null || typeof value === 'boolean'
  }
}

// Far below every limit, so that it was recorded as it is.
const SHORT_CHARS = 1_024

/** Known before it is called, also of a bound one. */
function isAsync(work: () => unknown): boolean {
  return Object.getPrototypeOf(work) === ASYNC
}

const ASYNC: unknown = Object.getPrototypeOf(async () => undefined)

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
