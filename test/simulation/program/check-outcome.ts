import { isDeepStrictEqual } from 'node:util'
import type { Expectation, Json, Outcome } from './expectation.ts'

/** What became of a program, as seen from outside, when all of its tree has come to rest. */
export interface Seen {
  readonly status: string
  readonly output: Json
  readonly message: string | null
  /** From its start to its end by Postgres's clock; null when not known. */
  readonly tookMs: number | null
  /** Paths of the effects that a third party has seen, one per distinct effect; null: not looked. */
  readonly effects: readonly string[] | null
  /** Paths of the log lines of its whole tree, each as often as it is there; null: not looked. */
  readonly logs: readonly string[] | null
}

/** What is wrong with it; empty when one of the expected outcomes explains all that was seen. */
export function checkOutcome({ outcomes }: Expectation, seen: Seen): string[] {
  let nearest: string[] | null = null
  for (const outcome of outcomes) {
    const wrong = differences(outcome, seen)
    if (wrong.length === 0) return []
    if (nearest === null || wrong.length < nearest.length) nearest = wrong
  }
  return [
    `none of ${outcomes.length} expected outcomes: it is ${seen.status} ${shorten(seen.message)} with ${shorten(withoutSections(seen.output))}`,
    ...(nearest ?? []),
  ]
}

function differences(outcome: Outcome, seen: Seen): string[] {
  const wrong: string[] = []
  if (outcome.status !== seen.status) wrong.push(`status: expected ${outcome.status}`)
  const output = withoutSections(seen.output)
  if (outcome.output !== undefined && !isDeepStrictEqual(outcome.output, output))
    wrong.push(`output: expected ${shorten(outcome.output)}`)
  if (outcome.message !== null && outcome.message !== seen.message)
    wrong.push(`message: expected ${outcome.message}`)
  if (outcome.message === null && outcome.status === 'ENDED_SUCCESS' && seen.message !== null)
    wrong.push('message: expected none')
  if (seen.tookMs !== null && seen.tookMs < outcome.notBeforeMs)
    wrong.push(`time: it took ${seen.tookMs} ms, at least ${outcome.notBeforeMs} were due`)
  if (seen.effects !== null)
    wrong.push(...surplus('effect', seen.effects, outcome.effects, outcome.maybeEffects))
  if (seen.logs !== null)
    wrong.push(...surplus('log line', seen.logs, outcome.logs, outcome.maybeLogs))
  return wrong
}

function surplus(
  what: string,
  seen: readonly string[],
  sure: readonly string[],
  maybe: readonly string[],
): string[] {
  const wrong: string[] = []
  const count = new Map<string, number>()
  for (const path of seen) count.set(path, (count.get(path) ?? 0) + 1)
  for (const [path, times] of count) {
    if (!sure.includes(path) && !maybe.includes(path)) wrong.push(`${what} ${path} was not due`)
    else if (times > 1) wrong.push(`${what} ${path} came ${times} times`)
  }
  for (const path of sure) if (!count.has(path)) wrong.push(`${what} ${path} is missing`)
  return wrong
}

/** Tokens and times of locks are not for the reference to know. */
function withoutSections(output: Json): Json {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return output
  const { sections: _, ...rest } = output as Record<string, Json>
  return rest
}

const shorten = (value: Json): string => {
  const text = JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
