import type { Kind, Verdict } from './check.ts'

/** What Spin's verifier said. */
export interface PanResult {
  readonly verdict: Verdict
  readonly states: number
  /** The first complaint, in Spin's words; null when there is none. */
  readonly complaint: string | null
}

/**
 * Reads the output of a verifier that Spin made. It counts as clean only when the whole search is
 * there: a search cut short, by memory or by depth, found nothing and proves nothing.
 */
export function readPanOutput(kind: Kind, output: string): PanResult {
  const states = Number(/^\s*(\d+) states, stored/m.exec(output)?.[1] ?? 0)
  const errors = /errors: (\d+)/.exec(output)?.[1]
  const complaint = /^pan:\d+: (.*?)(?: \(at depth \d+\))?$/m.exec(output)?.[1] ?? null
  return { verdict: verdictOf(kind, { output, errors, complaint }), states, complaint }
}

function verdictOf(
  kind: Kind,
  said: {
    readonly output: string
    readonly errors: string | undefined
    readonly complaint: string | null
  },
): Verdict {
  const { output, errors, complaint } = said
  if (errors === undefined) return 'unfinished'
  // An error ends the search as well; what it found counts all the same.
  if (errors === '0') return complaint === null && !CUT_SHORT.test(output) ? 'holds' : 'unfinished'
  if (complaint === null) return 'unfinished'
  if (complaint.startsWith('acceptance cycle')) return kind === 'ends' ? 'stuck' : 'unfinished'
  if (complaint.startsWith('assertion violated')) return kind === 'seen' ? 'reached' : 'violated'
  return complaint.startsWith('invalid end state') && kind === 'safe' ? 'violated' : 'unfinished'
}

const CUT_SHORT = /Search not completed|max search depth too small|reached -DMEMLIM|out of memory/
