import type { Attempt } from '../attempt.ts'
import { withConnectDeadline } from '../way-out/connect-deadline.ts'
import { explainPg } from './explain-pg.ts'
import { runExactlyOnce } from './exactly-once.ts'
import { bindParameters } from './named-parameters.ts'
import { type PgWork, runIn, transaction } from './pg-work.ts'
import type { StatementResult } from './run-statement.ts'
import { openSession } from './session.ts'
import {
  SINGLE_MODES,
  type SqlPgInput,
  type Statement,
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
    const run = (): Promise<StatementResult> => statement(work, mode, want)
    work.commitsItself = /^\s*(call|do)\b/i.test(mode.query)
    const isWrapped = work.input.read_only || !work.input.autocommit
    const result = isWrapped ? await transaction(work, run) : await run()
    return want === 'none'
      ? { result: result.tag, row_count: result.rowCount }
      : { result: pick(result, want) }
  }
  switch (mode.mode_name) {
    case 'execute_many': {
      const counts = await transaction(work, async () => {
        let rowCount = 0
        for (const parameters of mode.parameters_list)
          rowCount +=
            (await statement(work, { query: mode.query, parameters }, 'none')).rowCount ?? 0
        return rowCount
      })
      return { result: counts, row_count: counts }
    }
    case 'transaction': {
      const run = async (): Promise<unknown[]> => {
        const results: unknown[] = []
        for (const one of mode.statements) {
          const result = await statement(work, one, one.fetch)
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

function statement(work: PgWork, one: Statement, want: Want): Promise<StatementResult> {
  const bound = bindParameters(one.query, one.parameters)
  if (!('text' in bound)) throw new Error('parameters are checked before')
  return runIn(work, bound, want)
}

function pick({ rows }: StatementResult, want: Want): unknown {
  const first = rows[0]
  switch (want) {
    case 'all':
      return rows
    case 'row':
      return first ?? null
    case 'value':
      return first === undefined ? null : (Object.values(first)[0] ?? null)
    case 'none':
      return null
  }
}
