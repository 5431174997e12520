import type { Attempt } from '../attempt.ts'
import { withConnectDeadline } from '../way-out/connect-deadline.ts'
import { explainPg } from './explain-pg.ts'
import { runExactlyOnce } from './exactly-once.ts'
import { type Binder, parameterBinder } from './named-parameters.ts'
import { type PgWork, runIn, transaction } from './pg-work.ts'
import type { StatementResult } from './run-statement.ts'
import { openSession } from './session.ts'
import { mayCommitItself } from './sql-text.ts'
import {
  SINGLE_MODES,
  type Parameters,
  type SqlPgInput,
  type Want,
  isSingle,
} from './sqlpg-input.ts'

export async function runSqlPg(
  input: SqlPgInput,
  attempt: Attempt,
): Promise<Record<string, unknown>> {
  const work: PgWork = { isUndoable: false, commitsItself: false, input, attempt, session: null }
  try {
    const session = await withConnectDeadline(attempt, input.connect_timeout * 1_000, (signal) =>
      openSession(input, attempt, signal),
    )
    work.session = session
    const output = await runMode(work)
    session.end()
    return output
  } catch (error) {
    throw explainPg(error, work, attempt)
  }
}

async function runMode(work: PgWork): Promise<Record<string, unknown>> {
  const { mode } = work.input
  if (isSingle(mode)) {
    const want = SINGLE_MODES[mode.mode_name]
    const run = (): Promise<StatementResult> =>
      statement(work, parameterBinder(mode.query), mode.parameters, want)
    const isWrapped = work.input.read_only || !work.input.autocommit
    // Postgres lets nothing commit on its own within a transaction.
    work.commitsItself = !isWrapped && mayCommitItself(mode.query)
    const result = isWrapped ? await transaction(work, run) : await run()
    return want === 'none'
      ? { result: result.tag, row_count: result.rowCount }
      : { result: pick(result, want) }
  }
  switch (mode.mode_name) {
    case 'execute_many': {
      const counts = await transaction(work, async () => {
        const bind = parameterBinder(mode.query)
        let rowCount = 0
        for (const parameters of mode.parameters_list)
          rowCount += (await statement(work, bind, parameters, 'none')).rowCount ?? 0
        return rowCount
      })
      return { result: counts, row_count: counts }
    }
    case 'transaction': {
      const run = async (): Promise<unknown[]> => {
        const results: unknown[] = []
        for (const one of mode.statements) {
          const result = await statement(
            work,
            parameterBinder(one.query),
            one.parameters,
            one.fetch,
          )
          results.push(one.fetch === 'none' ? result.tag : pick(result, one.fetch))
        }
        return results
      }
      if (mode.exactly_once_table !== undefined) return runExactlyOnce(work, mode, run)
      return { result: await transaction(work, run) }
    }
    default:
      throw new Error(`mode ${mode.mode_name} is refused before`)
  }
}

function statement(
  work: PgWork,
  bind: Binder,
  parameters: Parameters | undefined,
  want: Want,
): Promise<StatementResult> {
  const bound = bind(parameters)
  if (!('text' in bound)) throw new Error('parameters are checked before')
  return runIn(work, bound, want)
}

function pick({ columns, rows }: StatementResult, want: Want): unknown {
  const record = (row: readonly unknown[]): unknown =>
    Object.fromEntries(columns.map((name, index) => [name, row[index]]))
  const first = rows[0]
  switch (want) {
    case 'all':
      return rows.map(record)
    case 'row':
      return first === undefined ? null : record(first)
    case 'value':
      return first?.[0] ?? null
    case 'none':
      return null
  }
}
