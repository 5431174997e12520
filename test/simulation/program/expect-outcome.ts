import type { Expectation, Outcome } from './expectation.ts'
import { marksOf } from './marks-of.ts'
import type { Program } from './program.ts'
import type { Ended, Marks } from './ways.ts'
import { endsOf } from './ways-of-body.ts'

export interface ExpectOptions {
  /** Whether somebody may have cancelled it from outside. Default no. */
  readonly cancelled?: 'maybe' | 'no'
  /** Whether somebody may have taken it back to a savepoint: what came after may have been done too. */
  readonly reverted?: 'maybe' | 'no'
  /** Whether it may have been ended at its maximum runtime. Default no. */
  readonly overrun?: 'maybe' | 'no'
  /** Whether calls of the third party may fail for good. Default no. */
  readonly effects?: 'sure' | 'may-fail'
}

/**
 * The reference: what may come of a program, by the meaning of its nodes alone. It shares no code
 * with the product. Throws TooManyOutcomes where chance has too much to say; `randomProgram` makes
 * no such programs.
 */
export function expectOutcome(program: Program, options: ExpectOptions = {}): Expectation {
  const hasEffects = program.effectUrl !== undefined
  const rules = { hasEffects, effectsMayFail: options.effects === 'may-fail' }
  const ends = endsOf(program.body, { path: '', rules, inRing: false }).map(toOutcome)
  const outcomes =
    options.reverted === 'maybe' ? ends.map((end) => withMarks(end, program, hasEffects)) : ends
  for (const status of outsideEnds(options)) {
    const marks = marksOf(program.body, '', hasEffects)
    outcomes.push({
      status,
      output: undefined,
      message: null,
      effects: [],
      maybeEffects: pathsOf(marks, 'effect'),
      logs: [],
      maybeLogs: pathsOf(marks, 'log'),
      notBeforeMs: 0,
    })
  }
  return { outcomes }
}

function withMarks(outcome: Outcome, { body }: Program, hasEffects: boolean): Outcome {
  const marks = marksOf(body, '', hasEffects)
  return { ...outcome, maybeEffects: pathsOf(marks, 'effect'), maybeLogs: pathsOf(marks, 'log') }
}

/**
 * Ends that come from outside, wherever it stood. Somebody who takes back what has ended so finds the
 * children cancelled, too, and nothing is known of what comes of that.
 */
const outsideEnds = ({ cancelled, overrun, reverted }: ExpectOptions) => {
  const ends: Outcome['status'][] = []
  if (cancelled === 'maybe') ends.push('ENDED_CANCELLED')
  if (overrun === 'maybe') ends.push('ENDED_ERROR')
  if (reverted === 'maybe' && ends.length > 0) ends.push('ENDED_SUCCESS', 'ENDED_ERROR')
  return ends
}

const toOutcome = ({ status, output, message, sure, maybe, ms }: Ended): Outcome => ({
  status,
  output,
  message,
  effects: pathsOf(sure, 'effect'),
  maybeEffects: pathsOf(maybe, 'effect'),
  logs: pathsOf(sure, 'log'),
  maybeLogs: pathsOf(maybe, 'log'),
  notBeforeMs: ms,
})

const pathsOf = (marks: Marks, kind: 'effect' | 'log'): string[] =>
  [...marks]
    .filter((mark) => mark.startsWith(`${kind}/`))
    .map((mark) => mark.slice(kind.length))
    .toSorted()
