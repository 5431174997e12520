import { isOuter, isOver } from './call-stack.ts'
import type { CallFrame } from './call-stack.ts'
import type { StopAnswer, StopReason } from './debug.ts'

/**
 * Decides at which lines the code stops. `frame` is the call that has come to the line; null where
 * calls are not followed, which is where only given lines were compiled in: there is no stepping then.
 */
export class Stepper {
  /** By line. */
  #breakpoints: readonly (true | undefined)[] = []
  #pause = false
  #step: Step | null = null

  /** False: the code surely does not stop at this line. */
  watches(line: number): boolean {
    return this.#pause || this.#step !== null || this.#breakpoints[line] === true
  }

  adjust(settings: { readonly breakpoints: readonly number[]; readonly pause: boolean }): void {
    const breakpoints: (true | undefined)[] = []
    for (const line of settings.breakpoints) if (line > 0) breakpoints[line] = true
    this.#breakpoints = breakpoints
    this.#pause = settings.pause
  }

  /** Goes on from a stop of `frame`; `calls` counts the calls made so far. */
  go(answer: StopAnswer, frame: CallFrame | null, calls: number): void {
    if (answer.action === 'run_to') this.#step = { to: answer.line }
    else if (answer.action === 'continue' || frame === null) this.#step = null
    else this.#step = { how: answer.action, from: frame, calls }
  }

  reasonAt(line: number, frame: CallFrame | null): StopReason | null {
    if (this.#breakpoints[line] === true) return 'breakpoint'
    if (this.#step !== null && isStepDone(this.#step, line, frame)) return 'step'
    // Whoever pauses a flow wants to see its handler, not the constants above it.
    return this.#pause && frame?.isModule !== true ? 'pause' : null
  }
}

type Step =
  | { readonly to: number }
  | {
      readonly how: 'step_over' | 'step_into' | 'step_out'
      readonly from: CallFrame
      readonly calls: number
    }

function isStepDone(step: Step, line: number, frame: CallFrame | null): boolean {
  if ('to' in step) return line === step.to
  const { how, from, calls } = step
  if (frame === null) return false
  // Nothing is left to step in: whatever runs next is next.
  if (isOuter(frame, from) || isOver(from)) return true
  if (how === 'step_out') return false
  if (frame === from) return true
  // Called from the line, or queued since, as callbacks of promises are.
  return how === 'step_into' && (isOuter(from, frame) || frame.root > calls)
}
