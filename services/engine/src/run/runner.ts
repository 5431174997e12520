import type { Bus } from '@millrace/bus'
import type { Activation, Answer, LocalAnswer } from '@millrace/replay'
import { type Logger, type Metrics, parseTraceparent, tracer, withSpan } from '@millrace/runtime'
import type { Sandbox } from '@millrace/sandbox'
import { type CommitResult, type Database, refusalOf } from '@millrace/store'
import type { DispatchItem } from '@millrace/wire'
import { answerCommands } from './answer-commands.ts'
import { buildCommit, isRevert } from './build-commit.ts'
import { createClaims } from './claims.ts'
import { collect, type Collected, createCollected } from './collected.ts'
import { type CommitItem, createCommitter } from './committer.ts'
import { type Held, sandboxKey } from './held.ts'
import { createLoader, type Loaded, type NewAnswers } from './load-held.ts'
import { createGoBack } from './go-back.ts'
import { bytesOfAnswers, bytesOfCommit, isTooMuch, TOO_MUCH } from './past.ts'
import type { Realms } from './realms.ts'
import { schemasOf } from './schemas.ts'
import { createWarmCache } from './warm-cache.ts'

export interface RunnerDeps {
  readonly db: Database
  readonly bus: Bus
  readonly sandbox: Sandbox
  readonly realms: Realms
  readonly log: Logger
  readonly metrics: Metrics
  readonly processId: string
  readonly slowMs: number
  readonly maxWarm: number
  /** Where people reach the gateway: what links to messages begin with. */
  readonly publicUrl: string
}

/** Work for the runner: a dispatch, with the answers where they came along. */
export type Work = DispatchItem & { readonly answers?: readonly Answer[] }

export interface Runner {
  /** Resolves when there is nothing left to do for it here. Never rejects. */
  submit(work: Work): Promise<void>
  /** Somebody else moved it: what is suspended here of it is of the past. */
  letGo(executionId: string): void
  /** Executions that are AT_ENGINE under this process and at work. */
  claimed(): Held[]
  /**
   * Whether a run was given up since this was last asked: something may be AT_ENGINE under this
   * process with nobody at work on it.
   */
  takeDoubt(): boolean
  /** What is suspended here of it, or null. */
  heldOf(executionId: string): Held | null
  /** Lets go of what is suspended here and nothing has come for in a while. */
  coolDown(): void
  isRunning(executionId: string): boolean
  readonly running: number
  readonly warm: number
  /** Resolves when no execution is at work. */
  idle(): Promise<void>
}

/**
 * Runs executions: load or continue, activate, commit, until there is nothing to do for it. One
 * execution is run once at a time; work that arrives meanwhile makes it look again afterwards.
 *
 * A crash anywhere before a commit leaves the execution as it was; its dispatch is delivered again.
 */
