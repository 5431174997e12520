import type { Bus } from '@millrace/bus'
import { after, type Metrics, monotonicMs, soon, type Timer } from '@millrace/runtime'
import { type EndedRow, hasAside, type NewExecution } from '@millrace/store'
import type { EagerEnd, EagerRefusal, EagerResult, EagerStart } from '@millrace/wire'

/**
 * Starts for which somebody waits, handed to an engine before they are stored: most flows end at
 * once, and are then born and ended in one commit. The engine gives back what is slow, waits for
 * anything or has children; an engine that says nothing is not waited for long. Both start as any
 * other then, under the same id, so that they are there once whoever was first.
 */
export interface EagerStarts {
  /** The end, or null: it is to be stored and dispatched. */
  run(item: NewExecution, withinMs: number): Promise<EndedRow | null>
  /** What engines say. */
  heard(results: readonly EagerResult[]): void
  /** No engine is there. */
  nobody(): void
  /** Gives everything back: the process stops. */
  stop(): void
}

/** Longer than any commit takes; after that the engine is taken for dead. */
const SILENCE_MS = 2_000
/** How long nothing is tried after an engine was silent, and with a script that was given back. */
const REST_MS = 5_000
const NOBODY_REST_MS = 1_000
/** After a slow one, which may be the machine's fault. */
const SLOW_REST_MS = 250
/** A rest that did not help is doubled, up to this. */
const REST_MAX_MS = 60_000
const MAX_WAITING = 1_024
const MAX_SCRIPTS = 10_000
/** A large input would be copied through NATS twice. */
const INPUT_MAX_CHARS = 8_192

export function createEagerStarts(deps: {
  readonly bus: Bus
  readonly metrics: Metrics
  readonly processId: string
  readonly silenceMs?: number
}): EagerStarts {
  const { bus, metrics, processId, silenceMs = SILENCE_MS } = deps
  const waiting = new Map<string, Waiting>()
  /** Scripts whose executions do not end at once, and until when that is believed. */
  const slow = new Map<string, { readonly until: number; readonly restMs: number }>()
  let restUntil = 0
  let outbox: EagerStart[] = []
  let timer: Timer | null = null
  const starts = metrics.counter('eager_starts_total', 'Eager starts by what became of them', [
    'outcome',
  ])

  return {
    run(item, withinMs) {
      const start = toStart(item)
      if (start === null || !isWorthIt(start.scriptHash)) return Promise.resolve(null)
      return new Promise((resolve) => {
        const until = monotonicMs() + Math.min(withinMs, silenceMs)
        waiting.set(item.id, { resolve, until, scriptHash: start.scriptHash })
        timer ??= after(silenceMs, dropSilent)
        if (outbox.length === 0) soon(send)
        outbox.push(start)
      })
    },
    heard(results) {
      for (const result of results) {
        const found = waiting.get(result.executionId)
        if (found === undefined) continue
        waiting.delete(result.executionId)
        starts.inc({ outcome: 'end' in result ? 'ended' : result.refusal })
        if ('refusal' in result) learn(found.scriptHash, result.refusal)
        found.resolve('end' in result ? toEndedRow(result.executionId, result.end) : null)
      }
    },
    nobody() {
      restUntil = monotonicMs() + NOBODY_REST_MS
      giveAllBack()
    },
    stop() {
      timer?.cancel()
      restUntil = Number.POSITIVE_INFINITY
      giveAllBack()
    },
  }

  function giveAllBack(): void {
    for (const { resolve } of waiting.values()) resolve(null)
    waiting.clear()
  }

  function isWorthIt(scriptHash: string): boolean {
    const at = monotonicMs()
    if (at < restUntil || waiting.size >= MAX_WAITING || !bus.connected()) return false
    return at >= (slow.get(scriptHash)?.until ?? 0)
  }

  /** The next of this script would fare the same: it is left alone for a while. */
  function learn(scriptHash: string, refusal: EagerRefusal): void {
    if (refusal === 'busy') return
    const at = monotonicMs()
    const before = slow.get(scriptHash)
    if (before !== undefined && at < before.until) return // of the same burst
    const isAgain = before !== undefined && at < before.until + before.restMs
    const first = refusal === 'waits' ? REST_MS : SLOW_REST_MS
    const restMs = isAgain ? Math.min(2 * before.restMs, REST_MAX_MS) : first
    slow.delete(scriptHash) // the latest is the last to be forgotten
    slow.set(scriptHash, { until: at + restMs, restMs })
    if (slow.size > MAX_SCRIPTS) slow.delete(slow.keys().next().value ?? '')
  }

  function send(): void {
    const items = outbox
    outbox = []
    bus.publishEager(processId, items)
  }

  function dropSilent(): void {
    timer = null
    const at = monotonicMs()
    for (const [id, { resolve, until }] of waiting) {
      if (until > at) continue
      waiting.delete(id)
      restUntil = at + REST_MS
      starts.inc({ outcome: 'silent' })
      resolve(null)
    }
    if (waiting.size > 0) timer = after(silenceMs / 4, dropSilent)
  }
}

interface Waiting {
  readonly resolve: (end: EndedRow | null) => void
  readonly until: number
  readonly scriptHash: string
}

/** Null for what cannot end at once, or is too large to be carried about. */
function toStart(item: NewExecution): EagerStart | null {
  const { type, scriptHash, id: executionId } = item
  if ((type !== 'FLOW' && type !== 'SCRIPT') || scriptHash === null) return null
  if (item.paused || item.scheduledFor !== null || item.input.length > INPUT_MAX_CHARS) return null
  // In development mode it may have a debugger, and whoever is stopped does not end at once.
  if (!item.isProductive) return null
  if (item.gates !== undefined && item.gates !== null) return null
  // Born with rows beside its own: that is another commit than an engine's.
  if (hasAside(item)) return null
  return {
    workspaceId: item.workspaceId,
    executionId,
    type,
    name: item.name,
    flowId: item.flowId,
    scriptHash,
    projectId: item.projectId,
    input: item.input,
    isProductive: item.isProductive,
    priority: item.priority,
    createdBy: item.createdBy,
    traceparent: item.traceparent,
    extra: item.extra,
  }
}

const toEndedRow = (id: string, end: EagerEnd): EndedRow => ({
  id,
  status: end.status,
  version: 2,
  epoch: 0,
  generation: 1,
  process_id: end.processId,
  lineno: end.line,
  last_command: end.lastCommand,
  name: end.name,
  message: end.message,
  output: end.output,
  output_hash: end.outputHash,
  created_at: end.createdAt,
  started_at: end.startedAt,
  moved_at: end.endedAt,
  ended_at: end.endedAt,
})
