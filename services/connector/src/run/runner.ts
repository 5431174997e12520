import { after, createSlots } from '@millrace/runtime'
import {
  adoptConnection,
  claimConnections,
  type ClaimedConnection,
  closeAttempt,
  type ConnectionClaim,
  createBatcher,
  type LoadedConnection,
  loadConnections,
  releaseConnection,
} from '@millrace/store'
import type { ControlItem, DispatchItem, ExecutionKey } from '@millrace/wire'
import type { ConnectorContext } from '../context.ts'
import { unknownAnswer } from './answer-of.ts'
import { type KeptAnswer, writeNotes } from './attempt-notes.ts'
import { createEnds } from './ends.ts'
import type { Held } from './held.ts'
import { openNotes, type Plan, planConnection } from './plan.ts'
import { persist } from './persist.ts'
import { type LastAttempt, runHeld } from './run-held.ts'
import { whileHeld } from './while-held.ts'

/** Takes connections, runs their attempts, writes how they ended. */
export interface Runner {
  /**
   * Resolves when the item is dealt with as far as the queue is concerned: claimed, ended or not ours,
   * or left to others because this process stops.
   */
  submit(
    item: Pick<DispatchItem, 'workspaceId' | 'executionId' | 'version'>,
  ): Promise<'done' | 'left'>
  /** Somebody moved an execution that may be under way here. */
  control(item: ControlItem): Promise<void>
  readonly running: readonly Held[]
  /** Whether a claim, or a taking back, failed so that it may have been written; asking forgets it. */
  takeDoubt(): boolean
  /** Lets connections finish for `ms`, then cuts them off and gives back what may be repeated. */
  drain(ms: number): Promise<void>
}

