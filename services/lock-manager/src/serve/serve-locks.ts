import { notifyAnswered } from '@millrace/bus'
import { parseGateKey } from '@millrace/lock'
import {
  type AnsweredExecution,
  answerWaits,
  FRESH_MAX,
  type LoadedLock,
  loadLocks,
  lockExecutions,
  type LockKey,
  passGates,
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
  /** Locks that those who passed a gate ask for next. */
  readonly asked: readonly LockKey[]
  /** Locks of which more was waiting than was read, and what was not read may have its turn now. */
  readonly more: readonly LockKey[]
  /** Locks of which a place is free after so many ms, with somebody waiting for it. */
  readonly later: readonly (LockKey & { readonly inMs: number })[]
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
  const served = await serveOnce(tx, keys, fence)
  // Of a limited flow the rest is for another transaction; should nobody begin that, the sweep will. Of
  // other locks nobody would find a place that is left free.
  const [more, now] = partition(served.more, ({ key }) => parseGateKey(key) !== null)
  if (now.length === 0) return served
  const further = await serveLocks(tx, now, fence)
  return {
    answered: [...served.answered, ...further.answered],
    granted: served.granted + further.granted,
    dropped: served.dropped + further.dropped,
    freeGrantMs: [...served.freeGrantMs, ...further.freeGrantMs],
    asked: [...served.asked, ...further.asked],
    more: [...more, ...further.more],
    // Of one that was served twice the second word counts; the first is a look in vain.
    later: [...served.later, ...further.later],
  }
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

/** Each lock once: of what was waiting as much as is read at a time. */
async function serveOnce(
  tx: Queryable,
  keys: readonly LockKey[],
  fence: ShardFence | null,
): Promise<Served> {
  const locks = (await loadLocks(tx, keys, fence)).map(openLock)
  const answered: AnsweredExecution[] = []
  const asked: LockKey[] = []
  let open = locks.flatMap((lock) => lock.plan.grants.map((grant) => ({ lock, grant })))
  while (open.length > 0) {
    const passed = await passStartGates(tx, open)
    asked.push(...passed)
    const isPassed = new Set(passed.map(({ executionId }) => executionId))
    const given = await answerWaits(
      tx,
      open
        .filter(({ grant }) => grant.seq !== 0 || !isPassed.has(grant.executionId))
        .map(({ lock, grant }) => toAnswer(lock.loaded, grant)),
    )
    answered.push(...given)
    const reached = new Set([
      ...given.flatMap((one) => one.answers.map(({ seq }) => `${one.executionId}/${seq}`)),
      // The start has no answer that could name it.
      ...[...given, ...passed].map(({ executionId }) => `${executionId}/0`),
    ])
    // A wait that is gone by now (timed out, ended) is passed over, and the next in line gets its turn.
    open = locks.flatMap((lock) => {
      const [kept, missed] = partition(lock.plan.grants, ({ executionId, seq }) =>
        reached.has(`${executionId}/${seq}`),
      )
      lock.kept.push(...kept)
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
    asked: asked.map(({ workspaceId, key }) => ({ workspaceId, key })),
    later: locks.flatMap(laterOf),
    more: locks
      .filter(isUnfinished)
      .map(({ loaded: { workspaceId, key } }) => ({ workspaceId, key })),
  }
}

/** Those who have another gate before their start go on to it; the rest is answered. */
async function passStartGates(
  tx: Queryable,
  open: readonly { readonly lock: OpenLock; readonly grant: Grant }[],
): Promise<(LockKey & { readonly executionId: string })[]> {
  const starts = open.flatMap(({ lock: { loaded }, grant: { executionId, generation, seq } }) =>
    seq === 0
      ? [{ workspaceId: loaded.workspaceId, key: loaded.key, executionId, generation }]
      : [],
  )
  if (starts.length === 0) return []
  // All that are answered in this breath, in one order: an end takes the row before the wait, too.
  await lockExecutions(
    tx,
    open.map(({ lock, grant }) => ({
      workspaceId: lock.loaded.workspaceId,
      executionId: grant.executionId,
    })),
  )
  return passGates(tx, starts)
}

/** Nobody announces the end of a period. Of one that has just begun the next look will tell. */
function laterOf({ loaded, plan, kept }: OpenLock): (LockKey & { inMs: number })[] {
  const { workspaceId, key, expiresInMs } = loaded
  if (plan.next.queue.length === 0 || parseGateKey(key)?.kind !== 'rate') return []
  const inMs = expiresInMs ?? (kept.length > 0 ? 0 : null)
  return inMs === null ? [] : [{ workspaceId, key, inMs: Math.max(0, inMs) }]
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
  notifyAnswered(bus, served.answered, presence.isAlive)
  // To every copy: the next gate may be another's.
  const next = [...served.asked, ...served.more]
  if (next.length > 0) bus.nudgeLocks(next)
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
