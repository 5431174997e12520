/** One line of a model's head: what is checked, with which guards taken away, and what must come of it. */
export interface Check {
  readonly kind: Kind
  /** Macros for Spin: a guard taken away, or a bound as NAME=value. */
  readonly switches: readonly string[]
  readonly expected: Verdict
}

/**
 * `safe`: assertions and dead ends; `ends`: the claim of that name under weak fairness; `seen`: an
 * assertion that must fail, so that the model is known to get there at all.
 */
export type Kind = (typeof KINDS)[number]
/** `unfinished`: Spin did not get to the end, or said nothing that is understood. */
export type Verdict = (typeof VERDICTS)[number] | 'unfinished'

const KINDS = ['safe', 'ends', 'seen'] as const
const VERDICTS = ['holds', 'violated', 'stuck', 'reached'] as const

/** Reads the `check` lines from the comment at the head of a Promela file; throws at one that says nothing. */
export function readChecks(model: string): readonly Check[] {
  return model
    .split('\n')
    .filter((line) => /^ \* check\b/.test(line))
    .map(readLine)
}

function readLine(line: string): Check {
  const [, words = '', verdict = ''] = /^ \* check (.*?)\s*-> (\w+)$/.exec(line) ?? []
  const [first, ...switches] = words.split(/\s+/)
  const kind = KINDS.find((one) => one === first)
  const expected = VERDICTS.find((one) => one === verdict)
  if (kind === undefined || expected === undefined) throw new Error(`not understood: ${line}`)
  return { kind, switches, expected }
}
