import {
  type InputProblem,
  PROBLEMS_MAX,
  invalid,
  missing,
  notAvailableYet,
} from '../inputs/input-problem.ts'
import { parseHost } from '../way-out/host.ts'
import { type Binder, type ParameterProblem, parameterBinder } from './named-parameters.ts'
import { type ExecuteManyMode, type Parameters, type SqlPgInput, isSingle } from './sqlpg-input.ts'

/** What the schema cannot say about SQLPG inputs. */
export function checkSqlPg(input: SqlPgInput): InputProblem[] {
  const problems: InputProblem[] = []
  const host = parseHost(input.host)
  if (host.kind === 'refused') problems.push(invalid('/host', host.why))
  if (input.authentication.authentication_method === 'client_certificate') {
    if (input.tls.client_certificate === undefined || input.tls.client_key === undefined)
      problems.push(
        missing(
          '/tls/client_certificate',
          'client_certificate and client_key are required for this authentication',
        ),
      )
    if (input.tls.tls_mode === 'off')
      problems.push(invalid('/tls/tls_mode', 'must not be off for this authentication'))
  }
  return [...problems, ...checkMode(input)]
}

function checkMode({ mode, autocommit, read_only }: SqlPgInput): InputProblem[] {
  if (isSingle(mode))
    return checkParameters(parameterBinder(mode.query), mode.parameters, '/mode/parameters')
  switch (mode.mode_name) {
    case 'execute_many':
      return checkSets(mode)
    case 'transaction': {
      const problems = mode.statements.flatMap(({ query, parameters }, index) =>
        checkParameters(parameterBinder(query), parameters, `/mode/statements/${index}/parameters`),
      )
      if (mode.exactly_once_table !== undefined && read_only)
        problems.push(invalid('/mode/exactly_once_table', 'needs read_only: false'))
      return problems
    }
    default:
      void autocommit
      return [notAvailableYet('/mode/mode_name', mode.mode_name)]
  }
}

/** Up to the set past which no more problems would be shown. */
function checkSets({ query, parameters_list }: ExecuteManyMode): InputProblem[] {
  const bind = parameterBinder(query)
  const problems: InputProblem[] = []
  for (const [index, parameters] of parameters_list.entries()) {
    problems.push(...checkParameters(bind, parameters, `/mode/parameters_list/${index}`))
    if (problems.length > PROBLEMS_MAX) break
  }
  return problems
}

function checkParameters(
  bind: Binder,
  parameters: Parameters | undefined,
  at: string,
): InputProblem[] {
  const bound = bind(parameters)
  if ('text' in bound) return []
  return bound.slice(0, PROBLEMS_MAX + 1).map((problem) => problemOf(problem, at))
}

function problemOf({ kind, name }: ParameterProblem, at: string): InputProblem {
  switch (kind) {
    case 'missing':
      return missing(`${at}/${name}`, `the query uses :${name}`)
    case 'extra':
      return {
        name: 'ExtraInputError',
        pointer: `${at}/${name}`,
        message: `the query does not use :${name}`,
      }
    case 'unterminated':
      return invalid(at, `the query has a quote or comment without end: ${name}`)
  }
}
