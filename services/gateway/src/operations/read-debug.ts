import { isEnded } from '@millrace/execution'
import { monotonicMs } from '@millrace/runtime'
import { effectiveLines } from '@millrace/sandbox'
import {
  type ExecutionRow,
  readDebugSession,
  readExecution,
  readScript,
  readWaits,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import { createBell } from './bell.ts'

/** How an execution stands with its debugger. */
export interface DebugView {
  readonly execution_id: string
  readonly status: string
  readonly is_productive: boolean
  readonly is_stopped: boolean
  /** The line, why it stopped there, the call stack, the variables. */
  readonly stop: Readonly<Record<string, unknown>> | null
  readonly breakpoints: readonly number[]
  readonly use_breakpoints: boolean
  readonly use_only_explicit_breakpoints: boolean
  readonly break: boolean
  /** On request: the lines that can be stopped at, rising. */
  readonly lines?: readonly number[]
}

// When the nudge is lost.
const POLL_MS = 1_000

/**
 * With `waitSeconds`, as soon as it is stopped or has ended, when the time is up, or when `gone` aborts:
 * nobody waits any more. Throws `notFound`.
 */
export async function readDebug(
  context: Context,
  caller: Caller,
  request: { id: string; waitSeconds: number; gone: () => AbortSignal; withLines: boolean },
): Promise<DebugView> {
  const { id, waitSeconds, withLines } = request
  const key = { workspaceId: caller.workspaceId, executionId: id }
  const until = monotonicMs() + waitSeconds * 1_000
  const gone = waitSeconds > 0 ? request.gone() : undefined
  const bell = createBell(gone)
  const view = waitSeconds > 0 ? context.views.listen(id, bell.ring) : null
  try {
    for (;;) {
      const row = await readExecution(context.api, key)
      if (row === null) throw executionNotFound(id)
      const seen = await look(context, row)
      const leftMs = until - monotonicMs()
      const isOver = leftMs <= 0 || context.views.isStopped || gone?.aborted === true
      if (seen.is_stopped || isEnded(row.status) || isOver)
        return withLines ? { ...seen, lines: await linesOf(context, row) } : seen
      await bell.wait(Math.min(POLL_MS, leftMs))
    }
  } finally {
    view?.stop()
  }
}

async function look(context: Context, row: ExecutionRow): Promise<DebugView> {
  const key = { workspaceId: row.workspace_id, executionId: row.id }
  const [waits, session] = await Promise.all([
    readWaits(context.api, key),
    readDebugSession(context.api, key),
  ])
  if (session === null) throw executionNotFound(row.id)
  const open = waits.find(({ kind }) => kind === 'BREAK')
  const kept = session.stop === null ? null : (JSON.parse(session.stop) as { seq: number })
  // Both are read without a lock: what belongs to a stop of another moment is not shown.
  const stop = kept !== null && kept.seq === open?.seq ? { ...kept } : null
  const { breakpoints, useBreakpoints, onlyExplicit, breakNext } = session.wanted
  return {
    execution_id: row.id,
    status: row.status,
    is_productive: session.isProductive,
    is_stopped: stop !== null,
    stop,
    breakpoints,
    use_breakpoints: useBreakpoints,
    use_only_explicit_breakpoints: onlyExplicit,
    break: breakNext,
  }
}

async function linesOf({ api }: Context, row: ExecutionRow): Promise<readonly number[]> {
  if (row.script_hash_hex === null) return []
  const script = await readScript(api, row.workspace_id, row.script_hash_hex)
  return script === null ? [] : effectiveLines(script.source, script.language)
}
