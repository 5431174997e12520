import { notifyAnswered } from '@millrace/bus'
import {
  type AnsweredExecution,
  answerWaits,
  FRESH_MAX,
  type LoadedLock,
  loadLocks,
  type LockKey,
  type Queryable,
  saveLocks,
  type ShardFence,
} from '@millrace/store'
import type { LockContext } from '../context.ts'
import { type Grant, type LockPlan, planLock, withoutGrants } from './plan-lock.ts'

/** What serving some locks came to. */
export interface Served {
  readonly answered: readonly AnsweredExecution[]
  readonly granted: number
  readonly dropped: number
  /** How long requests took that found the lock free. */
  readonly freeGrantMs: readonly number[]
}

/**
 * Serves locks in the caller's transaction: tickets and tokens are given under the locks' rows, and
 * the waits of those who get one are answered with it. Either all of it is kept or nothing.
 */
export async function serveLocks(
  tx: Queryable,
  keys: readonly LockKey[],
  fence: ShardFence | null,
): Promise<Served> {
  const { again, ...served } = await serveOnce(tx, keys, fence)
  if (again.length === 0) return served
  const further = await serveLocks(tx, again, fence)
  return {
    answered: [...served.answered, ...further.answered],
    granted: served.granted + further.granted,
    dropped: served.dropped + further.dropped,
    freeGrantMs: [...served.freeGrantMs, ...further.freeGrantMs],
  }
}

/** `again`: of these more was waiting than was read, and what was not read may have its turn now. */
async function serveOnce(
  tx: Queryable,
  keys: readonly LockKey[],
  fence: ShardFence | null,
): Promise<Served & { readonly again: readonly LockKey[] }> {
  const locks = (await loadLocks(tx, keys, fence)).map(openLock)
  const answered: AnsweredExecution[] = []
  let open = locks.flatMap((lock) => lock.plan.grants.map((grant) => ({ lock, grant })))
  while (open.length > 0) {
    const given = await answerWaits(
      tx,
      open.map(({ lock, grant }) => toAnswer(lock.loaded, grant)),
    )
    answered.push(...given)
    const reached = new Set(
      given.flatMap((one) => one.answers.map(({ seq }) => `${one.executionId}/${seq}`)),
    )
    // A wait that is gone by now (timed out, ended) is passed over, and the next in line gets its turn.
    open = locks.flatMap((lock) => {
      const missed = lock.plan.grants.filter(
        (grant) => !reached.has(`${grant.executionId}/${grant.seq}`),
      )
      for (const grant of lock.plan.grants) if (!missed.includes(grant)) lock.kept.push(grant)
      if (missed.length === 0) {
        lock.plan = { ...lock.plan, grants: [] }
        return []
      }
      lock.missed += missed.length
      lock.plan = withoutGrants(lock.plan, missed)
      return lock.plan.grants.map((grant) => ({ lock, grant }))
    })
  }
  await saveLocks(
    tx,
    locks.map(({ loaded, plan, kept }) => ({
      loaded,
      next: plan.next,
      joined: plan.joined,
      done: plan.done,
      generationOf: new Map(kept.map((grant) => [grant.token, grant.generation])),
    })),
  )
  return {
    answered,
    granted: locks.reduce((sum, lock) => sum + lock.kept.length, 0),
    dropped: locks.reduce((sum, lock) => sum + lock.missed + lock.loaded.goneWaiters.length, 0),
    freeGrantMs: locks.flatMap(freeGrantsOf),
    again: locks
      .filter(isUnfinished)
      .map(({ loaded: { workspaceId, key } }) => ({ workspaceId, key })),
  }
}

function isUnfinished({ loaded, plan }: OpenLock): boolean {
  const { next, done, joined } = plan
  // Nothing would come of it a second time.
  if (done.length === 0 && joined.length === 0) return false
  const isFree = next.holders.length < next.capacity
  return loaded.fresh.length >= FRESH_MAX || (loaded.isCut && isFree)
}

/** Tells those who can go on; after the commit. A crash before it is repaired by the sweep. */
export function tellServed({ bus, presence, metrics }: LockContext, served: Served): void {
  metrics.granted.inc(served.granted)
  metrics.dropped.inc(served.dropped)
  for (const ms of served.freeGrantMs) metrics.grantLatency.observe(ms / 1_000)
  tellAnswered({ bus, presence }, served.answered)
}

export function tellAnswered(
  { bus, presence }: Pick<LockContext, 'bus' | 'presence'>,
  answered: readonly AnsweredExecution[],
): void {
  notifyAnswered(bus, answered, presence.isAlive)
  bus.publishMoved(answered.filter((one) => one.moved))
}

interface OpenLock {
  readonly loaded: LoadedLock
  plan: LockPlan
  /** Grants whose waits were answered. */
  readonly kept: Grant[]
  missed: number
}

const openLock = (loaded: LoadedLock): OpenLock => ({
  loaded,
  plan: planLock(loaded),
  kept: [],
  missed: 0,
})

const toAnswer = ({ workspaceId }: LoadedLock, { executionId, generation, seq, token }: Grant) => ({
  workspaceId,
  executionId,
  generation,
  seq,
  outcome: { kind: 'value', value: { v: { token } } } as const,
})

function freeGrantsOf({ loaded, kept }: OpenLock): number[] {
  const ages = new Map(loaded.fresh.map((one) => [`${one.executionId}/${one.seq}`, one.ageMs]))
  return kept.flatMap(({ executionId, seq }) => ages.get(`${executionId}/${seq}`) ?? [])
}
