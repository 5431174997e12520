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
 */
export function step(run: Run, name: string, work: () => unknown): Promise<Json> {
  const api = 'self.step'
  const site = run.enter(api, true)
  const call = { api, kind: 'step', label: name, args: () => '' } as const
  const { seq, recorded, digest } = run.record(call, site)
  if (recorded !== null) {
    const { outcome } = recorded
    if (outcome === undefined) throw run.diverge(seq, recorded, null)
    if (recorded.deferred !== true) return settled(outcome, () => framesOf(site))
    return later(
      run,
      seq,
      () => framesOf(site),
      () => run.queue.addStep(seq, outcome),
    )
  }
  const random = randomOf(run, seq)
  let returned: unknown
  try {
    run.stepDepth++
    run.stepName = name
    run.stepSeq = seq
    run.stepRandom = random
    returned = work()
  } catch (error) {
    return finish(failure(error))
  } finally {
    run.stepDepth--
    run.stepRandom = null
  }
  if (!isThenable(returned)) {
    const outcome = success(run, name, returned)
    if (!isItsOwnJson(returned)) return finish(outcome)
    run.addEntry(seq, 'step', name, site.line, digest, outcome)
    return Promise.resolve(returned)
  }
  const place = run.addEntry(seq, 'step', name, site.line, digest, null)
  return later(
    run,
    seq,
    () => framesOf(site),
    () => {
      const done = (outcome: string): void => {
        if (!run.asyncSteps.delete(seq)) return
        run.fillEntry(place, outcome)
        run.queue.addStep(seq, JSON.parse(outcome) as Outcome)
      }
      run.asyncSteps.set(seq, { name, random, fail: (why) => done(failure(why)) })
      // The frame's name is how a call of the API is recognised as coming from inside this step.
      const frame = `${STEP_FRAME}${seq}`
      const named = {
        [frame]: async () => {
          try {
            const value: unknown = await returned
            done(success(run, name, value))
          } catch (error) {
            done(failure(error))
          }
        },
      }
      void named[frame]?.()
    },
  )

  function finish(outcome: string): Promise<Json> {
    run.addEntry(seq, 'step', name, site.line, digest, outcome)
    return settled(JSON.parse(outcome) as Outcome, () => framesOf(site))
  }
}

/** The step's own generator, made when it first draws: most steps never do. */
function randomOf(run: Run, seq: number): () => number {
  let draw: (() => number) | null = null
  return () => (draw ??= seededRandom(`${seedOf(run.lifeOf(seq))}/${seq}`))()
}

/** Steps still running when their crossing is dry await something that is not theirs. */
export function failStuckSteps(run: Run): void {
  for (const { name, fail } of [...run.asyncSteps.values()]) {
    fail(
      new EngineException(
        `The step "${name}" awaits something outside of itself. A step may compute and await its own promises; await calls of the Flow API before or after it.`,
      ),
    )
  }
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
