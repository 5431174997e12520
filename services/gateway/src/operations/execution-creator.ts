import type { Bus } from '@millrace/bus'
import { monotonicMs, type Metrics, ServiceError, toServiceError } from '@millrace/runtime'
import { createBatcher, createExecutions, type Database, type NewExecution } from '@millrace/store'
import type { DispatchItem } from '@millrace/wire'

/**
 * Accepts executions. All that come while one commit is under way share the next; when it has
 * returned, engines are nudged with one message for all of them. A crash between commit and nudge
 * leaves executions that the scheduler's sweep finds.
 */
export interface ExecutionCreator {
  /** Returns the birth time (ms since 1970), or null when its id exists already. */
  create(item: NewExecution): Promise<number | null>
  /** Many in a commit of their own: all or none. */
  createAll(items: readonly NewExecution[]): Promise<void>
  /** Nudges for executions that somebody else's commit has created. */
  announce(items: readonly NewExecution[]): void
  readonly size: number
  idle(): Promise<void>
}

export function createExecutionCreator(deps: {
  hot: Database
  bus: Bus
  metrics: Metrics
  concurrency?: number
}): ExecutionCreator {
  const { hot, bus, metrics, concurrency = 1 } = deps
  const sizes = metrics.histogram('create_batch_size', 'Executions per commit', [], SIZES)
  const seconds = metrics.histogram('create_commit_seconds', 'Time of one commit of new executions')

  const batcher = createBatcher<NewExecution, Outcome>({
    run,
    concurrency,
    bytesOf: (item) => 600 + item.input.length + (item.extra?.length ?? 0),
    onBatch: (items) => sizes.observe(items),
  })

  async function run(items: NewExecution[]): Promise<Outcome[]> {
    try {
      const born = await commit(items)
      return items.map((item) => ({ bornAt: born.get(item.id) ?? null }))
    } catch (error) {
      // One item that Postgres refuses must not fail its neighbours.
      if (items.length === 1 || toServiceError(error).retryable) throw error
      return Promise.all(
        items.map((item) =>
          commit([item]).then(
            (born) => ({ bornAt: born.get(item.id) ?? null }),
            (failure: unknown) => ({ failure }),
          ),
        ),
      )
    }
  }

  async function commit(items: readonly NewExecution[]): Promise<Map<string, number>> {
    const begun = monotonicMs()
    let isSecond = false
    const born = await createExecutions(hot, items).catch((error: unknown) => {
      // A connection that broke while idle; ids that exist are passed over, so again is safe.
      if (!toServiceError(error).retryable) throw error
      isSecond = true
      return createExecutions(hot, items)
    })
    seconds.observe((monotonicMs() - begun) / 1_000)
    // What exists at the second try may be what the first has made, its answer lost: nobody was told.
    nudge(isSecond ? items : items.filter((item) => born.has(item.id)))
    return born
  }

  function nudge(items: readonly NewExecution[]): void {
    const engine: DispatchItem[] = []
    const connector: DispatchItem[] = []
    const locks: { workspaceId: string; key: string }[] = []
    let dueAt = Number.POSITIVE_INFINITY
    for (const item of items) {
      if (item.scheduledFor !== null) dueAt = Math.min(dueAt, item.scheduledFor)
      if (item.paused || item.scheduledFor !== null) continue
      const gate = item.gates?.[0]
      if (gate !== undefined) {
        locks.push({ workspaceId: item.workspaceId, key: gate.key })
        continue
      }
      if (item.type === 'CONNECTION') connector.push(toDispatch(item))
      else engine.push(toDispatch(item))
    }
    if (engine.length > 0) void bus.publishDispatch('engine', engine)
    if (connector.length > 0) void bus.publishDispatch('connector', connector)
    if (locks.length > 0) bus.nudgeLocks(locks)
    if (dueAt < Number.POSITIVE_INFINITY) bus.nudgeTimers(dueAt)
  }

  return {
    async create(item) {
      const outcome = await batcher.add(item)
      if ('failure' in outcome) throw outcome.failure
      return outcome.bornAt
    },
    async createAll(items) {
      sizes.observe(items.length)
      const born = await commit(items)
      // A takeover of an Idempotency-Key finds all of them; anything between cannot be.
      if (born.size !== 0 && born.size !== items.length)
        throw new ServiceError('internal', `created ${born.size} of ${items.length} executions`)
    },
    announce: nudge,
    get size() {
      return batcher.size
    },
    idle: () => batcher.idle(),
  }
}

type Outcome = { readonly bornAt: number | null } | { readonly failure: unknown }

const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096]

function toDispatch(item: NewExecution): DispatchItem {
  const { priority } = item
  const key = { workspaceId: item.workspaceId, executionId: item.id, version: 1, priority }
  // A large input would be copied through NATS; whoever takes it reads it anyway.
  const chars = item.input.length + (item.extra?.length ?? 0)
  if (item.scriptHash === null || chars > INPUT_MAX_CHARS) return key
  // In development mode its row says whether it has a debugger.
  if (!item.isProductive) return key
  return {
    ...key,
    fresh: {
      type: item.type,
      scriptHash: item.scriptHash,
      input: item.input,
      name: item.name,
      parentId: item.parentId,
      topId: item.topId,
      traceparent: item.traceparent,
      ...(item.extra !== null && { extra: item.extra }),
    },
  }
}

const INPUT_MAX_CHARS = 8_192
