import type { Execution } from './execution.ts'
import type { Status } from './status.ts'
import { isEnded } from './status.ts'
import type { Wait } from './wait.ts'

/**
 * What has to follow a change, as data. Each is safe to do twice and is named by the execution's
 * id and version; whoever commits the change performs or nudges it afterwards, and a sweep finds
 * what a crash in between left undone.
 */
export type Effect =
  /** Offer it to the engines. One that goes on with it by itself need not. */
  | { readonly kind: 'dispatch'; readonly version: number }
  /** A wait has begun: let whoever resolves this kind know. */
  | { readonly kind: 'watchWait'; readonly wait: Wait }
  /** An answer came while it is not parked. `processId`: who holds it; null: who keeps it warm. */
  | { readonly kind: 'offerAnswer'; readonly processId: string | null }
  /** These waits are over unanswered: leave the queues, forget the timers. */
  | { readonly kind: 'dropWaits'; readonly generation: number; readonly waits: readonly Wait[] }
  /** Whatever locks it holds go to the next in their queues. */
  | { readonly kind: 'releaseLocks' }
  /** Those who wait for its end can be answered. */
  | { readonly kind: 'wakeDependents' }
  /** Its live children that are no orphans are to be cancelled. */
  | { readonly kind: 'cancelChildren' }
  /** Taken away from outside. `processId`: who held it; null: whoever keeps it warm. */
  | { readonly kind: 'stopProcess'; readonly processId: string | null }
  /** Tell those who watch. */
  | { readonly kind: 'announce'; readonly status: Status; readonly version: number }

/** What follows from a change; `before` is null when the execution was just created. */
export function effectsOf(before: Execution | null, after: Execution): readonly Effect[] {
  if (before !== null && before.version === after.version) return notedEffects(before, after)
  return [
    ...(before === null ? [] : leavingEffects(before, after)),
    ...enteringEffects(before, after),
    { kind: 'announce', status: after.state.status, version: after.version },
  ]
}

function notedEffects(before: Execution, after: Execution): readonly Effect[] {
  if (before.answered === after.answered) return []
  return [{ kind: 'offerAnswer', processId: processOf(after) }]
}

function leavingEffects(before: Execution, after: Execution): readonly Effect[] {
  const effects: Effect[] = []
  const isReverted = after.generation !== before.generation
  const isOver = isEnded(after.state.status) || isReverted
  if (isOver && before.waits.length > 0) {
    effects.push({ kind: 'dropWaits', generation: before.generation, waits: before.waits })
  }
  if (isOver && !isEnded(before.state.status)) effects.push({ kind: 'releaseLocks' })
  if (isReverted || (isTakenAway(after.state.status) && before.state.status !== 'PAUSED')) {
    effects.push({ kind: 'stopProcess', processId: processOf(before) })
  }
  return effects
}

function enteringEffects(before: Execution | null, after: Execution): readonly Effect[] {
  const effects: Effect[] = []
  const known = new Set(before?.waits.map((wait) => wait.seq))
  for (const wait of after.waits) {
    if (!known.has(wait.seq)) effects.push({ kind: 'watchWait', wait })
  }
  const { status } = after.state
  if (status === 'WAITING_ENGINE') effects.push({ kind: 'dispatch', version: after.version })
  if (isEnded(status)) effects.push({ kind: 'wakeDependents' })
  if (status === 'ENDED_CANCELLED') effects.push({ kind: 'cancelChildren' })
  return effects
}

/** The moves that can come from outside while a process runs it. Telling it once more is harmless. */
function isTakenAway(status: Status): boolean {
  return status === 'PAUSED' || status === 'LOST' || status === 'ENDED_CANCELLED'
}

function processOf(execution: Execution): string | null {
  return execution.state.status === 'AT_ENGINE' ? execution.state.processId : null
}
