import type { HistoryEntry, Json, Outcome } from './history.ts'

/** What a debugger wants of an execution at present; comes with every activation that it debugs. */
export interface DebugSettings {
  /** Lines to stop at. Empty: breakpoints are switched off. */
  readonly breakpoints: readonly number[]
  /** Stop at the next line, whichever it is. */
  readonly pause: boolean
  /**
   * The last position that the code had seen at the execution's last commit. What a replay runs up
   * to there was run before, so a breakpoint that was set meanwhile does not stop it; 0 where no
   * answer was seen. Null: not known, and only what lies before the last recorded call is past.
   */
  readonly seen: number | null
}

export type StopReason = 'breakpoint' | 'step' | 'pause'

/** A visit of a line: the `hit`-th one, counted from 1, outside of steps or inside the step of that number. */
export interface Place {
  readonly line: number
  readonly hit: number
  readonly inside: number | null
}

/** The code stands before a line. The stop is a wait: `seq` is its number among the calls. */
export interface Stop extends Place {
  readonly seq: number
  readonly reason: StopReason
  /** The line that was meant, where it could not stop: behind an `await` of an asynchronous step. */
  readonly missed?: number
  /** Innermost first. */
  readonly stack: readonly StackFrame[]
  /** Innermost first; of one name only the one that the line sees. */
  readonly variables: readonly Variable[]
  /** What an inspection was asked to evaluate, in its order. */
  readonly values?: readonly Evaluated[]
}

export interface StackFrame {
  readonly name: string
  readonly line: number
  /** It awaits the frame before it. */
  readonly async: boolean
}

/** A value as JSON, where it has no JSON in words: `[function f]`, `[circular]`, `[too deep]`. */
export interface Shown {
  /** `number`, `array`, `Map` or the name of its class. */
  readonly type: string
  readonly value: Json
  /** Something was left out for its size. */
  readonly cut?: true
}

export interface Variable extends Shown {
  readonly name: string
  readonly scope: 'local' | 'closure' | 'module'
}

export type Evaluated =
  | ({ readonly expression: string } & Shown)
  | { readonly expression: string; readonly error: string }

/** How a stopped execution goes on; the value that a stop's wait is answered with. */
export type StopAnswer =
  | { readonly action: 'continue' | 'step_over' | 'step_into' | 'step_out' }
  | { readonly action: 'run_to'; readonly line: number }

/** Where an inspection stops: before the line that makes call `seq`, or at a place. */
export type InspectAt = { readonly seq: number } | Place

const ACTIONS: ReadonlySet<unknown> = new Set(['continue', 'step_over', 'step_into', 'step_out'])

/** The answer of a stop. One that says nothing known lets the code run on. */
export function stopAnswerOf(outcome: Outcome): StopAnswer {
  const value = outcome.kind === 'value' && 'v' in outcome.value ? outcome.value.v : null
  if (typeof value !== 'object' || value === null || !('action' in value)) return CONTINUE
  const { action } = value
  if (action === 'run_to') {
    const line = 'line' in value ? value['line'] : null
    return typeof line === 'number' ? { action, line } : CONTINUE
  }
  return ACTIONS.has(action) ? { action: action as 'continue' } : CONTINUE
}

const CONTINUE: StopAnswer = { action: 'continue' }

/**
 * Whether only a realm of the debugger can replay this history: it has stops, or a step that a stop
 * has interrupted. It stays so when the debugging is over.
 */
export function hasStops(history: readonly HistoryEntry[]): boolean {
  return history.some(
    ({ kind, outcome }) => kind === 'break' || (kind === 'step' && outcome === undefined),
  )
}

/** The place of a recorded stop; null for every other entry. */
export function placeOf(entry: HistoryEntry): Place | null {
  const { kind, line, hit, inside } = entry
  if (kind !== 'break' || line === null || hit === undefined) return null
  return { line, hit, inside: inside ?? null }
}
