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

/**
 * Whether a text is a statement that may commit on its own: a procedure or a block. Blanks, comments
 * and empty statements before it count for nothing, as for Postgres.
 */
export function mayCommitItself(query: string): boolean {
  let at = 0
  for (;;) {
    EMPTY.lastIndex = at
    at += EMPTY.exec(query)?.[0].length ?? 0
    const isComment = query.startsWith('--', at) || query.startsWith('/*', at)
    const end = isComment ? endOfQuoted(query, at) : null
    if (end === null || end === UNTERMINATED) break
    at = end
  }
  COMMITTER.lastIndex = at
  return COMMITTER.test(query)
}

const EMPTY = /[\s;]*/y
const COMMITTER = /(?:call|do)(?![\w$\u0080-\uFFFF])/iy

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
  LINE_END.lastIndex = at
  return LINE_END.exec(query)?.index ?? query.length
}
const LINE_END = /[\r\n]/g

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
