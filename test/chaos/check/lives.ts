import type { Checker } from '../evidence.ts'
import { acceptedStarts } from './accepted.ts'
import { groupBy, indexBy } from './group-by.ts'

/** I8: a life begins because somebody has asked for it, and code goes back as often as it says. */
export const checkLives: Checker = ({ ops, rows }) => {
  const reverts = groupBy(rows.reverts, ({ execution }) => execution)
  const byId = indexBy(rows.executions, ({ id }) => id)
  return [
    ...rows.executions
      .filter(({ id, generation }) => generation !== 1 + (reverts.get(id) ?? []).length)
      .map(({ id, generation }) => ({
        invariant: 'I8',
        text: `${id} is of generation ${generation} after ${(reverts.get(id) ?? []).length} reverts`,
      })),
    ...[...acceptedStarts(ops)].flatMap(([id, { work, input }]) => {
      const end = byId.get(id)
      if (work !== 'back' || end?.status !== 'ENDED_SUCCESS') return []
      const { times } = input as { times: number }
      const { length } = (reverts.get(id) ?? []).filter(({ own }) => own)
      return length === times
        ? []
        : [{ invariant: 'I8', text: `${id} went back ${length} times instead of ${times}` }]
    }),
  ]
}
