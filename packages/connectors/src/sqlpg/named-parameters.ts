import { tokens } from './sql-text.ts'
import type { Parameters } from './sqlpg-input.ts'

export interface PreparedStatement {
  readonly text: string
  readonly values: readonly unknown[]
}

export interface ParameterProblem {
  readonly kind: 'missing' | 'extra' | 'unterminated'
  readonly name: string
}

/** Binds one set of parameters to a query that is read. */
export type Binder = (
  parameters: Parameters | undefined,
) => PreparedStatement | readonly ParameterProblem[]

/**
 * Rewrites `:name` to `$1`, `$2` … with the values in that order. A list is taken as it is. Names
 * within strings, quoted identifiers, dollar quotes and comments are left alone, and so are casts
 * (`::`) and assignments (`:=`). Values never become part of the text. The query is read once,
 * however many sets are bound to it.
 */
export function parameterBinder(query: string): Binder {
  let named: NamedQuery | null = null
  return (parameters) => {
    if (parameters === undefined) return { text: query, values: [] }
    if (isList(parameters)) return { text: query, values: parameters }
    named ??= readNames(query)
    const { text, names, unterminated } = named
    const problems: ParameterProblem[] = [...names]
      .filter((name) => !Object.hasOwn(parameters, name))
      .map((name) => ({ kind: 'missing', name }))
    if (unterminated !== null) problems.push({ kind: 'unterminated', name: unterminated })
    for (const name of Object.keys(parameters))
      if (!names.has(name)) problems.push({ kind: 'extra', name })
    if (problems.length > 0) return problems
    return { text, values: [...names].map((name) => parameters[name]) }
  }
}

const isList = (parameters: Parameters): parameters is readonly unknown[] =>
  Array.isArray(parameters)

interface NamedQuery {
  readonly text: string
  /** In the order of their numbers. */
  readonly names: ReadonlySet<string>
  /** How a quote or comment without end begins. */
  readonly unterminated: string | null
}

function readNames(query: string): NamedQuery {
  const places = new Map<string, number>()
  let unterminated: string | null = null
  let text = ''
  for (const token of tokens(query)) {
    if (token.kind === 'name') {
      const name = token.text.slice(1)
      const place = places.get(name) ?? places.size + 1
      places.set(name, place)
      text += `$${place}`
    } else {
      if (token.kind === 'unterminated') unterminated = token.text.slice(0, 20)
      text += token.text
    }
  }
  return { text, names: new Set(places.keys()), unterminated }
}
