import { notifyAnswered } from '@millrace/bus'
import { type Deadlock, findDeadlocks } from '@millrace/lock'
import {
  answerWaits,
  type BlockedWait,
  loadBlocked,
  lockExecutions,
  type Queryable,
  readLockedSettingName,
} from '@millrace/store'
import type { LockContext } from '../context.ts'
import type { LockServer } from '../serve/lock-server.ts'
import { serveLocks, tellServed } from '../serve/serve-locks.ts'
import { describeDeadlock } from './describe-deadlock.ts'

/**
 * Ends a deadlock: the victim's wait is answered with DeadlockError. The locks of the cycle are served
 * first: a request of who holds the lock already, or one behind a release, waits for this service
 * alone, however long that takes. Then the cycle is looked at again with the rows of its members
 * locked, so that a release or an end in between is never punished.
 */
export async function breakDeadlock(
  context: LockContext,
  server: Pick<LockServer, 'note'>,
  seen: Deadlock<BlockedWait>,
  workspaceId: string,
): Promise<void> {
  const { db, bus, presence, log, metrics } = context
  const { victim } = seen
  if (victim === null) {
    log.error({ cycle: seen.cycle.map((link) => link.executionId) }, 'a deadlock without a victim')
    return
  }
  const members = seen.cycle.map(({ executionId }) => ({ workspaceId, executionId }))
  const { served, done } = await db.transaction(async (tx) => {
    // Locks before executions, as everywhere.
    const served = await serveLocks(tx, locksOf(workspaceId, seen), null)
    // Somebody of the cycle may be among those whose turn is only now; the next look will tell.
    if (served.more.length > 0) return { served, done: null }
    await lockExecutions(tx, members)
    const { executions, locks } = await loadBlocked(tx, members)
    const still = findDeadlocks(executions, locks).find((one) => isSameVictim(one.victim, victim))
    if (still === undefined) return { served, done: null }
    const error = describeDeadlock(still, {
      executions: new Map(executions.map((one) => [one.executionId, one])),
      locks: await lockNames(tx, workspaceId, still),
    })
    const { executionId, wait } = victim
    const { generation, seq } = wait
    const answered = await answerWaits(tx, [
      { workspaceId, executionId, generation, seq, outcome: { kind: 'error', error } },
    ])
    return { served, done: { answered, error } }
  })
  tellServed(context, served)
  if (done === null || done.answered.length === 0) return
  metrics.deadlocks.inc()
  log.warn(
    { executionId: victim.executionId, message: done.error.message },
    'a deadlock was broken',
  )
  notifyAnswered(bus, done.answered, presence.isAlive)
  // The victim's request leaves the queue now.
  const { subject } = victim.wait
  if (subject !== null) server.note([{ workspaceId, key: subject }])
}

const locksOf = (
  workspaceId: string,
  { cycle }: Deadlock<BlockedWait>,
): { workspaceId: string; key: string }[] => {
  const keys = cycle.flatMap(({ wait: { waitKind, subject } }) =>
    waitKind === 'LOCK' && subject !== null ? [subject] : [],
  )
  return [...new Set(keys)].map((key) => ({ workspaceId, key }))
}

type AnyVictim = Deadlock<BlockedWait>['victim']

const isSameVictim = (a: AnyVictim, b: AnyVictim): boolean =>
  a?.executionId === b?.executionId && a?.wait.seq === b?.wait.seq

/** What people call the locks of a cycle. */
async function lockNames(
  tx: Queryable,
  workspaceId: string,
  { cycle }: Deadlock<BlockedWait>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  for (const { wait } of cycle) {
    if (wait.subject === null || wait.waitKind !== 'LOCK') continue
    const [kind, id] = split(wait.subject)
    const name = kind === 'setting' ? await readLockedSettingName(tx, { workspaceId, id }) : id
    if (name !== null) names.set(wait.subject, name)
  }
  return names
}

function split(key: string): [string, string] {
  const colon = key.indexOf(':')
  return [key.slice(0, colon), key.slice(colon + 1)]
}
