import { type InputProblem, invalid, missing, notAvailableYet } from '../inputs/input-problem.ts'
import { parseHost } from '../way-out/host.ts'
import { type ParameterProblem, bindParameters } from './named-parameters.ts'
import { type Parameters, type SqlPgInput, isSingle } from './sqlpg-input.ts'

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
  if (isSingle(mode)) return checkParameters(mode.query, mode.parameters, '/mode/parameters')
  switch (mode.mode_name) {
    case 'execute_many':
      return mode.parameters_list.flatMap((parameters, index) =>
        checkParameters(mode.query, parameters, `/mode/parameters_list/${index}`),
      )
    case 'transaction': {
      const problems = mode.statements.flatMap(({ query, parameters }, index) =>
        checkParameters(query, parameters, `/mode/statements/${index}/parameters`),
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

function checkParameters(
  query: string,
  parameters: Parameters | undefined,
  at: string,
): InputProblem[] {
  const bound = bindParameters(query, parameters)
  return 'text' in bound ? [] : bound.map((problem) => problemOf(problem, at))
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
