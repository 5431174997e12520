import { type AttemptResult, mayRepeat } from '@millrace/connectors'
import { monotonicMs, random, sleep, withSpan } from '@millrace/runtime'
import { closeAttempt, nextAttempt } from '@millrace/store'
import type { ConnectorContext } from '../context.ts'
import { failureAnswer, successAnswer, unknownAnswer } from './answer-of.ts'
import { type AttemptNotes, type KeptAnswer, writeNotes } from './attempt-notes.ts'
import { backOffMs, RETRY_AFTER_MAX_MS } from './back-off.ts'
import { filesOf } from './files-of.ts'
import type { Held } from './held.ts'
import { persist } from './persist.ts'
import { ATTEMPTS_MAX, leavesDoubt, openNotes } from './plan.ts'
import { whileHeld } from './while-held.ts'

/** What became of a held connection. */
export type Verdict =
  | Ended
  /** Another attempt may be made by anybody: this process is stopping. */
  | { readonly kind: 'giveBack'; readonly last: LastAttempt }
  /** It is not ours any more, and its attempt is closed. */
  | { readonly kind: 'lost' }

interface Ended {
  readonly kind: 'ended'
  readonly answer: KeptAnswer
  readonly last: LastAttempt
}

export interface LastAttempt {
  readonly outcome: 'none' | 'known' | 'unknown'
  readonly notes: AttemptNotes
}

/**
 * Makes attempts until one counts: a success, a failure that nothing may repeat, or the last that is
 * allowed. Each attempt is marked before it leaves.
 */
export async function runHeld(context: ConnectorContext, held: Held): Promise<Verdict> {
  for (;;) {
    const result = await attempt(context, held)
    const last: LastAttempt = {
      outcome: result.ok ? 'known' : result.error.outcome,
      notes: {
        ...openNotes(held.generation, held),
        record: result.details,
        ...(!result.ok && { error: result.error }),
      },
    }
    if (result.ok) return { kind: 'ended', answer: successAnswer(result.output), last }
    const failed: Ended = {
      kind: 'ended',
      answer: failureAnswer(result.error, held.mayHaveHappened),
      last,
    }
    if (held.stopped === 'draining') return drained(held, result, failed)
    const pauseMs = result.retryAfterMs ?? backOffMs(held.nth, random())
    const isLast = held.nth >= ATTEMPTS_MAX || pauseMs > RETRY_AFTER_MAX_MS
    if (!result.repeatable || isLast || held.stopped !== null) return failed

    // Closed before the pause: a crash within it leaves an attempt whose outcome is known.
    const { db, log, processId } = context
    await persist(log, () => closeAttempt(db, { ...held, ...closing(last), processId }))
    await sleep(pauseMs, held.stop.signal).catch(() => undefined)
    if (held.stopped === 'draining') return { kind: 'giveBack', last }
    if (held.stopped !== null) return failed
    const mayHaveHappened = leavesDoubt(held, held.repeatClass, last.outcome)
    const nextDetails = writeNotes(
      openNotes(held.generation, { nth: held.nth + 1, mayHaveHappened }),
    )
    const next = async () =>
      (await persist(log, () => nextAttempt(db, { ...held, ...closing(last), nextDetails }))) ||
      null
    if ((await whileHeld(held, next)) === null) return { kind: 'lost' }
    held.attempt += 1
    held.nth += 1
    held.mayHaveHappened = mayHaveHappened
    context.metrics.repeats.inc({ type: held.connectorType })
  }
}

const closing = ({ outcome, notes }: LastAttempt) => ({ outcome, details: writeNotes(notes) })

/** Cut off because this process stops: what surely had no effect, or may be repeated, is given back. */
function drained(held: Held, result: AttemptResult & { ok: false }, failed: Ended): Verdict {
  const { code, outcome } = result.error
  // A cancel that the far side has confirmed is as good as nothing sent.
  const isUndone = outcome === 'none' || (code === 'CANCELLED' && outcome === 'known')
  if (code !== 'CANCELLED' && !result.repeatable) return failed
  if (isUndone || mayRepeat(held.repeatClass)) return { kind: 'giveBack', last: failed.last }
  const answer = unknownAnswer(
    'The connector process was stopped during the attempt.',
    held.repeatClass,
  )
  return { ...failed, answer }
}

async function attempt(
  { db, metrics, policy, log, attempt: runAttempt }: ConnectorContext,
  held: Held,
): Promise<AttemptResult> {
  const { connectorType: type, executionId, traceparent } = held
  const startedMs = monotonicMs()
  const result = await withSpan(
    'connection attempt',
    { traceparent, attributes: { 'millrace.execution_id': executionId, 'millrace.type': type } },
    () =>
      runAttempt({
        connectorType: type,
        input: held.input,
        policy,
        signal: held.stop.signal,
        idempotencyKey: `${executionId}-${held.generation}`,
        files: filesOf(db, held),
      }),
  )
  const { code, outcome } = result.ok ? { code: 'OK', outcome: 'known' } : result.error
  metrics.duration.observe({ type }, (monotonicMs() - startedMs) / 1_000)
  metrics.attempts.inc({ type, code, outcome })
  if (code === 'REFUSED_BY_POLICY') {
    metrics.refused.inc({ type })
    log.warn({ executionId, refused: result.details.refused }, 'refused by policy')
  }
  return result
}
