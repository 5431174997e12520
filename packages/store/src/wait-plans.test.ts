import { after, before, test } from 'node:test'
import { createPlans, type Plans } from './plan-fixture.ts'
import { loadStatements } from './statement.ts'

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
  'retention.listWorkspaces': ['workspace'],
  'deadlocks.lockSeeds': ['wait'],
  'deadlocks.dependencySeeds': ['wait'],
}
const HOT = {
  timers: ['takeDue', 'nextDue', 'countWaits'],
  dependencies: ['collectDependencies'],
  sweep: [
    'sweepExecutions',
    'sweepWaits',
    'deleteStaleWaits',
    'expiredProcesses',
    'heldByProcess',
    'recoverLost',
    'removeExpired',
  ],
  cascades: ['readChildren', 'cancelExecutions'],
  controls: ['readControls'],
  locks: [
    'ensureLocks',
    'lockLocks',
    'readHolders',
    'readRequests',
    'saveLocks',
    'locksHeldBy',
    'locksToServe',
    'readLock',
    'readLockHolders',
    'readLockWaiters',
    'listLocks',
    'auditLock',
    'countQueues',
  ],
  deadlocks: ['lockSeeds', 'dependencySeeds', 'blockedGraph', 'lockExecutions'],
  retention: [
    'listWorkspaces',
    'removeTrees',
    'removeDeepest',
    'unusedPayloads',
    'unusedScripts',
    'referredContents',
    'removePayloads',
    'removeScripts',
    'touchPayloads',
    'touchScripts',
  ],
} as const
/** For people, now and then. */
const FOR_PEOPLE = new Set(['timers.countWaits', 'locks.countQueues', 'locks.listLocks'])

let plans: Plans

before(async () => {
  plans = await createPlans()
})
after(() => plans[Symbol.asyncDispose]())

for (const [aggregate, names] of Object.entries(HOT)) {
  const statements = loadStatements<string>(aggregate, names)
  for (const name of names) {
    const id = `${aggregate}.${name}`
    if (FOR_PEOPLE.has(id)) continue
    test(`${id} finds its rows by key`, () => plans.assertFoundByKey(statements[name], WALKS[id]))
  }
}
