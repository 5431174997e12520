import { drawnPlace } from './drawn-place.ts'

/** A flow's source is wrong. Lines and columns count from 1. */
export class FlowSyntaxError extends Error {
  override readonly name = 'FlowSyntaxError'
  readonly line: number
  readonly column: number

  constructor(message: string, line: number, column: number) {
    super(message)
    this.line = line
    this.column = column
  }

  /** From acorn, which ends its messages with `(line:column)`, columns from 0. */
  static fromAcorn(error: unknown): FlowSyntaxError {
    const { message, loc } = error as { message?: string; loc?: { line: number; column: number } }
    if (loc === undefined) {
      return new FlowSyntaxError(
        `The source cannot be parsed: ${message ?? 'it is nested too deeply'}`,
        1,
        1,
      )
    }
    const text = (message ?? 'Syntax error').replace(/\s*\(\d+:\d+\)$/, '')
    return new FlowSyntaxError(text, loc.line, loc.column + 1)
  }

  /** From Node's type stripping of `source`, which draws the place at the head of the stack. */
  static fromStrip(error: unknown, source: string): FlowSyntaxError {
    const { message, stack } = error as { message?: string; stack?: string }
    const text = (message ?? 'Syntax error').split('\n')[0]?.trim() ?? 'Syntax error'
    const { line, column } = drawnPlace(stack ?? '', source)
    return new FlowSyntaxError(text, line, column)
  }
}
