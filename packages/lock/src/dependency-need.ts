/** When a wait for several executions is answered. */
export type ReturnWhen =
  'ALL_ENDED' | 'ALL_SUCCEEDED' | 'FIRST_ENDED' | 'FIRST_SUCCEEDED' | 'N_ENDED' | 'N_SUCCEEDED'

/** A wait for executions: how many there are, and how many of them have ended and how. */
export interface DependencyFacts {
  readonly returnWhen: ReturnWhen
  /** The n of N_ENDED and N_SUCCEEDED. */
  readonly needed: number | null
  readonly members: number
  readonly succeeded: number
  /** Ended in error, cancelled, or not there any more. */
  readonly failed: number
}

/**
 * How many of the members that have not ended must still end before the wait can be answered, at
 * the least. A wait for successes is also answered, with a failure, as soon as too few can succeed.
 * So `ALL_SUCCEEDED` needs only one more end: it may be a failure, which answers it at once.
 */
export function dependencyNeed(facts: DependencyFacts): number {
  const { members, succeeded, failed } = facts
  const wanted = Math.min(wantedOf(facts), members)
  const ends = wanted - succeeded - failed
  if (!facts.returnWhen.endsWith('SUCCEEDED')) return Math.max(0, ends)
  const successes = wanted - succeeded
  const failures = members - wanted + 1 - failed
  return Math.max(0, Math.min(successes, failures))
}

function wantedOf({ returnWhen, needed, members }: DependencyFacts): number {
  if (returnWhen.startsWith('ALL')) return members
  return returnWhen.startsWith('FIRST') ? 1 : (needed ?? 1)
}
