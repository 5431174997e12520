import type { Activation } from '@millrace/replay'
import { monotonicMs, toServiceError } from '@millrace/runtime'
import {
  type ActivationCommit,
  type BirthAndEnd,
  createBatcher,
  createEnded,
  type EndedAtBirth,
  isShort,
} from '@millrace/store'
import type { EagerBatch, EagerEnd, EagerRefusal, EagerResult, EagerStart } from '@millrace/wire'
import { buildCommit, isRevert } from './build-commit.ts'
import { collect, createCollected } from './collected.ts'
import type { Held } from './held.ts'
import { createLoader } from './load-held.ts'
import { createOverdue } from './overdue.ts'
import type { RunnerDeps } from './runner.ts'
import { schemasOf } from './schemas.ts'

export interface EagerDeps extends Omit<RunnerDeps, 'slowMs' | 'maxWarm' | 'publicUrl'> {
  /** One that runs for longer is given back, before it has run for twice as long. */
  readonly eagerMs: number
  /** At once at most; more are given back. */
  readonly maxInFlight: number
}

export interface Eager {
  /** Runs what nobody has stored yet and tells `replyTo` what became of each. Never rejects. */
  submit(batch: EagerBatch): void
  readonly running: number
  idle(): Promise<void>
}

/**
 * Executions whose starter waits, run before they are stored. One that ends soon, asking
 * nothing of the world, is born and ended in one commit; the others are given back as if nothing had
 * happened, and start as any other. Nothing leaves before the commit, so a crash anywhere before it
 * is a start that was never accepted: the gateway, which hears nothing, stores and dispatches it.
 */
export function createEager(deps: EagerDeps): Eager {
  const { db, bus, sandbox, realms, log, metrics, processId, maxInFlight, eagerMs } = deps
  const loader = createLoader({ db, realms })
  const slow = createOverdue<Attempt>(eagerMs, (attempt) => refuse(attempt, 'slow'))
  const idlers: (() => void)[] = []
  const outbox = new Map<string, EagerResult[]>()
  let count = 0
  let attempts = 0
  const outcomes = metrics.counter('engine_eager_total', 'Eager starts by what became of them', [
    'outcome',
  ])
  const seconds = metrics.histogram('engine_eager_commit_seconds', 'Time of one commit of births')

  const commits = createBatcher<EndedAtBirth, BirthAndEnd | null>({
    concurrency: 2,
    bytesOf: ({ execution, commit }) =>
      1_024 +
      execution.input.length +
      (commit.output?.length ?? 0) +
      (commit.history?.entries.length ?? 0) +
      (commit.log?.lines.length ?? 0),
    run: store,
  })

  return {
    submit({ replyTo, items }) {
      const at = monotonicMs()
      for (const start of items) {
        const attempt: Attempt = { start, replyTo, at, given: false }
        if (count >= maxInFlight) refuse(attempt, 'busy')
        else void run(attempt)
      }
    },
    get running() {
      return count
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  }

  async function run(attempt: Attempt): Promise<void> {
    count += 1
    try {
      const outcome = await toItsEnd(attempt)
      if (typeof outcome === 'string') refuse(attempt, outcome)
      else answer(attempt, { end: outcome }, 'ended')
    } catch (error) {
      log.debug({ error, executionId: attempt.start.executionId }, 'an eager start was given back')
      refuse(attempt, 'busy')
    } finally {
      slow.delete(attempt)
      count -= 1
      if (count === 0) for (const resolve of idlers.splice(0)) resolve()
    }
  }

  async function toItsEnd(attempt: Attempt): Promise<EagerEnd | EagerRefusal> {
    const { start, at } = attempt
    const { workspaceId, executionId } = start
    const fresh = { ...start, parentId: null, topId: executionId }
    const loaded = await loader.fromDispatch({ workspaceId, executionId, version: 1, fresh })
    if (loaded.kind !== 'ready') return 'waits'
    const { held } = loaded
    // A name of its own: the same execution may run here as any other by now, since this message came
    // twice or its starter has not waited. What one leaves suspended is nothing that the other may go on with.
    attempts += 1
    const activation = { ...loaded.activation, key: `${executionId} eager ${attempts}` }
    const commit = await activate(attempt, held, activation)
    slow.delete(attempt)
    if (commit === null || attempt.given) {
      sandbox.forget(held.workspaceId, activation.key)
      return 'waits'
    }
    const execution = { ...start, id: executionId }
    const born = await commits.add({ execution, commit, elapsedMs: monotonicMs() - at })
    return born === null ? 'busy' : endOf(start, commit, born)
  }

  /** Null: it wants something of the world, or left more than its end. */
  async function activate(
    attempt: Attempt,
    held: Held,
    activation: Activation,
  ): Promise<ActivationCommit | null> {
    const result = await realms.activate(held.realm, activation, () => slow.add(attempt))
    if ('lost' in result || result.end === null || result.commands.length > 0) return null
    if (isRevert(result.end)) return null
    const collected = createCollected()
    collect(collected, result)
    if (collected.end !== null && held.outputSchema !== null)
      collected.end = await schemasOf(db).checkEnd(held, collected.end)
    const { commit, payloads } = buildCommit(held, { collected, processId })
    return isShort(commit) && payloads.length === 0 ? commit : null
  }

  async function store(items: readonly EndedAtBirth[]): Promise<(BirthAndEnd | null)[]> {
    const stop = seconds.startTimer()
    try {
      return await createEnded(db, items)
    } catch (error) {
      // One that Postgres refuses must not take its neighbours along.
      if (items.length === 1 || toServiceError(error).retryable) throw error
      return Promise.all(
        items.map((item) =>
          createEnded(db, [item]).then(
            ([born = null]) => born,
            () => null,
          ),
        ),
      )
    } finally {
      stop()
    }
  }

  function refuse(attempt: Attempt, refusal: EagerRefusal): void {
    answer(attempt, { refusal }, refusal)
  }

  /** Once for each; what comes out of one commit goes in one message. */
  function answer(
    attempt: Attempt,
    result: { readonly end: EagerEnd } | { readonly refusal: EagerRefusal },
    outcome: string,
  ): void {
    if (attempt.given) return
    attempt.given = true
    outcomes.inc({ outcome })
    const { executionId } = attempt.start
    const waiting = outbox.get(attempt.replyTo)
    if (waiting !== undefined) return void waiting.push({ executionId, ...result })
    if (outbox.size === 0) queueMicrotask(flush)
    outbox.set(attempt.replyTo, [{ executionId, ...result }])
  }

  function flush(): void {
    for (const [replyTo, results] of outbox) bus.publishEagerResults(replyTo, results)
    outbox.clear()
  }

  function endOf(start: EagerStart, commit: ActivationCommit, born: BirthAndEnd): EagerEnd {
    const { createdAt, startedAt, endedAt, outputHash } = born
    return {
      status: commit.status,
      processId,
      line: commit.line,
      lastCommand: commit.lastCommand,
      name: commit.name ?? start.name,
      message: commit.message ?? null,
      output: outputHash === null ? (commit.output ?? null) : null,
      outputHash,
      createdAt,
      startedAt,
      endedAt,
    }
  }
}

interface Attempt {
  readonly start: EagerStart
  readonly replyTo: string
  readonly at: number
  /** Whether the gateway was answered. */
  given: boolean
}
