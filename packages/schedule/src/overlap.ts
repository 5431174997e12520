/** What happens to a run that is due while an earlier one of the same schedule has not ended. */
export const OVERLAP = [
  'skip',
  'queue_one',
  'queue_all',
  'allow',
  'cancel_running',
  'terminate_running',
] as const
export type Overlap = (typeof OVERLAP)[number]

export interface OverlapFacts {
  readonly overlap: Overlap
  /** Executions of this schedule that have not ended, paused and waiting ones included. */
  readonly runningIds: readonly string[]
  /** Planned times that wait for those to end, oldest first. */
  readonly queuedMs: readonly number[]
  /** How many may wait with `queue_all`; 100 when absent. */
  readonly queueMax?: number
}

export type OverlapDecision =
  | { readonly kind: 'start' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'queue' }
  /** Stop these. `now`: start at once; `ended`: queue it, it starts when the last of them ended. */
  | {
      readonly kind: 'replace'
      readonly stop: 'cancel' | 'terminate'
      readonly executionIds: readonly string[]
      readonly start: 'now' | 'ended'
      /** Waited for the same, and are replaced as well. */
      readonly droppedMs: readonly number[]
    }

/** What to do with a run that is due. */
export function decideOverlap(facts: OverlapFacts): OverlapDecision {
  const { overlap, runningIds, queuedMs, queueMax = QUEUE_MAX } = facts
  if (overlap === 'allow' || (runningIds.length === 0 && queuedMs.length === 0))
    return { kind: 'start' }
  switch (overlap) {
    case 'skip':
      return { kind: 'skip', reason: `${inTheWay(runningIds)}, and overlap is skip` }
    case 'queue_one':
      return queuedMs.length === 0
        ? { kind: 'queue' }
        : { kind: 'skip', reason: 'one run waits already, and overlap is queue_one' }
    case 'queue_all':
      return queuedMs.length < queueMax
        ? { kind: 'queue' }
        : { kind: 'skip', reason: `${queuedMs.length} runs wait already, ${queueMax} at most` }
    case 'cancel_running':
      // To be cancelled takes as long as the flow's own clean-up does.
      return {
        kind: 'replace',
        stop: 'cancel',
        executionIds: runningIds,
        start: runningIds.length === 0 ? 'now' : 'ended',
        droppedMs: queuedMs,
      }
    case 'terminate_running':
      return {
        kind: 'replace',
        stop: 'terminate',
        executionIds: runningIds,
        start: 'now',
        droppedMs: queuedMs,
      }
  }
}

/** The queued time to start after a run has ended; null while another one runs, or none waits. */
export function nextQueued(facts: Pick<OverlapFacts, 'runningIds' | 'queuedMs'>): number | null {
  return facts.runningIds.length === 0 ? (facts.queuedMs[0] ?? null) : null
}

function inTheWay(runningIds: readonly string[]): string {
  const [first] = runningIds
  if (first === undefined) return 'an earlier run waits to start'
  return runningIds.length === 1
    ? `execution ${first} has not ended`
    : `execution ${first} and ${runningIds.length - 1} more have not ended`
}

const QUEUE_MAX = 100
