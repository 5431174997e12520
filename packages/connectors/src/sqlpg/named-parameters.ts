import type { Parameters } from './sqlpg-input.ts'

export interface PreparedStatement {
  readonly text: string
  readonly values: readonly unknown[]
}

export interface ParameterProblem {
  readonly kind: 'missing' | 'extra' | 'unterminated'
  readonly name: string
}

/**
 * Rewrites `:name` to `$1`, `$2` … with the values in that order. A list is taken as it is. Names
 * within strings, quoted identifiers, dollar quotes and comments are left alone, and so are casts
 * (`::`) and assignments (`:=`). Values never become part of the text.
 */
export function bindParameters(
  query: string,
  parameters: Parameters | undefined,
): PreparedStatement | readonly ParameterProblem[] {
  if (parameters === undefined) return { text: query, values: [] }
  if (isList(parameters)) return { text: query, values: parameters }
  const places = new Map<string, number>()
  const problems: ParameterProblem[] = []
  let text = ''
  for (const token of tokens(query)) {
    if (token.kind === 'name') {
      const name = token.text.slice(1)
      if (!Object.hasOwn(parameters, name)) problems.push({ kind: 'missing', name })
      const place = places.get(name) ?? places.size + 1
      places.set(name, place)
      text += `$${place}`
    } else {
      if (token.kind === 'unterminated')
        problems.push({ kind: 'unterminated', name: token.text.slice(0, 20) })
      text += token.text
    }
  }
  for (const name of Object.keys(parameters))
    if (!places.has(name)) problems.push({ kind: 'extra', name })
  if (problems.length > 0) return problems
  return { text, values: [...places.keys()].map((name) => parameters[name]) }
}

const isList = (parameters: Parameters): parameters is readonly unknown[] =>
  Array.isArray(parameters)

interface Token {
  readonly kind: 'name' | 'other' | 'unterminated'
  readonly text: string
}

/** Cuts a query into parameters and everything else; the texts together are the query. */
export function* tokens(query: string): Generator<Token> {
  let at = 0
  let plainFrom = 0
  while (at < query.length) {
    const end = endOfQuoted(query, at)
    if (end !== null) {
      if (end === UNTERMINATED) {
        yield { kind: 'other', text: query.slice(plainFrom, at) }
        yield { kind: 'unterminated', text: query.slice(at) }
        return
      }
      at = end
      continue
    }
    if (query[at] === ':') {
      // A cast: both colons together, so that what follows is a type's name.
      if (query[at + 1] === ':' || query[at + 1] === '=') {
        at += 2
        continue
      }
      NAME.lastIndex = at + 1
      const name = NAME.exec(query)?.[0]
      if (name !== undefined) {
        yield { kind: 'other', text: query.slice(plainFrom, at) }
        yield { kind: 'name', text: `:${name}` }
        at += 1 + name.length
        plainFrom = at
        continue
      }
    }
    // A whole word at once: the `$` inside `a$b` begins no dollar quote, the E of `nameE` no string.
    WORD.lastIndex = at
    at += WORD.exec(query)?.[0].length ?? 1
  }
  yield { kind: 'other', text: query.slice(plainFrom) }
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const WORD = /[A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*/y
const UNTERMINATED = -1

/** Where the quoted thing that begins at `at` ends; null: none begins here. */
function endOfQuoted(query: string, at: number): number | null {
  switch (query[at]) {
    case "'":
      return endOfString(query, at, false)
    case '"':
      return endOfString(query, at, false)
    case 'e':
    case 'E':
      return query[at + 1] === "'" ? endOfString(query, at + 1, true) : null
    case '-':
      return query[at + 1] === '-' ? endOfLine(query, at) : null
    case '/':
      return query[at + 1] === '*' ? endOfComment(query, at) : null
    case '$':
      return endOfDollarQuote(query, at)
    default:
      return null
  }
}

/** A doubled quote stays inside by itself: it ends one string and begins the next. */
function endOfString(query: string, at: number, hasEscapes: boolean): number {
  const quote = query[at]
  for (let index = at + 1; index < query.length; index += 1) {
    if (hasEscapes && query[index] === '\\') index += 1
    else if (query[index] === quote) {
      if (hasEscapes && query[index + 1] === quote) index += 1
      else return index + 1
    }
  }
  return UNTERMINATED
}

function endOfLine(query: string, at: number): number {
  const end = query.indexOf('\n', at)
  return end === -1 ? query.length : end
}

/** Comments nest in Postgres. */
function endOfComment(query: string, at: number): number {
  let depth = 0
  for (let index = at; index < query.length - 1; index += 1) {
    const pair = query.slice(index, index + 2)
    if (pair === '/*') depth += 1
    else if (pair === '*/') depth -= 1
    else continue
    index += 1
    if (depth === 0) return index + 1
  }
  return UNTERMINATED
}

function endOfDollarQuote(query: string, at: number): number | null {
  DOLLAR_TAG.lastIndex = at
  const tag = DOLLAR_TAG.exec(query)?.[0]
  if (tag === undefined) return null
  const end = query.indexOf(tag, at + tag.length)
  return end === -1 ? UNTERMINATED : end + tag.length
}
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uFFFF][A-Za-z0-9_\u0080-\uFFFF]*)?\$/y
