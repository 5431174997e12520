import type { Checker, Evidence, Violation } from '../evidence.ts'
import { checkAccepted, checkKeys, checkLeftovers } from './accepted.ts'
import { checkDeliveries } from './deliveries.ts'
import { checkEnds, checkFinal } from './final.ts'
import { checkLinearizable } from './histories.ts'
import { checkHistory } from './history.ts'
import { checkLockOrder } from './lock-order.ts'
import { checkLives } from './lives.ts'
import { checkMessages } from './messages.ts'
import { checkEffects, checkOutcomes } from './outcomes.ts'
import { checkPlaces } from './places.ts'
import { checkProgramSections } from './sections.ts'
import { checkStops } from './stops.ts'
import { checkTimers } from './timers.ts'
import { checkTries } from './tries.ts'

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
  lives: checkLives,
  places: checkPlaces,
  messages: checkMessages,
  deliveries: checkDeliveries,
  stops: checkStops,
  tries: checkTries,
}

export function checkAll(evidence: Evidence): Violation[] {
  return Object.values(CHECKERS).flatMap((check) => check(evidence))
}
