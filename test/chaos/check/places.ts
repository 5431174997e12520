import type { AuditEvent, Checker, GateRow, Violation } from '../evidence.ts'
import { groupBy } from './group-by.ts'
import { isGate } from './lock-order.ts'

/**
 * I17: of a limited flow never more runs go on at once than it allows, and never more begin in a period.
 * A place is free when its row is gone; a turn when its time is over, whatever became of its row.
 */
export const checkPlaces: Checker = ({ rows }) => {
  const capacities = new Map(rows.gates.map(({ key, capacity }) => [key, capacity]))
  const taken = rows.events.filter(
    ({ what, detail }) =>
      (what === 'grant' || what === 'free') && isGate(String(detail['key'] ?? '')),
  )
  return [
    ...[...groupBy(taken, ({ detail }) => String(detail['key']))].flatMap(([key, events]) =>
      tooMany(key, events, capacities.get(key) ?? 0),
    ),
    ...neverGranted(rows.gates, taken, startedOnes(rows)),
  ]
}

/** In one transaction what is given up comes before what is given. */
function tooMany(key: string, events: readonly AuditEvent[], capacity: number): Violation[] {
  const violations: Violation[] = []
  /** Until when each has it; null: until it gives it up. */
  const holders = new Map<string, number | null>()
  for (const own of groupBy(events, ({ xid }) => String(xid)).values()) {
    for (const { what, execution } of own) if (what === 'free') holders.delete(execution)
    for (const { what, execution, detail, at } of own) {
      if (what !== 'grant') continue
      const until = detail['until']
      holders.set(execution, typeof until === 'number' ? until : null)
      const held = [...holders.values()].filter((end) => end === null || end > at).length
      if (held > capacity)
        violations.push({
          invariant: 'I17',
          text: `${key}: ${held} have one of its ${capacity} places, ${execution} the last`,
        })
    }
  }
  return violations
}

/** Whoever has run was given each of the places that it had to get. */
function neverGranted(
  gates: readonly GateRow[],
  taken: readonly AuditEvent[],
  started: ReadonlySet<string>,
): Violation[] {
  const granted = new Set(
    taken
      .filter(({ what }) => what === 'grant')
      .map(({ execution, detail }) => `${execution} ${String(detail['key'])}`),
  )
  return gates
    .filter(({ execution, key }) => started.has(execution) && !granted.has(`${execution} ${key}`))
    .map(({ execution, key }) => ({
      invariant: 'I17',
      text: `${execution} has run and was never given a place of ${key}`,
    }))
}

const startedOnes = ({ executions }: Parameters<Checker>[0]['rows']): ReadonlySet<string> =>
  new Set(executions.flatMap(({ id, startedAt }) => (startedAt === null ? [] : [id])))
