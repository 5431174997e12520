import type { Operation } from './openapi.ts'
import type { Kind } from './request.ts'
import type { FuzzAnswer } from './send.ts'

/** Longer than any request of the fuzz has a reason to take, also on a busy machine. */
const SLOW_MS = 10_000

/**
 * What `default` of the document stands for: the refusals of docs/errors.md, and those of HTTP itself
 * (method, media type). Server errors are none of them.
 */
const REFUSALS: ReadonlySet<number> = new Set([
  400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429,
])

/** What is wrong with an answer; null when nothing is. */
export function judge(operation: Operation, kind: Kind, answer: FuzzAnswer): string | null {
  const { status, type, text, tookMs } = answer
  if (status >= 500) return `a server error: ${status} ${text.slice(0, 300)}`
  if (tookMs > SLOW_MS) return `it took ${Math.round(tookMs)} ms`
  if (status < 400) {
    const expected = operation.statuses.get(status)
    if (expected === undefined) return `${status} is not in the document`
    if (kind === 'invalid') return `${status}: what the schema does not let in was taken`
    return isReadable(expected, answer) ? null : `${status}: the body is no ${expected}: ${type}`
  }
  const isDocumented =
    operation.statuses.has(status) || (operation.hasDefault && REFUSALS.has(status))
  if (!isDocumented) return `${status} is not in the document: ${text.slice(0, 300)}`
  // A HEAD has no body to say more in.
  return operation.method === 'HEAD' ? null : problemWithProblem(answer)
}

function problemWithProblem({ status, type, text }: FuzzAnswer): string | null {
  if (!type.startsWith('application/problem+json')) return `${status} comes as ${type || 'nothing'}`
  const problem = parse(text)
  if (typeof problem !== 'object' || problem === null) return `${status}: the problem is no JSON`
  const { status: said, title, detail } = problem as Record<string, unknown>
  if (said !== status) return `${status}: the problem says ${String(said)}`
  for (const part of [title, detail])
    if (typeof part !== 'string' || part === '') return `${status}: title or detail is missing`
  const leak = /node_modules|\.ts:\d|\n\s+at |\/(?:tmp|home|root|work)\/|pg_|ECONN|SQLSTATE/.exec(
    text,
  )
  return leak === null ? null : `${status}: the problem shows the inside: ${leak[0]}`
}

/** `expected`: the media type that the document names, null for no body at all. */
function isReadable(expected: string | null, { type, text, isWhole }: FuzzAnswer): boolean {
  // A HEAD has no body, and neither has what was asked for as a part of nothing.
  if (text === '') return true
  if (expected === null) return false
  if (expected === '*/*') return type !== ''
  if (!type.startsWith(expected)) return false
  if (expected === 'application/yaml') return text.startsWith('---')
  return expected !== 'application/json' || !isWhole || parse(text) !== undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
