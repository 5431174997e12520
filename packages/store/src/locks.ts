import { type Holder, type Lock, parseGateKey, type Waiter } from '@millrace/lock'
import type { Database, Queryable } from './database.ts'
import { sql } from './locks-sql.ts'
import type { ExecutionKey } from './read-execution.ts'
import { heldParam, type ShardFence } from './shard-leases.ts'
import type { LockKey } from './why.ts'

/** One lock as its rows say, read under its row lock. */
export interface LoadedLock extends LockKey {
  /** Holders, and the head of the queue: requests that have a ticket. */
  readonly lock: Lock
  /** Whether more are waiting behind that head than were read. */
  readonly isCut: boolean
  /** Of those behind it, the requests of executions that hold the lock, or are in the head or fresh. */
  readonly behind: readonly Waiter[]
  /** Holders that have ended or were reverted, or whose period is over. */
  readonly endedHolders: readonly string[]
  /** Waiters whose wait is over: timed out, cancelled, reverted, ended. */
  readonly goneWaiters: readonly Waiter[]
  /** Requests without a ticket, in the order in which they were made; the oldest `FRESH_MAX`. */
  readonly fresh: readonly FreshRequest[]
  /** ms until the period of the first of its holders is over; null when nobody holds it for a time. */
  readonly expiresInMs: number | null
}

export interface FreshRequest {
  readonly executionId: string
  readonly generation: number
  readonly seq: number
  readonly action: 'acquire' | 'release'
  readonly capacity: number
  /** False: nobody waits for it any more. */
  readonly isOpen: boolean
  readonly ageMs: number
}

/**
 * Locks the rows of these locks until the end of the transaction (creating them when needed) and
 * reads them. With a fence, keys of shards that the caller does not hold by term are left out.
 */
export async function loadLocks(
  tx: Queryable,
  keys: readonly LockKey[],
  fence: ShardFence | null,
): Promise<LoadedLock[]> {
  const param = keysParam(keys)
  await tx.query(sql.ensureLocks, [param])
  const locks = await tx.query<LockRow>(sql.lockLocks, [
    param,
    fence === null ? null : heldParam(fence),
    fence?.processId ?? null,
  ])
  if (locks.length === 0) return []
  // Only now: what was committed before the row locks were given is seen by these reads.
  const locked = keysParam(locks.map((row) => ({ workspaceId: row.workspace_id, key: row.key })))
  const holders = groupByLock(await tx.query<HolderRow>(sql.readHolders, [locked]))
  const requests = groupByLock(
    await tx.query<RequestRow>(sql.readRequests, [
      locked,
      FRESH_MAX,
      HEAD_BEYOND_CAPACITY,
      GATE_HEAD_MAX,
    ]),
  )
  return locks.map((row) => {
    const id = `${row.workspace_id}/${row.key}`
    return toLoadedLock(row, holders.get(id) ?? [], requests.get(id) ?? [])
  })
}

/** Requests without a ticket that are read at once; the next reading gets the next ones. */
export const FRESH_MAX = 1_000

// Waits that end while their lock is being served are passed over without another reading.
const HEAD_BEYOND_CAPACITY = 32

// Runs that one transaction lets into a limited flow: a limit may be taken away before any number of them.
const GATE_HEAD_MAX = 1_000

/** What was decided about one lock: its new value, and the requests that are dealt with. */
export interface LockChange {
  readonly loaded: LoadedLock
  readonly next: Lock
  /** Who got a ticket at the end of a queue that was not read whole. */
  readonly joined: readonly Waiter[]
  /** Which generation holds it by each new token. */
  readonly generationOf: ReadonlyMap<number, number>
  readonly done: readonly {
    readonly executionId: string
    readonly generation: number
    readonly seq: number
  }[]
}

