import { loop, type Loop, now } from '@millrace/runtime'
import type { Outcome } from '@millrace/replay'
import {
  deleteStaleWaits,
  type DueWait,
  nextDueMs,
  reachGates,
  takeDue,
  type WaitAnswer,
} from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import { answer } from '../resolve/answer.ts'

/**
 * Answers waits whose time has come, in batches, and sleeps until the next one. Postgres's clock
 * judges; this process's clock only says when to look again, so being wrong costs a look.
 */
export interface Timers extends Loop {
  /** A timer was set for this time (ms since 1970). */
  noteDue(dueAt: number): void
}

export function timersLoop(context: SchedulerContext): Timers {
  const { config, db, log, metrics, shards } = context
  let isBacklog = false
  let nextAt = 0
  /** The earliest time that was noted since the run began: the query may have been before it. */
  let noted = Infinity
  /** Nothing is known to be due: whether something is, is asked first. */
  let isLook = false

  const timers = loop('timers', {
    async run() {
      const fence = shards.fence()
      if (fence.held.length === 0) return LOOK_EVERY_MS
      nextAt = 0
      noted = Infinity
      if (isLook) {
        const delayMs = await untilNext(fence)
        if (delayMs > 0) return delayMs
      }
      const due = await takeDue(db, { ...fence, limit: config.timerBatch, isBacklog })
      if (due.length > 0) {
        const isStuck = !(await settle(due))
        isBacklog = due.length === config.timerBatch
        if (isBacklog) return isStuck ? STUCK_MS : 0
      }
      isBacklog = false
      const delayMs = await untilNext(fence)
      if (delayMs > 0) return delayMs
      // Due and not to be had: our lease has run out, and whoever has it now takes it.
      return due.length > 0 ? 1 : STUCK_MS
    },
    onError: retryLogger(log),
  })

  /** ms until the next look, which finds something due unless that is the longest pause. */
  async function untilNext({ held }: { readonly held: readonly { shard: number }[] }) {
    const inMs = await nextDueMs(
      db,
      held.map(({ shard }) => shard),
    )
    const nearestMs = Math.min(inMs ?? Infinity, noted - now())
    isLook = nearestMs > LOOK_EVERY_MS
    // Rounded up: a timer that fires within the millisecond would find nothing due yet.
    const delayMs = Math.ceil(Math.min(Math.max(nearestMs, 0), LOOK_EVERY_MS))
    nextAt = now() + delayMs
    return delayMs
  }

  /** False: nothing came of the whole batch, and it would be due again at once. */
  async function settle(due: readonly DueWait[]): Promise<boolean> {
    const [gated, others] = [due.filter(isGated), due.filter((wait) => !isGated(wait))]
    const answered = await answer(context, 'timer', others.map(toAnswer))
    const reached = await reachGates(db, gated)
    // A crash before this leaves requests that the lock-manager's sweep finds.
    context.bus.publishMoved(reached)
    context.bus.nudgeLocks(reached.filter(({ status }) => status === 'WAITING_LOCK'))
    for (const wait of due) {
      metrics.timersLate.observe(wait.lateMs / 1_000)
      metrics.resolved.inc({ kind: isTimer(wait) ? wait.kind : 'timeout' })
    }
    // The queue of a lock that somebody stopped waiting for has moved up.
    context.bus.nudgeLocks(
      due.flatMap(({ workspaceId, kind, subject }) =>
        kind === 'LOCK' && subject !== null ? [{ workspaceId, key: subject }] : [],
      ),
    )
    if (answered.length + reached.length > 0) return true
    return (await deleteStaleWaits(db, due)).length > 0
  }

  return {
    ...timers,
    noteDue(dueAt) {
      noted = Math.min(noted, dueAt)
      if (dueAt < nextAt + SKEW_MS) timers.wake()
    },
  }
}

// Also the most that a timer is late when its nudge was lost.
const LOOK_EVERY_MS = 1_000
const STUCK_MS = 250
// Clocks of other machines may be off by this much without delaying a timer.
const SKEW_MS = 100

const isTimer = ({ kind }: DueWait): boolean => kind === 'START' || kind === 'TIMER'

/** Its start time has come, and what it needs next is a place in its flow. */
const isGated = ({ kind, subject }: DueWait): boolean => kind === 'START' && subject !== null

function toAnswer(wait: DueWait): WaitAnswer {
  const { workspaceId, executionId, generation, seq } = wait
  const outcome: Outcome = isTimer(wait)
    ? { kind: 'value', value: { v: null } }
    : { kind: 'timeout' }
  return { workspaceId, executionId, generation, seq, outcome }
}
