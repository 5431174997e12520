import type { Model } from './linearizable.ts'

/** A start by key: the first one decides on the id, and all others get the same. */
export const startModel: Model<string | null, 'start' | 'find', string | null> = {
  initial: null,
  name: String,
  step: (state, input, output) => {
    if (input === 'find') return output === state ? [state] : []
    // Unknown: it may have made something, whose id only a later answer tells.
    if (output === null) return [state ?? 'unknown']
    if (state === null || state === 'unknown') return [output]
    return state === output ? [state] : []
  },
}

/** Steps of one execution as clients see them. `over`: ended, and not by a cancel. */
type Life = 'live' | 'cancelled' | 'over'

/**
 * A cancel ends what lives; what has ended stays as it is until it is taken back, and a cancel of it says
 * so. A revert that is refused may be so for reasons of its own.
 */
export const cancelModel: Model<Life, 'cancel' | 'read' | 'revert', string> = {
  initial: 'live',
  name: String,
  step: (state, input, output) => {
    if (input === 'read') return readLife(state, output)
    if (input === 'revert')
      return output === 'refused' ? [state] : output === null ? [state, 'live'] : ['live']
    if (output === 'refused') return state === 'cancelled' ? ['cancelled'] : ['over']
    // Accepted, or unknown: of what is over it changes nothing, and only an unknown one says so.
    if (state === 'over') return output === null ? ['over'] : []
    return output === null ? ['cancelled', 'over'] : ['cancelled']
  },
}

/** It may end by itself at any time; nothing that has ended is ever seen otherwise. */
function readLife(state: Life, output: string | null): readonly Life[] {
  if (output === null) return [state]
  if (output === 'ENDED_CANCELLED') return state === 'cancelled' ? ['cancelled'] : []
  if (output.startsWith('ENDED_')) return state === 'cancelled' ? [] : ['over']
  return state === 'live' ? ['live'] : []
}

export interface LockState {
  readonly holder: string | null
  readonly token: number
}

export interface LockInput {
  readonly what: 'acquire' | 'use' | 'release'
  readonly holder: string
  readonly token: number
}

/** A lock with fencing tokens: one holder, each with a higher token; only its holder is let act. */
export const lockModel: Model<LockState, LockInput, 'done'> = {
  initial: { holder: null, token: 0 },
  name: ({ holder, token }) => `${holder}/${token}`,
  step: (state, { what, holder, token }) => {
    if (what === 'acquire')
      return state.holder === null && token > state.token ? [{ holder, token }] : []
    if (state.holder !== holder || state.token !== token) return []
    return what === 'use' ? [state] : [{ holder: null, token }]
  },
}