/** Writes what changed, in the transaction that loaded it. */
export async function saveLocks(tx: Queryable, changes: readonly LockChange[]): Promise<void> {
  if (changes.length === 0) return
  const done = changes.flatMap(({ loaded, done: requests }) =>
    requests.map((request) => ({
      ...lockColumns(loaded),
      execution_id: request.executionId,
      generation: request.generation,
      seq: request.seq,
    })),
  )
  await tx.query(sql.saveLocks, [
    JSON.stringify(
      changes.map(({ loaded, next }) => ({
        ...lockColumns(loaded),
        capacity: next.capacity,
        last_ticket: next.lastTicket,
        last_token: next.lastToken,
      })),
    ),
    JSON.stringify(done),
    JSON.stringify(changes.flatMap(newTickets)),
    JSON.stringify(changes.flatMap(formerHolders)),
    JSON.stringify(changes.flatMap(changedHolders)),
  ])
}

/** The locks that these executions hold. */
export async function locksHeldBy(
  db: Queryable,
  executions: readonly ExecutionKey[],
): Promise<LockKey[]> {
  if (executions.length === 0) return []
  const param = executions.map((key) => ({
    workspace_id: key.workspaceId,
    execution_id: key.executionId,
  }))
  return (await db.query<KeyRow>(sql.locksHeldBy, [JSON.stringify(param)])).map(keyOf)
}

/**
 * Locks of the caller's shards that a lost nudge may have left unserved. `freshForMs`: how long a
 * request may go unseen before a lost nudge is suspected.
 */
export async function locksToServe(
  db: Queryable,
  input: ShardFence & {
    readonly freshForMs: number
    /** Also those with requests that nobody waits for any more, and gates that are wider than they were. */
    readonly isThorough: boolean
    readonly limit: number
  },
): Promise<LockKey[]> {
  const rows = await db.query<KeyRow>(sql.locksToServe, [
    heldParam(input),
    input.processId,
    input.freshForMs,
    input.isThorough,
    input.limit,
  ])
  return rows.map(keyOf)
}

/** Removes the locks of limits that nobody holds a place of or waits for; returns how many. */
export async function removeIdleGates(
  db: Database,
  input: ShardFence & { readonly limit: number },
): Promise<number> {
  const { processId, limit } = input
  const idle = await db.query<KeyRow>(sql.idleGates, [heldParam(input), processId, limit])
  if (idle.length === 0) return 0
  return db.transaction(async (tx) => {
    const params = [JSON.stringify(idle), heldParam(input), processId]
    const locked = await tx.query<KeyRow>(sql.lockLocks, params)
    const keys = locked.map(({ workspace_id, key }) => ({ workspace_id, key }))
    return (await tx.query(sql.removeIdleGates, [JSON.stringify(keys)])).length
  })
}

/** Requests that wait, and locks that somebody waits for. */
export async function countLockQueues(
  db: Queryable,
): Promise<{ readonly waiters: number; readonly queues: number }> {
  const [row] = await db.query<{ waiters: number; queues: number }>(sql.countQueues)
  return row ?? { waiters: 0, queues: 0 }
}

function toLoadedLock(
  row: LockRow,
  holders: readonly HolderRow[],
  requests: readonly RequestRow[],
): LoadedLock {
  const newestLife = new Map<string, number>()
  for (const { execution_id: id, generation } of requests)
    newestLife.set(id, Math.max(generation, newestLife.get(id) ?? 0))
  // What a limited flow allows is said by its record, not by who asks.
  const isGate = parseGateKey(row.key) !== null
  const expiries = holders.flatMap((holder) =>
    holder.expires_in_ms === null || holder.has_ended ? [] : [holder.expires_in_ms],
  )
  const ticketed = requests.flatMap((request) =>
    request.ticket === null ? [] : [{ ...request, ticket: request.ticket }],
  )
  const queued = ticketed.filter((request) => request.is_behind !== true)
  const behind = ticketed.filter(
    (request) => request.is_behind === true && request.is_open === true,
  )
  return {
    workspaceId: row.workspace_id,
    key: row.key,
    lock: {
      capacity: row.capacity,
      lastTicket: row.last_ticket,
      lastToken: row.last_token,
      holders: holders.map(({ execution_id: executionId, token, depth }) => ({
        executionId,
        token,
        depth,
      })),
      queue: queued.map(toWaiter),
    },
    isCut: requests[0]?.is_cut === true,
    behind: behind.map(toWaiter),
    endedHolders: holders.flatMap((holder) =>
      isOver(holder, newestLife) ? [holder.execution_id] : [],
    ),
    goneWaiters: queued.filter((request) => request.is_open !== true).map(toWaiter),
    fresh: requests
      .filter((request) => request.ticket === null)
      .map((request) => ({
        executionId: request.execution_id,
        generation: request.generation,
        seq: request.seq,
        action: request.action,
        capacity: isGate ? row.capacity : request.capacity,
        isOpen: request.is_open === true,
        ageMs: request.age_ms,
      })),
    expiresInMs: expiries.length === 0 ? null : Math.min(...expiries),
  }
}

