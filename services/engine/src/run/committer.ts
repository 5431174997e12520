import type { Bus } from '@millrace/bus'
import {
  type ActivationCommit,
  type CommitResult,
  commitActivations,
  commitDebugged,
  commitWithFiles,
  createBatcher,
  type Database,
  markWatched,
  type NewStop,
  type Payload,
  putPayloads,
  wasRolledBack,
} from '@millrace/store'
import type { DispatchItem } from '@millrace/wire'
import { type Metrics, now, toServiceError } from '@millrace/runtime'

export interface CommitItem {
  readonly commit: ActivationCommit
  readonly payloads: readonly Payload[]
  readonly foreign: readonly { readonly seq: number; readonly ids: readonly string[] }[]
  /** Waits for messages that existed before. */
  readonly foreignMessages: readonly number[]
  /** Whether somebody besides a parent must hear of its end: a lock's manager. */
  readonly announceEnd: boolean
  /** In development mode: whether its debugger has stopped it. Null for all others. */
  readonly debug: { readonly stop: NewStop | null } | null
}

/**
 * Commits activations in natural batches, then nudges. A crash between both leaves rows that the
 * scheduler's sweep finds: children in WAITING_ENGINE, waits that are due, ends nobody heard of.
 *
 * What Postgres refuses of one is thrown to whoever has added that one, and its neighbours are committed as
 * if it had not been there.
 */
export function createCommitter({
  db,
  bus,
  metrics,
}: {
  readonly db: Database
  readonly bus: Bus
  readonly metrics: Metrics
}): { add(item: CommitItem): Promise<CommitResult> } {
  const seconds = metrics.histogram(
    'engine_commit_seconds',
    'Time of one commit of a batch of activations',
  )
  const sizes = metrics.histogram(
    'engine_commit_batch',
    'Activations in one commit',
    [],
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  )
  const fenced = metrics.counter(
    'engine_fenced_total',
    'Activations refused because somebody else had moved their execution',
  )

  const plain = createBatcher<CommitItem, Outcome>({
    concurrency: 2,
    bytesOf: ({ commit }) =>
      512 +
      (commit.output?.length ?? 0) +
      (commit.history?.entries.length ?? 0) +
      (commit.log?.lines.length ?? 0) +
      commit.children.length * 512 +
      (commit.files ?? []).reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0),
    onBatch: (size) => sizes.observe(size),
    run: (batch) =>
      commitAll(batch, (items) => {
        const commits = items.map((item) => item.commit)
        return commits.some(({ files, messages }) => (files ?? messages) !== undefined)
          ? commitWithFiles(db, commits)
          : commitActivations(db, commits)
      }),
  })
  // In development mode each goes alone, in a transaction with what its debugger has to know.
  const debugged = createBatcher<CommitItem, Outcome>({
    concurrency: 2,
    maxBytes: 1,
    run: (batch) =>
      commitAll(batch, (items) =>
        Promise.all(items.map((item) => commitDebugged(db, item.commit, item.debug?.stop ?? null))),
      ),
  })
  return {
    async add(item) {
      const outcome = await (item.debug === null ? plain : debugged).add(item)
      if ('failure' in outcome) throw outcome.failure
      return outcome
    },
  }

  /** By halves, until what is refused stands alone. */
  async function commitAll(items: readonly CommitItem[], commit: Commit): Promise<Outcome[]> {
    try {
      return await attempt(items, commit)
    } catch (error) {
      if (items.length === 1 || toServiceError(error).retryable)
        return items.map(() => ({ failure: error }))
      const half = Math.ceil(items.length / 2)
      return [
        ...(await commitAll(items.slice(0, half), commit)),
        ...(await commitAll(items.slice(half), commit)),
      ]
    }
  }

  async function attempt(items: readonly CommitItem[], commit: Commit): Promise<CommitResult[]> {
    const results = await store(items, commit).catch((error: unknown) => {
      if (!wasRolledBack(error)) throw error
      return store(items, commit) // somebody was in the way, and nothing of it is left
    })
    nudge(bus, items, results)
    fenced.inc(results.filter((result) => !result.applied).length)
    return results
  }

  async function store(items: readonly CommitItem[], commit: Commit): Promise<CommitResult[]> {
    await putPayloads(
      db,
      items.flatMap((item) => item.payloads),
    )
    const watched = items.flatMap(({ commit: { workspaceId }, foreign }) =>
      foreign.flatMap(({ ids }) => ids.map((executionId) => ({ workspaceId, executionId }))),
    )
    if (watched.length > 0) await markWatched(db, watched)
    const stop = seconds.startTimer()
    const results = await commit(items)
    stop()
    return results
  }
}

