import { isJsonObject, type JsonObject } from './json.ts'

/** A problem document (RFC 9457) as Millrace answers errors with. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** What is wrong and the way out, in a sentence. */
  readonly detail: string | null
  /** Which parts of the input are wrong. Empty when the input is not to blame. */
  readonly errors: readonly FieldProblem[]
  /** The document as it came, with whatever else the server said. */
  readonly document: JsonObject
}

export interface FieldProblem {
  /** JSON pointer into the request's body; `''` means the whole of it. */
  readonly pointer: string
  readonly message: string
  /** Place in a script, counted from 1, when the problem is one of syntax. */
  readonly line: number | null
  readonly column: number | null
}

/** Reads what a server answered; a body that is no problem document becomes a plain one. */
export function toProblem(status: number, body: unknown): Problem {
  const document = isJsonObject(body) ? body : {}
  const text = typeof body === 'string' && body.trim() !== '' ? body.trim().slice(0, 500) : null
  return {
    type: stringOr(document['type'], 'about:blank'),
    title: stringOr(document['title'], `HTTP ${status}`),
    status,
    detail: stringOr(document['detail'], text),
    errors: Array.isArray(document['errors'])
      ? document['errors'].filter(isJsonObject).map(toField)
      : [],
    document,
  }
}

function toField(field: JsonObject): FieldProblem {
  return {
    pointer: stringOr(field['pointer'], ''),
    message: stringOr(field['message'], 'is not accepted'),
    line: numberOrNull(field['line']),
    column: numberOrNull(field['column']),
  }
}

function stringOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' && value !== '' ? value : otherwise
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