/**
 * Whether it holds the lock no more: it has ended or was reverted. Requests are read after holders, so a
 * revert in between shows as a request of a later life.
 */
const isOver = (
  { has_ended: hasEnded, execution_id: id, generation }: HolderRow,
  newestLife: ReadonlyMap<string, number>,
): boolean => hasEnded || (newestLife.get(id) ?? 0) > generation

const toWaiter = (row: RequestRow & { ticket: number }): Waiter => ({
  executionId: row.execution_id,
  generation: row.generation,
  seq: row.seq,
  ticket: row.ticket,
})

function newTickets({ loaded, next, joined, done }: LockChange): Record<string, unknown>[] {
  const known = new Set(loaded.lock.queue.map((waiter) => waiter.ticket))
  const isDone = new Set(done.map(({ executionId, seq }) => `${executionId}/${seq}`))
  return [...next.queue, ...joined]
    .filter(
      ({ ticket, executionId, seq }) => !known.has(ticket) && !isDone.has(`${executionId}/${seq}`),
    )
    .map((waiter) => ({
      ...lockColumns(loaded),
      execution_id: waiter.executionId,
      generation: waiter.generation,
      seq: waiter.seq,
      ticket: waiter.ticket,
    }))
}

function formerHolders({ loaded, next }: LockChange): Record<string, unknown>[] {
  const still = new Set(next.holders.map((holder) => holder.executionId))
  return loaded.lock.holders
    .filter((holder) => !still.has(holder.executionId))
    .map((holder) => ({ ...lockColumns(loaded), execution_id: holder.executionId }))
}

function changedHolders({ loaded, next, generationOf }: LockChange): Record<string, unknown>[] {
  const before = new Map(loaded.lock.holders.map((holder) => [holder.executionId, holder]))
  const isSame = (a: Holder, b: Holder | undefined): boolean =>
    a.token === b?.token && a.depth === b.depth
  return next.holders
    .filter((holder) => !isSame(holder, before.get(holder.executionId)))
    .map((holder) => ({
      ...lockColumns(loaded),
      execution_id: holder.executionId,
      generation: generationOf.get(holder.token) ?? 1,
      token: holder.token,
      depth: holder.depth,
    }))
}

function groupByLock<Row extends KeyRow>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => `${row.workspace_id}/${row.key}`)
}

const lockColumns = ({ workspaceId, key }: LockKey) => ({ workspace_id: workspaceId, key })
const keysParam = (keys: readonly LockKey[]): string => JSON.stringify(keys.map(lockColumns))
const keyOf = (row: KeyRow): LockKey => ({ workspaceId: row.workspace_id, key: row.key })

interface KeyRow {
  workspace_id: string
  key: string
}

interface LockRow extends KeyRow {
  capacity: number
  last_ticket: number
  last_token: number
}

interface HolderRow extends KeyRow {
  execution_id: string
  generation: number
  token: number
  depth: number
  has_ended: boolean
  expires_in_ms: number | null
}

interface RequestRow extends KeyRow {
  execution_id: string
  generation: number
  seq: number
  action: 'acquire' | 'release'
  capacity: number
  ticket: number | null
  is_open: boolean | null
  age_ms: number
  is_behind: boolean | null
  is_cut: boolean
}
