import type { CallFrame } from '@millrace/replay'
import type { DebugRun } from './debug-run.ts'
import type { Reader, Readers } from './debug-stop.ts'

/**
 * What the code of a script that was compiled for its debugger calls; `debug/instrument.ts` writes the
 * calls. None of them awaits anything, and none but `b`, `s` and `g` throws.
 */
export function debugHooks(run: DebugRun): object {
  const { stack } = run
  return Object.freeze({
    /** A call begins; the module's body is one too. */
    e: (isModule?: boolean) => stack.enter(isModule),
    /** It ends. */
    x: (frame: CallFrame) => stack.leave(frame),
    /** It leaves over an `await` or a `yield` of `value`. */
    w: (frame: CallFrame, value: unknown) => {
      stack.suspend(frame)
      return value
    },
    /** It is back from an `await`. */
    r: (frame: CallFrame, value: unknown) => {
      stack.resume(frame, false)
      return value
    },
    /** It is back from a `yield`. */
    y: (frame: CallFrame, value: unknown) => {
      stack.resume(frame, true)
      return value
    },
    /** Whether to stop before a line. */
    b: (line: number, frame?: CallFrame) => run.reach(line, frame ?? null),
    /** Stops there. */
    s: (local: Readers, closure: Readers, module: Readers, expressions: readonly Reader[] = []) =>
      run.halt([local, closure, module], expressions),
    /** Goes on only when it has not stopped. */
    g: () => run.guard(),
  })
}
