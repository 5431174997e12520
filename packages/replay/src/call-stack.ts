/** One call of a function of the author's, from its beginning to its end. */
export interface CallFrame {
  /** Rises with every call. */
  readonly id: number
  /** The `id` of the call that the platform, or the queue, began all of it with. */
  readonly root: number
  /** Who called it; those that have ended may be left out. Null: the platform, or a queued callback. */
  parent: CallFrame | null
  /** Who runs on when it returns or awaits: its caller, as long as it has not awaited. */
  below: CallFrame | null
  /** The body of the module, which runs before the handler. */
  readonly isModule: boolean
  ended: boolean
  /** The line it stands in, and which visit of that line this is. */
  line: number
  hit: number
}

/**
 * The calls of one execution as its compiled code reports them: where each began, ended, and left and
 * came back over an `await`. What the debugger steps by: V8 knows who is called by whom, but gives
 * no call an identity that outlasts an `await`.
 */
export class CallStack {
  /** The call that runs now. */
  top: CallFrame | null = null
  #calls = 0

  /** How many calls there have been. */
  get calls(): number {
    return this.#calls
  }

  enter(isModule = false): CallFrame {
    const parent = this.top
    // Nothing runs in a call that has ended, so a chain of them need not be kept for its end.
    if (parent !== null) parent.parent = firstAlive(parent.parent)
    const id = ++this.#calls
    const root = parent?.root ?? id
    const frame = { id, root, parent, below: parent, isModule, ended: false, line: 0, hit: 0 }
    this.top = frame
    return frame
  }

  leave(frame: CallFrame): void {
    frame.ended = true
    this.top = frame.below
  }

  /** It awaits or yields: its caller runs on. */
  suspend(frame: CallFrame): void {
    this.top = frame.below
    frame.below = null
  }

  /** It runs again, called by nobody after an `await`, by whoever asks for its next value after a `yield`. */
  resume(frame: CallFrame, isCalled: boolean): void {
    frame.below = isCalled ? this.top : null
    this.top = frame
  }

  /** It has come to a line, so it is the one that runs, whatever was reported. */
  reach(frame: CallFrame, line: number): void {
    frame.line = line
    this.top = frame
  }

  /** Between two crossings nothing runs. */
  clear(): void {
    this.top = null
  }
}

/** Whether `outer` has called `inner`, directly or not. */
export function isOuter(outer: CallFrame, inner: CallFrame): boolean {
  for (let frame = inner.parent; frame !== null; frame = frame.parent)
    if (frame === outer) return true
  return false
}

/** The call and all that called it are over. */
export function isOver(frame: CallFrame): boolean {
  return frame.ended && firstAlive(frame.parent) === null
}

function firstAlive(frame: CallFrame | null): CallFrame | null {
  let alive = frame
  while (alive !== null && alive.ended) alive = alive.parent
  return alive
}
