import { after, before, test } from 'node:test'
import { createPlans, type Plans } from './plan-fixture.ts'
import { readStatements } from './statement.ts'

/**
 * What resolves waits runs all the time, on tables whose statistics are of a minute ago at best. A
 * statement that is meant to walk a table says so here.
 */
const WALKS: Readonly<Record<string, readonly string[]>> = {
  'timers.takeDue': ['wait'],
  'timers.nextDue': ['wait'],
  'sweep.sweepExecutions': [],
  'sweep.sweepWaits': [],
  'sweep.heldByProcess': [],
  'locks.locksToServe': ['lock_request', 'lock_holder'],
  'locks.idleGates': ['lock'],
  'retention.listWorkspaces': ['workspace'],
  'messages.takeDueMessages': ['message'],
  'messages.nextDueMessage': ['message'],
  'messages.sweepMessages': [],
  'messages.readLinkKeys': ['link_key'],
  'schedule-work.dueIterations': ['schedule_iteration'],
  'schedule-work.nextIteration': ['schedule_iteration'],
  'schedule-work.sweepSchedules': [],
  // Each schedule has one, and few are removed while it lives.
  'schedule-work.strayIterations': ['schedule_iteration'],
  'schedule-work.removeOldRuns': ['schedule_run'],
  'deadlocks.lockSeeds': ['wait'],
  'deadlocks.dependencySeeds': ['wait'],
}
const HOT = [
  'timers',
  'dependencies',
  'sweep',
  'cascades',
  'controls',
  'locks',
  'messages',
  'deadlocks',
  'retention',
  'schedule-work',
]
/** For people, now and then. */
const FOR_PEOPLE = new Set([
  'timers.countWaits',
  'locks.countQueues',
  'locks.listLocks',
  'locks.listGateKeys',
  'schedule-work.setPaused',
  'schedule-work.setResumed',
  'schedule-work.selectRuns',
  'schedule-work.countRuns',
])

let plans: Plans

before(async () => {
  plans = await createPlans()
})
after(() => plans[Symbol.asyncDispose]())

for (const aggregate of HOT)
  for (const statement of readStatements(aggregate).values()) {
    const { name } = statement
    if (FOR_PEOPLE.has(name)) continue
    test(`${name} finds its rows by key`, () => plans.assertFoundByKey(statement, WALKS[name]))
  }
