import type { Checker } from '../evidence.ts'
import { acceptedStarts } from './accepted.ts'
import { groupBy, indexBy } from './group-by.ts'

/** I4 for wrappers: what is wrapped was started as often as the wrapper had to, in each of its lives. */
export const checkTries: Checker = ({ ops, rows }) => {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const children = groupBy(rows.executions, ({ parent }) => parent ?? '')
  return [...acceptedStarts(ops)].flatMap(([id, { work, input }]) => {
    const end = byId.get(id)
    if (work !== 'wrapped' || end?.status !== 'ENDED_SUCCESS') return []
    if (end.type !== 'WRAPPER') return [{ invariant: 'I4', text: `${id} is not wrapped` }]
    if (end.generation > 1) return []
    const { length } = children.get(id) ?? []
    const { fails, nested } = input as { fails: number; nested: boolean }
    // The outer one of two starts the inner one, once.
    const tries = nested ? 1 : fails + 1
    return length === tries
      ? []
      : [{ invariant: 'I4', text: `${id} has made ${length} tries instead of ${tries}` }]
  })
}
