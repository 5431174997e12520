import type { Checker, Violation } from '../evidence.ts'
import { acceptedStarts } from './accepted.ts'
import { groupBy, indexBy } from './group-by.ts'

/**
 * I4 for debuggers: a stop is left once, whoever says so at the same time; and a run comes past its
 * breakpoints as often as its code does.
 */
export const checkStops: Checker = ({ ops, rows }) => [
  ...[
    ...groupBy(
      ops.filter(({ kind, outcome }) => kind === 'debug' && outcome === 'ok'),
      ({ key, input }) => `${key} at stop ${stopOf(input)}`,
    ),
  ]
    .filter(([, left]) => left.length > 1)
    .map(([stop, left]) => ({
      invariant: 'I4',
      text: `${stop} was let go on ${left.length} times`,
    })),
  ...uncounted(ops, rows),
]

/** Stops are calls of the history: one for each turn of the loop, and no more after any crash. */
function uncounted(
  ops: Parameters<Checker>[0]['ops'],
  { executions, answers }: Parameters<Checker>[0]['rows'],
): Violation[] {
  const byId = indexBy(executions, ({ id }) => id)
  const answered = groupBy(answers, ({ execution, generation }) => `${execution}/${generation}`)
  return [...acceptedStarts(ops)].flatMap(([id, { work, input }]) => {
    const end = byId.get(id)
    if (work !== 'debugged' || end?.status !== 'ENDED_SUCCESS') return []
    const { n } = input as { n: number }
    const { length } = answered.get(`${id}/${end.generation}`) ?? []
    // One sleep in each turn, and one stop before it.
    return length === 2 * n
      ? []
      : [{ invariant: 'I4', text: `${id} has ${length} answers to ${n} sleeps and ${n} stops` }]
  })
}

const stopOf = (input: unknown): string => {
  const { generation = 1, seq = 0 } = (input ?? {}) as { generation?: number; seq?: number }
  return `${generation}.${seq}`
}
