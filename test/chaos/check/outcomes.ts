import type { AttemptRow, Checker, Evidence, Op, Violation } from '../evidence.ts'
import { reportedEffects } from '../load/judge.ts'
import { WORK } from '../load/work.ts'
import { acceptedStarts } from './accepted.ts'
import { groupBy, indexBy } from './group-by.ts'

/** I7: what came of each piece of work is what the reference says; cancelled only if somebody asked. */
export const checkOutcomes: Checker = ({ ops, rows }) => {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const cancels = cancelsOf(ops)
  return [...acceptedStarts(ops)].flatMap(([id, op]) => {
    const end = byId.get(id)
    const work = WORK[op.work ?? '']
    if (end === undefined || end.endedAt === null || work === undefined) return []
    if (end.status === 'ENDED_CANCELLED' && cancels.has(id)) return []
    // A random program may cancel itself: the reference knows.
    if (end.status === 'ENDED_CANCELLED' && op.work !== 'program')
      return [{ invariant: 'I7', text: `${op.key} (${id}) is cancelled and nobody asked for it` }]
    const wrong = work.judge(end, op.input)
    return wrong === null ? [] : [{ invariant: 'I7', text: `${op.key} (${id}): ${wrong}` }]
  })
}

/**
 * I9: what a flow calls done was done, what may not be repeated came once at most in each of its lives,
 * and nothing arrived outside that no attempt was written down for.
 */
export const checkEffects: Checker = ({ ops, effects, rows }) => {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const arrivals = groupBy(effects, ({ key }) => key)
  const livesOf = (id: string): number => 1 + (takenBack.get(id) ?? []).length
  // A flow that goes back by itself tells the effects of its lives apart; whoever is taken back cannot.
  const takenBack = groupBy(
    rows.reverts.filter(({ own }) => !own),
    ({ execution }) => execution,
  )
  const reports = [...acceptedStarts(ops)].flatMap(([id, op]) => {
    const end = byId.get(id)
    return end?.status === 'ENDED_SUCCESS'
      ? reportedEffects(op.work ?? '', end.output).map((report) => ({ ...report, id }))
      : []
  })
  return [
    ...reports
      .filter(({ key, outcome }) => outcome === 'done' && !wasDone(arrivals.get(key) ?? []))
      .map(({ key }) => ({ invariant: 'I9', text: `${key} is called done and was never done` })),
    ...reports
      // What has arrived may be what a former life has sent.
      .filter(({ id }) => livesOf(id) === 1)
      .filter(({ key, outcome }) => outcome === 'none' && (arrivals.get(key) ?? []).length > 0)
      .map(({ key }) => ({ invariant: 'I9', text: `${key} is called not sent and has arrived` })),
    ...[...arrivals]
      .filter(
        ([, all]) =>
          all.length > livesOf(all[0]?.execution ?? '') && all.some(({ mode }) => mode === 'post'),
      )
      .map(([key, all]) => ({
        invariant: 'I9',
        text: `${key} may not be repeated and came ${all.length} times`,
      })),
    ...[...arrivals]
      .filter(([, all]) => all.filter(({ acted }) => acted).length > 1)
      .map(([key]) => ({ invariant: 'I9', text: `${key} took place twice` })),
    ...unwritten(effects, rows),
    ...triedAgain(rows.attempts),
  ]
}

/** Of a call that may not be repeated, one attempt at most may have happened. */
function triedAgain(attempts: readonly AttemptRow[]): Violation[] {
  const risky = attempts.filter(
    ({ repeatClass, outcome }) => repeatClass === 'never' && outcome !== 'none',
  )
  return [...groupBy(risky, ({ execution }) => execution)]
    .filter(([, all]) => all.length > 1)
    .map(([id, all]) => ({
      invariant: 'I9',
      text: `call ${id} may not be repeated and was tried ${all.length} times`,
    }))
}

const wasDone = (arrivals: Evidence['effects']): boolean =>
  arrivals.some(({ acted, repeated, stale }) => acted || repeated || stale)

/** Attempts are written before anything leaves, and four is the most. */
function unwritten(effects: Evidence['effects'], rows: Evidence['rows']) {
  const attempts = groupBy(rows.attempts, ({ parent }) => parent ?? '')
  const tooMany = [...groupBy(rows.attempts, ({ execution }) => execution)]
    .filter(([, all]) => all.length > ATTEMPTS_MAX)
    .map(([id, all]) => ({ invariant: 'I9', text: `${id} made ${all.length} attempts` }))
  return [
    ...tooMany,
    ...[...groupBy(effects, ({ execution }) => execution)].flatMap(([id, all]) => {
      const written = (attempts.get(id) ?? []).length
      return all.length > written
        ? [{ invariant: 'I9', text: `${all.length} requests of ${id} for ${written} attempts` }]
        : []
    }),
  ]
}

const ATTEMPTS_MAX = 4

function cancelsOf(ops: readonly Op[]): Set<string> {
  return new Set(
    ops.flatMap(({ kind, key, outcome }) =>
      kind === 'cancel' && outcome !== 'refused' ? [key] : [],
    ),
  )
}
