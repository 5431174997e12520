import type { Execution } from './execution.ts'
import type { State } from './state.ts'
import { cover } from './state.ts'
import type { Wait } from './wait.ts'
import { statusOfWait } from './wait.ts'

/**
 * `scheduledFor`: ms since 1970, or null for at once. `paused`: created, but not to be run yet.
 * `gated`: it needs a place in its flow before it may start, once its time has come.
 */
export interface CreateInput {
  readonly scheduledFor: number | null
  readonly paused: boolean
  readonly gated?: boolean
}

/** The wait for an execution's own start. */
export const START = { seq: 0, kind: 'START' } as const satisfies Wait

/** The wait for a place in a flow that is limited; like the start it is no call of the code. */
export const PLACE = { seq: 0, kind: 'LOCK' } as const satisfies Wait

/** An execution as it is born: waiting for its time, ready, or held back over either. */
export function create({ scheduledFor, paused, gated = false }: CreateInput): Execution {
  const wait = scheduledFor !== null ? START : gated ? PLACE : null
  const state: State = { status: wait === null ? 'WAITING_ENGINE' : statusOfWait(wait.kind) }
  return {
    version: 1,
    epoch: 0,
    generation: 1,
    recoveries: 0,
    answered: 0,
    waits: wait === null ? [] : [wait],
    state: paused ? cover(state) : state,
  }
}