type Commit = (items: readonly CommitItem[]) => Promise<CommitResult[]>
type Outcome = CommitResult | { readonly failure: unknown }

function nudge(bus: Bus, items: readonly CommitItem[], results: readonly CommitResult[]): void {
  const moved = []
  const ended = []
  const engine: DispatchItem[] = []
  const connector: DispatchItem[] = []
  const locks = new Map<string, { workspaceId: string; key: string }>()
  const dependencies = []
  const controls = []
  const recordRequests = []
  let due = Infinity
  for (const [index, { commit, foreign, announceEnd }] of items.entries()) {
    const result = results[index]
    if (result === undefined || !result.applied) continue
    const { workspaceId, executionId } = commit
    const { status, version, parentId } = result
    moved.push({ workspaceId, executionId, version, status, parentId })
    if (commit.ended && (parentId !== null || result.watched || announceEnd))
      ended.push({ workspaceId, executionId, status })
    for (const child of commit.children) {
      if (child.scheduledFor !== null) due = Math.min(due, child.scheduledFor)
      if (child.paused || child.scheduledFor !== null) continue
      const gate = child.gates?.[0]
      if (gate !== undefined) {
        locks.set(`${workspaceId}/${gate.key}`, { workspaceId, key: gate.key })
        continue
      }
      ;(child.type === 'CONNECTION' ? connector : engine).push(toDispatch(child))
    }
    for (const wait of commit.waits) {
      if (wait.dueIn !== null) due = Math.min(due, now() + wait.dueIn * 1_000)
      if (wait.dueAt !== null) due = Math.min(due, wait.dueAt)
      if (wait.kind === 'CONTROL') controls.push({ workspaceId, executionId })
      if (wait.kind === 'RECORD') recordRequests.push({ workspaceId, executionId })
    }
    for (const { key } of commit.lockRequests)
      locks.set(`${workspaceId}/${key}`, { workspaceId, key })
    for (const { seq } of foreign) dependencies.push({ workspaceId, executionId, seq })
  }
  if (moved.length > 0) bus.publishMoved(moved)
  if (ended.length > 0) bus.publishEnded(ended)
  if (engine.length > 0) void bus.publishDispatch('engine', engine)
  if (connector.length > 0) void bus.publishDispatch('connector', connector)
  if (locks.size > 0) bus.nudgeLocks([...locks.values()])
  if (dependencies.length > 0) bus.nudgeDependencies(dependencies)
  if (controls.length > 0) bus.nudgeControls(controls)
  bus.nudgeRecordRequests(recordRequests)
  bus.nudgeResponses(responseWaits(items, results))
  if (due < Infinity) bus.nudgeTimers(due)
}

/** Waits for messages that may have been answered before they were opened. */
const responseWaits = (items: readonly CommitItem[], results: readonly CommitResult[]) =>
  items.flatMap(({ commit: { workspaceId, executionId }, foreignMessages }, index) =>
    results[index]?.applied === true
      ? foreignMessages.map((seq) => ({ workspaceId, executionId, seq }))
      : [],
  )

// Beyond this an input is cheaper to read from its row than to carry on the bus.
const FRESH_INPUT_MAX_CHARS = 8 * 1_024

function toDispatch(child: ActivationCommit['children'][number]): DispatchItem {
  const {
    workspaceId,
    id: executionId,
    type,
    scriptHash,
    input,
    name,
    parentId,
    topId,
    traceparent,
    priority,
    extra,
  } = child
  const key = { workspaceId, executionId, version: 1, priority }
  const chars = input.length + (extra?.length ?? 0)
  if (scriptHash === null || chars > FRESH_INPUT_MAX_CHARS) return key
  // In development mode its row says whether it has a debugger.
  if (!child.isProductive) return key
  const fresh = { type, scriptHash, input, name, parentId, topId, traceparent }
  return { ...key, fresh: extra === null ? fresh : { ...fresh, extra } }
}