export function createRunner(deps: RunnerDeps): Runner {
  const { db, bus, sandbox, realms, log, metrics, processId, publicUrl } = deps
  const loader = createLoader({ db, realms })
  const claims = createClaims(deps)
  const committer = createCommitter(deps)
  const revert = createGoBack({ db, bus })
  const warm = createWarmCache({ max: deps.maxWarm, onEvict: forget })
  const active = new Map<string, { next: Work | null }>()
  const idlers: (() => void)[] = []
  let inDoubt = false
  const activations = metrics.counter('engine_activations_total', 'Activations by how they began', [
    'from',
  ])
  const ended = metrics.counter('engine_ended_total', 'Executions ended here', ['status'])
  const failures = metrics.counter(
    'engine_run_failures_total',
    'Runs given up because a server was away; their dispatch comes again',
  )
  const refused = metrics.counter(
    'engine_refused_total',
    'Executions ended because Postgres refuses what they ask for or leave behind',
  )

  return {
    async submit(work) {
      const running = active.get(work.executionId)
      if (running !== undefined) {
        if (running.next === null || running.next.version <= work.version) running.next = work
        return
      }
      const slot: { next: Work | null } = { next: work }
      active.set(work.executionId, slot)
      try {
        while (slot.next !== null) {
          const due: Work = slot.next
          slot.next = null
          await run(due).finally(() => loader.passed(due.executionId))
        }
      } catch (error) {
        failures.inc()
        log.warn({ error, executionId: work.executionId }, 'a run was given up')
        letGo(work.executionId)
      } finally {
        active.delete(work.executionId)
        if (active.size === 0) for (const resolve of idlers.splice(0)) resolve()
      }
    },

    letGo,
    claimed: () => claims.claimed(),
    takeDoubt() {
      const was = inDoubt
      inDoubt = false
      return was
    },

    get running() {
      return active.size
    },
    get warm() {
      return warm.size
    },
    heldOf: (executionId) => warm.peek(executionId),
    coolDown: warm.coolDown,
    isRunning: (executionId) => active.has(executionId),
    idle: () =>
      active.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve)),
  }

  async function run(work: Work): Promise<void> {
    let begun = await begin(work)
    while (begun !== null) {
      const { held } = begun
      try {
        begun = await traced(begun)
      } catch (error) {
        inDoubt = true
        await claims.settle(held).catch(() => false)
        forget(held)
        throw error
      }
    }
  }

  /** Part of the execution's own trace, when somebody collects spans. */
  function traced(begun: Begun): Promise<Begun | null> {
    if (tracer() === null) return step(begun)
    const { executionId, traceparent, type, version } = begun.held
    const attributes = { 'millrace.execution_id': executionId, 'millrace.type': type, version }
    return withSpan('engine.activation', { traceparent, attributes }, () => step(begun))
  }

  /** One activation and its commit. Returns what to do next with it here, or null. */
  async function step(begun: Begun): Promise<Begun | null> {
    const { held } = begun
    let collected: Collected | 'lost' | 'tooMuch'
    try {
      collected = await activate(begun)
    } catch (error) {
      return endIfRefused(held, error)
    }
    loader.passed(held.executionId)
    if (typeof collected !== 'string' && collected.end !== null && held.outputSchema !== null)
      collected.end = await schemasOf(db).checkEnd(held, collected.end)
    const isOurs = await claims.settle(held)
    if (!isOurs) return drop(held)
    // The realm died with it; what it had not committed is done again from the beginning.
    if (collected === 'lost') return restart(held)
    if (collected === 'tooMuch') return endTooMuch(held)
    const { commit, payloads } = buildCommit(held, { collected, processId })
    held.past += bytesOfCommit(commit, payloads)
    if (!commit.ended && isTooMuch(held.past)) return endTooMuch(held)
    const announceEnd = commit.ended && held.askedForLocks
    let result: CommitResult
    try {
      result = await committer.add({
        commit,
        payloads,
        foreign: collected.foreign,
        foreignMessages: collected.foreignMessages,
        announceEnd,
        debug: debugOf(held, collected),
      })
    } catch (error) {
      return endIfRefused(held, error)
    }
    report(held, result)
    if (!result.applied) return drop(held)
    held.version = result.version
    if (commit.ended) {
      ended.inc({ status: result.status })
      return null
    }
    if (isRevert(collected.end)) return goBack(held, collected.end.to)
    if (held.debug !== null) return result.status === 'WAITING_ENGINE' ? again(held) : drop(held)
    if (result.status === 'WAITING_ENGINE') {
      const answers = await loader.answersAfter(held, held.version)
      if (answers !== null && 'tooMuch' in answers) return endTooMuch(held)
      return answers === null ? drop(held) : continueWith(held, answers)
    }
    warm.keep(held)
    return null
  }

  /** Where to begin: with the suspended one when only its answer has moved it, else from the store. */
  async function begin(work: Work): Promise<Begun | null> {
    const held = warm.take(work.executionId)
    if (held !== null && held.version >= work.version) {
      warm.keep(held) // an old nudge
      return null
    }
    if (held !== null) {
      const answers = held.version + 1 === work.version ? await freshAnswers(held, work) : null
      if (answers !== null && 'answers' in answers && answers.answers.length > 0) {
        activations.inc({ from: 'warm' })
        held.version = work.version
        return continueWith(held, answers)
      }
      forget(held)
    }
    activations.inc({ from: work.fresh === undefined ? 'store' : 'dispatch' })
    const { fresh } = work
    return accept(
      fresh === undefined
        ? await loader.fromStore(work)
        : await loader.fromDispatch({ ...work, fresh }),
    )
  }

  /** Those that came along when they go on where the code stands, else those of the store. */
  async function freshAnswers(held: Held, work: Work): Promise<NewAnswers | null> {
    const answers = work.answers?.filter((answer) => answer.position > held.consumed) ?? []
    if (answers[0]?.position !== held.consumed + 1) return loader.answersAfter(held, work.version)
    return loader.answersInto(held, answers)
  }

  async function restart(held: Held): Promise<Begun | null> {
    activations.inc({ from: 'lost' })
    return accept(await loader.fromStore({ ...held, claimed: true }))
  }

  /** With a debugger: from its beginning, with what is wanted of it by now. */
  async function again(held: Held): Promise<Begun | null> {
    forget(held)
    activations.inc({ from: 'debugger' })
    const { workspaceId, executionId, version } = held
    return accept(await loader.fromStore({ workspaceId, executionId, version }))
  }

  /** Every verdict on an activation once, at the one place where it is known. */
  function report(held: Held, result: CommitResult): void {
    const { executionId, version } = held
    const traceId = parseTraceparent(held.traceparent)?.traceId ?? null
    const verdict = result.applied ? { to: result.status, newVersion: result.version } : 'fenced'
    log.debug({ executionId, traceId, version, verdict }, 'an activation was committed')
  }

  function drop(held: Held): null {
    forget(held)
    return null
  }

  async function accept(loaded: Loaded): Promise<Begun | null> {
    if (loaded.kind === 'ready') return loaded
    if (loaded.kind === 'noScript') await endWithoutScript(loaded.held)
    if (loaded.kind === 'tooMuch') await endInError(loaded.held, TOO_MUCH)
    return null
  }

  /** One activation: crossings until the code waits for somebody else, or has ended. */
  async function activate({ held, ...first }: Begun): Promise<Collected | 'lost' | 'tooMuch'> {
    const collected = createCollected()
    let { activation, bytes } = first
    // They go in once: the sandbox keeps those that the code has not come to.
    const { answers } = activation
    let seen = 0
    let given = 0
    for (;;) {
      const result = await realms.activate(held.realm, activation, () => claims.watch(held), bytes)
      if ('lost' in result) return 'lost'
      collect(collected, result)
      for (
        let answer = answers[seen];
        answer !== undefined && answer.position <= result.consumed;
        answer = answers[++seen]
      )
        held.waits.delete(answer.seq)
      // One that the platform ends says how far it was given answers, and by now that is not at all.
      held.consumed = Math.max(held.consumed, result.consumed)
      const { commands } = result
      const local = await answerCommands(db, held, { collected, commands, publicUrl })
      // A stop has left nothing suspended: its answer, and those of the engine, go in with a replay.
      if (result.end !== null || result.stop !== undefined) return collected
      if (local.length === 0 && seen === answers.length) return collected
      bytes = bytesOfAnswers(local)
      given += bytes
      if (isTooMuch(held.past + given)) return 'tooMuch'
      activation = {
        kind: 'continue',
        key: sandboxKey(held),
        local: local satisfies LocalAnswer[],
        answers: [],
      }
    }
  }

  function letGo(executionId: string): void {
    const held = warm.take(executionId)
    if (held !== null) forget(held)
  }

  function forget(held: Held): void {
    sandbox.forget(held.workspaceId, sandboxKey(held))
  }

  /**
   * The code has gone back to call `to`, and what it did before is committed. A crash here leaves it
   * ready: its replay goes back once more.
   */
  async function goBack(held: Held, to: number): Promise<Begun | null> {
    forget(held)
    const went = await revert(held, to)
    if (went === null) return null
    if ('why' in went) {
      await endInError(held, went.why)
      return null
    }
    activations.inc({ from: 'revert' })
    return accept(await loader.fromStore({ ...held, version: went.version }))
  }

  /** What it asks for or leaves behind, Postgres takes at no time. */
  async function endIfRefused(held: Held, error: unknown): Promise<null> {
    const why = refusalOf(error)
    if (why === null) throw error
    refused.inc()
    if (await claims.settle(held)) await endInError(held, refusedMessage(why))
    return drop(held)
  }

  /** Nothing of this activation is kept but the end. A crash before leaves what has to end so once more. */
  async function endTooMuch(held: Held): Promise<null> {
    await endInError(held, TOO_MUCH)
    return drop(held)
  }

  function endWithoutScript(held: Held): Promise<void> {
    return endInError(held, 'its script is not in this workspace any more')
  }

  async function endInError(held: Held, message: string): Promise<void> {
    const collected = createCollected()
    collected.end = { status: 'ENDED_ERROR', message, output: null }
    await committer.add({
      ...buildCommit(held, { collected, processId }),
      foreign: [],
      foreignMessages: [],
      announceEnd: held.askedForLocks,
      debug: held.debug === null ? null : { stop: null },
    })
  }
}

/** What the message of an execution says when Postgres takes nothing of what its code has asked for. */
const refusedMessage = (why: string): string =>
  `Postgres refuses what the code leaves behind: ${why}. Nothing of this activation is kept; correct the value in the code, and start it anew`

interface Begun {
  readonly held: Held
  readonly activation: Activation
  /** What the activation brings along. */
  readonly bytes: number
}

function debugOf({ debug }: Held, { stop }: Collected): CommitItem['debug'] {
  if (debug === null) return null
  return {
    stop: stop === null ? null : { seq: stop.seq, line: stop.line, text: JSON.stringify(stop) },
  }
}

const continueWith = (
  held: Held,
  { answers, bytes }: Extract<NewAnswers, { readonly answers: unknown }>,
): Begun => ({
  held,
  bytes,
  activation: { kind: 'continue', key: sandboxKey(held), local: [], answers },
})
