import type { Checker, Evidence, Violation } from '../evidence.ts'
import { checkAccepted, checkKeys, checkLeftovers } from './accepted.ts'
import { checkEnds, checkFinal } from './final.ts'
import { checkLinearizable } from './histories.ts'
import { checkHistory } from './history.ts'
import { checkLockOrder } from './lock-order.ts'
import { checkEffects, checkOutcomes } from './outcomes.ts'
import { checkProgramSections } from './sections.ts'
import { checkTimers } from './timers.ts'

/** By what is checked; the invariants are those of docs/chaos.md. */
export const CHECKERS: Readonly<Record<string, Checker>> = {
  accepted: checkAccepted,
  leftovers: checkLeftovers,
  keys: checkKeys,
  ends: checkEnds,
  final: checkFinal,
  history: checkHistory,
  timers: checkTimers,
  outcomes: checkOutcomes,
  effects: checkEffects,
  lockOrder: checkLockOrder,
  sections: checkProgramSections,
  linearizable: checkLinearizable,
}

export function checkAll(evidence: Evidence): Violation[] {
  return Object.values(CHECKERS).flatMap((check) => check(evidence))
}
