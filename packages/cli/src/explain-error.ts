import { ApiError, ServerAwayError, TimedOutError } from '@millrace/client'
import { CliError } from './cli-error.ts'
import type { Context } from './context.ts'
import { EXIT, exitCodeOfStatus, type ExitCode } from './exit-code.ts'

/** What a person reads of an error: what is wrong, which field, and the way out. Never a stack. */
export function explainError(
  error: unknown,
  context: Pick<Context, 'format' | 'deps'>,
): { lines: string[]; exitCode: ExitCode } {
  if (context.deps.interrupted.aborted)
    return { lines: ['interrupted'], exitCode: EXIT.interrupted }
  if (error instanceof CliError) {
    return {
      lines: [`error: ${error.message}`, ...(error.way === null ? [] : [`  ${error.way}`])],
      exitCode: error.exitCode,
    }
  }
  if (error instanceof ApiError)
    return { lines: apiLines(error, context.format), exitCode: exitCodeOfStatus(error.status) }
  if (error instanceof TimedOutError)
    return { lines: [`error: ${error.message}`], exitCode: EXIT.away }
  if (error instanceof ServerAwayError) {
    return {
      lines: [`error: ${error.message}`, '  is the server up? A local one starts with `make up`'],
      exitCode: EXIT.away,
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { lines: [`error: ${message}`], exitCode: EXIT.usage }
}

function apiLines(error: ApiError, format: Context['format']): string[] {
  if (format === 'json') return [JSON.stringify(error.problem.document, null, 2)]
  const { title, detail, errors } = error.problem
  const fields = errors.map(
    (field) => `  ${field.pointer === '' ? 'body' : field.pointer}: ${field.message}`,
  )
  const hint =
    error.status === 401 ? ['  log in with `millrace login`, or set MILLRACE_API_KEY'] : []
  return [`error: ${title}${detail === null ? '' : `: ${detail}`}`, ...fields, ...hint]
}
