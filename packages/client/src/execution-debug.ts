import type { Json } from './json.ts'

export type DebugAction = 'continue' | 'step_over' | 'step_into' | 'step_out' | 'run_to' | 'break'

/** An action, a change of breakpoints, or both; the change comes first. */
export interface DebugRequest {
  readonly action?: DebugAction
  /** Of `run_to`. */
  readonly line?: number
  /** The stop that is meant: refused when it stands at another one. */
  readonly seq?: number
  /** Instead of those it has. */
  readonly breakpoints?: readonly number[]
  readonly use_breakpoints?: boolean
}

/** How an execution stands with its debugger. */
export interface DebugState {
  readonly execution_id: string
  readonly status: string
  readonly is_productive: boolean
  readonly is_stopped: boolean
  readonly stop: DebugStop | null
  readonly breakpoints: readonly number[]
  readonly use_breakpoints: boolean
  readonly use_only_explicit_breakpoints: boolean
  /** It is to stop at its next line. */
  readonly break: boolean
  /** On request: the lines that can be stopped at. */
  readonly lines?: readonly number[]
}

/** The code stands before a line. */
export interface DebugStop {
  /** Its number among the calls of the history. */
  readonly seq: number
  readonly reason: 'breakpoint' | 'step' | 'pause'
  readonly line: number
  /** The how-manieth visit of the line this is. */
  readonly hit: number
  /** The step whose callback it stands in. */
  readonly inside: number | null
  /** The line that was meant, where it could not stop. */
  readonly missed?: number
  /** Innermost first. */
  readonly stack: readonly {
    readonly name: string
    readonly line: number
    readonly async: boolean
  }[]
  readonly variables: readonly DebugVariable[]
  /** What was asked to be evaluated. */
  readonly values?: readonly ({ readonly expression: string } & (
    | { readonly type: string; readonly value: Json; readonly cut?: true }
    | { readonly error: string }
  ))[]
}

export interface DebugVariable {
  readonly name: string
  readonly scope: 'local' | 'closure' | 'module'
  readonly type: string
  readonly value: Json
  /** Something was left out for its size. */
  readonly cut?: true
}

export interface InspectRequest {
  /** A call of its history; default: the stop that it stands at. */
  readonly seq?: number
  /** JavaScript; what it changes is thrown away. */
  readonly expressions?: readonly string[]
}
