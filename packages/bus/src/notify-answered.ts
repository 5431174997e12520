import type { MovedItem, ResumeItem } from '@millrace/wire'
import type { Bus } from './bus.ts'
import type { Pool } from './subjects.ts'

/** An execution of which at least one wait was answered: what the store's `answerWaits` returns. */
export interface AnsweredLike {
  readonly workspaceId: string
  readonly executionId: string
  readonly version: number
  readonly status: MovedItem['status']
  readonly type: string
  readonly parentId: string | null
  readonly priority: number
  /** Whether the answer moved it to WAITING_ENGINE. */
  readonly moved: boolean
  /** The process that holds it or keeps it warm. */
  readonly processId: string | null
  readonly answers: ResumeItem['answers']
}

/**
 * Tells whoever can go on with answered executions: the process that keeps one warm, as long as it
 * lives, otherwise the pool. To be called after the commit; a crash before it leaves an execution in
 * WAITING_ENGINE that the sweep finds.
 *
 * One that was not moved (it is at an engine, or ready already) concerns only the process that has it.
 * One that is paused concerns nobody until it is resumed. Whoever watches hears of all that were moved.
 */
export function notifyAnswered(
  bus: Pick<Bus, 'publishResume' | 'publishDispatch' | 'publishMoved'>,
  answered: readonly AnsweredLike[],
  alive: (processId: string) => boolean,
): void {
  const warm = new Map<string, ResumeItem[]>()
  const cold = new Map<Pool, AnsweredLike[]>()
  for (const one of answered) {
    if (one.status === 'PAUSED') continue
    if (one.processId !== null && alive(one.processId)) append(warm, one.processId, resumeOf(one))
    else if (one.moved) append(cold, one.type === 'CONNECTION' ? 'connector' : 'engine', one)
  }
  for (const [processId, items] of warm) bus.publishResume(processId, items)
  for (const [pool, items] of cold) void bus.publishDispatch(pool, items.map(dispatchOf))
  bus.publishMoved(answered.filter((one) => one.moved))
}

const resumeOf = ({ workspaceId, executionId, version, answers }: AnsweredLike): ResumeItem => ({
  workspaceId,
  executionId,
  version,
  answers,
})

const dispatchOf = ({ workspaceId, executionId, version, priority }: AnsweredLike) => ({
  workspaceId,
  executionId,
  version,
  priority,
})

function append<Key, Value>(groups: Map<Key, Value[]>, key: Key, value: Value): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [value])
  else group.push(value)
}
