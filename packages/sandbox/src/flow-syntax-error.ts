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

  /** From Node's type stripping, which only describes the place in its message. */
  static fromStrip(error: unknown, source: string): FlowSyntaxError {
    const facts = error as {
      message?: string
      startLine?: number
      startColumn?: number
      snippet?: string
    }
    const text = (facts.message ?? 'Syntax error').split('\n')[0]?.trim() ?? 'Syntax error'
    if (typeof facts.startLine === 'number' && typeof facts.startColumn === 'number') {
      return new FlowSyntaxError(text, facts.startLine, facts.startColumn + 1)
    }
    const snippet = facts.snippet ?? ''
    const at = snippet === '' ? -1 : source.indexOf(snippet)
    const before = source.slice(0, Math.max(0, at)).split('\n')
    return new FlowSyntaxError(text, before.length, (before.at(-1)?.length ?? 0) + 1)
  }
}
