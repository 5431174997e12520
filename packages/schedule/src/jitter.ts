import { createHash } from 'node:crypto'

/**
 * When a planned run starts: up to `jitterMs` later, so that schedules with one time do not start
 * together. The same schedule and time give the same start, whoever asks and however often; the
 * start lies before the next planned time, so that runs keep their order.
 */
export function jitteredStart(facts: {
  readonly scheduleId: string
  readonly plannedMs: number
  readonly jitterMs: number
  readonly nextPlannedMs: number | null
}): number {
  const { plannedMs, jitterMs, nextPlannedMs } = facts
  const roomMs = Math.min(jitterMs, (nextPlannedMs ?? Infinity) - plannedMs - 1)
  if (roomMs <= 0) return plannedMs
  return plannedMs + Math.floor(fraction(`${facts.scheduleId} ${plannedMs}`) * (roomMs + 1))
}

/** From 0 up to 1, spread evenly over texts. */
const fraction = (text: string): number =>
  createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48
