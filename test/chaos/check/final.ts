import type { AuditEvent, Checker, Violation } from '../evidence.ts'
import { groupBy, indexBy } from './group-by.ts'

/** I2: each execution ends once per generation, and nothing of it comes after its end. */
export const checkEnds: Checker = ({ rows }) => {
  const ends = groupBy(
    rows.events.filter(({ what }) => what === 'end'),
    ({ execution, detail }) => `${execution}/${String(detail['generation'])}`,
  )
  const twice = [...ends].filter(([, events]) => events.length > 1)
  return [
    ...twice.map(([key, events]) => ({
      invariant: 'I2',
      text: `${key} has ended ${events.length} times: ${events.map(statusOf).join(', ')}`,
    })),
    ...rows.executions
      .filter(({ id, endedAt, generation }) => endedAt !== null && !ends.has(`${id}/${generation}`))
      .map(({ id }) => ({ invariant: 'I2', text: `${id} is ended and nobody saw its end` })),
    ...afterTheEnd(rows),
  ]
}

function afterTheEnd(rows: Parameters<Checker>[0]['rows']): Violation[] {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const lastEnd = new Map(
    rows.events
      .filter(({ what }) => what === 'end')
      .map((event) => [`${event.execution}/${String(event.detail['generation'])}`, event.xid]),
  )
  const births = new Map(
    rows.events.filter(({ what }) => what === 'born').map((event) => [event.execution, event.xid]),
  )
  const late = (
    row: { execution: string; generation: number; createdAt: number; xmin: number },
    what: string,
  ): Violation[] => {
    const owner = byId.get(row.execution)
    if (owner === undefined) return [{ invariant: 'I2', text: `a ${what} of nobody` }]
    if (owner.endedAt === null || owner.generation !== row.generation) return []
    // The commit that ends it writes its last rows itself.
    const inTheEnd = lastEnd.get(`${row.execution}/${row.generation}`) === row.xmin
    if (inTheEnd || row.createdAt <= owner.endedAt) return []
    return [{ invariant: 'I2', text: `a ${what} of ${row.execution} came after its end` }]
  }
  return [
    ...rows.savepoints.flatMap((row) => late(row, 'savepoint')),
    ...rows.answers.flatMap((row) => late(row, 'answer')),
    ...rows.attempts.flatMap(({ execution, startedAt }) => {
      const endedAt = byId.get(execution)?.endedAt ?? null
      return endedAt !== null && startedAt > endedAt
        ? [{ invariant: 'I2', text: `an attempt of ${execution} began after its end` }]
        : []
    }),
    ...rows.executions.flatMap(({ id, parent, createdAt }) => {
      const owner = parent === null ? undefined : byId.get(parent)
      if (owner === undefined || owner.endedAt === null || createdAt <= owner.endedAt) return []
      // The commit that ends it makes its last children itself, a moment later by the clock.
      const birth = births.get(id)
      if (birth !== undefined && lastEnd.get(`${owner.id}/${owner.generation}`) === birth) return []
      return [{ invariant: 'I2', text: `child ${id} was made after the end of its parent` }]
    }),
  ]
}

/**
 * I8: what has ended stays as it is; I3: versions and epochs only rise, and every move has one; I17:
 * runs of limited flows keep what they have waited for.
 */
export const checkFinal: Checker = ({ rows }) =>
  rows.events.flatMap((event) => {
    const invariant = BROKEN[event.what]
    return invariant === undefined
      ? []
      : [
          {
            invariant,
            text: `${event.what}: ${event.execution} ${JSON.stringify(event.detail)}`,
          },
        ]
  })

const BROKEN: Partial<Record<AuditEvent['what'], string>> = {
  'after end': 'I8',
  deleted: 'I1',
  'no place': 'I17',
  'place lost': 'I17',
  'turn early': 'I17',
  backwards: 'I3',
  unversioned: 'I3',
}

const statusOf = ({ detail }: AuditEvent): string => String(detail['status'])
