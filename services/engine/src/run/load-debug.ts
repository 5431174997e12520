import { hasStops } from '@millrace/replay'
import { debugScript, type Script } from '@millrace/sandbox'
import { type Database, isDebugged, type LoadedExecution, readDebugSession } from '@millrace/store'
import type { HeldDebug } from './held.ts'

/**
 * How an execution stands with its debugger. Null, without a question, for what is productive and was
 * never stopped: all but what somebody works on at the moment.
 */
export async function loadDebug(
  db: Database,
  { workspaceId, executionId, isProductive, history }: LoadedExecution,
): Promise<HeldDebug | null> {
  const wasStopped = hasStops(history)
  if (isProductive && !wasStopped) return null
  const session = await readDebugSession(db, { workspaceId, executionId })
  if (session === null) return null
  const { breakpoints, useBreakpoints, onlyExplicit, breakNext } = session.wanted
  const isOver = session.isProductive
  const settings = {
    breakpoints: useBreakpoints ? breakpoints : [],
    pause: breakNext,
    seen: session.seen,
  }
  return {
    isOn: wasStopped || (!isOver && isDebugged(session.wanted)),
    settings: isOver ? null : settings,
    heedsBreakpoints: useBreakpoints,
    lines: onlyExplicit ? breakpoints : null,
  }
}

/** The script as its debugger runs it. */
export const debuggedScript = (script: Script, { lines }: HeldDebug): Script =>
  debugScript(script, lines)