export function createRunner(context: ConnectorContext): Runner {
  const { db, bus, log, metrics, processId, config } = context
  const running = new Map<string, Held>()
  const slots = createSlots(config.maxInFlight)
  const ends = createEnds(context)
  const loads = createBatcher<ExecutionKey, LoadedConnection | null>({
    async run(keys) {
      const rows = new Map((await loadConnections(db, keys)).map((row) => [row.executionId, row]))
      return keys.map((key) => rows.get(key.executionId) ?? null)
    },
  })
  const claims = createBatcher<ConnectionClaim, ClaimedConnection | null>({
    async run(items) {
      const claimed = await claimConnections(db, { items, processId })
      return items.map((item) => claimed.get(item.executionId) ?? null)
    },
  })
  const idlers: (() => void)[] = []
  let doubt = false
  let isDraining = false
  /** For a slot. */
  let waiting = 0

  async function submit(item: Parameters<Runner['submit']>[0]): Promise<'done' | 'left'> {
    waiting += 1
    await slots.take()
    waiting -= 1
    let isBusy = false
    try {
      // What is not claimed when the stop comes is left for others: the queue offers it again.
      if (isDraining) return 'left'
      const row = await loads.add(item)
      if (row === null) return 'done'
      const isRunning = running.has(item.executionId)
      const plan = planConnection(row, { version: item.version, processId, isRunning })
      isBusy = plan.kind === 'attempt' && (await begin(row, plan))
      if (plan.kind !== 'attempt') await settle(row, plan)
      return 'done'
    } catch (error) {
      // Postgres is away: the row stays as it is, and the sweep offers it again.
      doubt = true
      log.warn({ error, executionId: item.executionId }, 'a connection could not be taken')
      return 'done'
    } finally {
      if (!isBusy) slots.give()
    }
  }

  /** Claims and starts. True: it is under way now, and holds its slot until it is done. */
  async function begin(
    row: LoadedConnection,
    plan: Plan & { readonly kind: 'attempt' },
  ): Promise<boolean> {
    const { workspaceId, executionId, generation } = row
    const { attempt, nth, mayHaveHappened, repeatClass, connectorType, input } = plan
    // Two deliveries of one message in one batch: the second would be claimed as the first.
    if (running.has(executionId)) return false
    const held: Held = {
      workspaceId,
      executionId,
      generation,
      connectorType,
      repeatClass,
      input,
      traceparent: row.traceparent,
      version: row.version,
      epoch: row.epoch,
      attempt,
      nth,
      mayHaveHappened,
      stop: new AbortController(),
      adopting: null,
      isOver: false,
      stopped: null,
    }
    running.set(executionId, held)
    const details = writeNotes(openNotes(generation, plan))
    const claimed = await claims
      .add({ workspaceId, executionId, version: row.version, attempt, repeatClass, details })
      .catch((error: unknown) => {
        forget(held)
        throw error
      })
    if (claimed === null) {
      forget(held)
      return false
    }
    held.version = claimed.version
    held.epoch = claimed.epoch
    if (nth > 1) metrics.repeats.inc({ type: connectorType })
    const { version, parentId } = claimed
    bus.publishMoved([{ workspaceId, executionId, version, status: 'AT_ENGINE', parentId }])
    void run(held)
    return true
  }

  async function run(held: Held): Promise<void> {
    try {
      const verdict = await runHeld(context, held)
      if (verdict.kind === 'ended') await finish(held, verdict.answer, verdict.last)
      if (verdict.kind === 'giveBack') await giveBack(held, verdict.last)
      if (verdict.kind === 'lost') await leave(held)
    } catch (error) {
      // Ours to mend; whether something left is not known any more.
      log.error({ error, executionId: held.executionId }, 'the connector failed on its own')
      const notes = openNotes(held.generation, held)
      const answer = unknownAnswer('The connector failed on its own.', held.repeatClass)
      await finish(held, answer, { outcome: 'unknown', notes })
    } finally {
      forget(held)
      slots.give()
    }
  }

  /** Writes the end; if somebody has moved the execution, its answer waits with the attempt. */
  async function finish(held: Held, answer: KeptAnswer, last: LastAttempt): Promise<void> {
    const { outcome } = last
    const attempt = { attempt: held.attempt, outcome, details: writeNotes(last.notes) }
    const end = async () => {
      const result = await ends.end({ ...held, ...answer, attempt })
      return result.applied ? result : null
    }
    if ((await whileHeld(held, end)) !== null) return
    metrics.fenced.inc()
    const details = writeNotes({ ...last.notes, answer })
    await closeAndLeave(held, { outcome, details })
  }

  /** Of one that somebody has moved: what its attempt brought waits with it. */
  async function closeAndLeave(
    held: Held,
    end: { readonly outcome: LastAttempt['outcome']; readonly details: string },
  ): Promise<void> {
    await persist(log, () => closeAttempt(db, { ...held, ...end, processId }))
    await leave(held)
  }

  /** Of one that somebody has moved, once its attempt is closed. */
  async function leave(held: Held): Promise<void> {
    forget(held)
    const row = await persist(log, () => loads.add(held))
    // Taken back by us, the answer to that lost: nobody else is going to look after it.
    if (row?.status === 'AT_ENGINE') doubt = true
    if (row?.status !== 'WAITING_ENGINE') return
    // Resumed in between: the answer is there now, and nobody else may come by to find it.
    const at = { version: row.version, processId, isRunning: false }
    await settle(row, planConnection(row, at))
  }

  /** What is left to do without an attempt. */
  async function settle(row: LoadedConnection, plan: Plan): Promise<void> {
    const { workspaceId, executionId, version } = row
    const held = running.get(executionId)
    if (plan.kind === 'adopt' && held !== undefined) await adopt(held, version)
    if (plan.kind === 'defer')
      bus.publishControl(plan.processId, [
        { workspaceId, executionId, version, status: 'WAITING_ENGINE' },
      ])
    if (plan.kind === 'end') {
      const last = row.lastAttempt
      const attempt =
        plan.lost && last !== null
          ? { attempt: last.attempt, outcome: 'unknown' as const, details: last.details ?? 'null' }
          : null
      await ends.end({
        workspaceId,
        executionId,
        version,
        epoch: row.epoch,
        ...plan.answer,
        attempt,
      })
    }
  }

  async function adopt(held: Held, version: number): Promise<void> {
    if (held.isOver || held.adopting !== null) return
    const taken = takeBack(held, version)
    held.adopting = taken.then(
      () => void (held.adopting = null),
      () => void (held.adopting = null),
    )
    await taken
  }

  async function takeBack(held: Held, version: number): Promise<void> {
    const claimed = await adoptConnection(db, { ...held, version, processId })
    if (claimed === null) return
    held.version = claimed.version
    held.epoch = claimed.epoch
    const { workspaceId, executionId } = held
    bus.publishMoved([
      {
        workspaceId,
        executionId,
        version: claimed.version,
        status: 'AT_ENGINE',
        parentId: claimed.parentId,
      },
    ])
  }

  async function giveBack(held: Held, { outcome, notes }: LastAttempt): Promise<void> {
    const { workspaceId, executionId } = held
    // Cut off by us: that does not count against it.
    const details = writeNotes({ ...notes, nth: notes.nth - 1 })
    const release = () => persist(log, () => releaseConnection(db, { ...held, outcome, details }))
    const released = await whileHeld(held, release)
    if (released === null) {
      await closeAndLeave(held, { outcome, details })
      return
    }
    const { version, parentId } = released
    bus.publishMoved([{ workspaceId, executionId, version, status: 'WAITING_ENGINE', parentId }])
    await bus.publishDispatch('connector', [{ workspaceId, executionId, version }])
  }

  async function control({ executionId, version, status }: ControlItem): Promise<void> {
    const held = running.get(executionId)
    if (held === undefined || version <= held.version) return
    if (status === 'WAITING_ENGINE') await adopt(held, version)
    // A pause lets it run to its end: the far side does not pause.
    if (status.startsWith('ENDED_')) stop(held, 'cancelled')
  }

  function stop(held: Held, why: 'cancelled' | 'draining'): void {
    held.stopped ??= why
    held.stop.abort()
  }

  function forget(held: Held): void {
    if (running.get(held.executionId) !== held) return
    running.delete(held.executionId)
    if (running.size === 0) for (const idler of idlers.splice(0)) idler()
  }

  const idle = (): Promise<void> =>
    running.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))

  return {
    submit,
    control,
    get running() {
      return [...running.values()]
    },
    takeDoubt() {
      const was = doubt
      doubt = false
      return was
    },
    async drain(ms) {
      isDraining = true
      // Each of them is left now, and needs no slot for that.
      for (let left = waiting; left > 0; left -= 1) slots.give()
      const cut = after(ms, () => {
        for (const held of running.values()) stop(held, 'draining')
      })
      await idle()
      cut.cancel()
    },
  }
}
