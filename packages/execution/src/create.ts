import type { Execution } from './execution.ts'
import type { State } from './state.ts'
import { cover } from './state.ts'
import type { Wait } from './wait.ts'

/** `scheduledFor`: ms since 1970, or null for at once. `paused`: created, but not to be run yet. */
export interface CreateInput {
  readonly scheduledFor: number | null
  readonly paused: boolean
}

/** The wait for an execution's own start. */
export const START: Wait = { seq: 0, kind: 'START' }

/** An execution as it is born: waiting for its time, ready, or held back over either. */
export function create({ scheduledFor, paused }: CreateInput): Execution {
  const isLater = scheduledFor !== null
  const state: State = { status: isLater ? 'SCHEDULED' : 'WAITING_ENGINE' }
  return {
    version: 1,
    epoch: 0,
    generation: 1,
    recoveries: 0,
    answered: 0,
    waits: isLater ? [START] : [],
    state: paused ? cover(state) : state,
  }
}
