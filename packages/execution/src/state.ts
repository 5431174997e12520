import type { Ended, Idle, Parked } from './status.ts'
import { isIdle } from './status.ts'

/** A status with what belongs to it alone. */
export type State =
  | { readonly status: Parked | 'WAITING_ENGINE' | 'LOST' | Ended }
  | { readonly status: 'AT_ENGINE'; readonly processId: string }
  | { readonly status: 'PAUSED'; readonly beneath: Idle }

/** What it would be without the pause. */
export function uncover(state: State): State {
  return state.status === 'PAUSED' ? { status: state.beneath } : state
}

/** The same under a pause. A process's work goes back to the queue; the lost and ended stay. */
export function cover(state: State): State {
  if (state.status === 'AT_ENGINE') return { status: 'PAUSED', beneath: 'WAITING_ENGINE' }
  return isIdle(state.status) ? { status: 'PAUSED', beneath: state.status } : state
}
