import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { createOutputLimit } from '../output-limit.ts'
import { cancelRequest } from './cancel-request.ts'
import { limitedQuery } from './limited-query.ts'
import type { PreparedStatement } from './named-parameters.ts'
import type { Session } from './session.ts'
import type { SqlPgInput, Want } from './sqlpg-input.ts'

export interface StatementResult {
  /** The command tag, such as `INSERT 0 3`; null when its end was not awaited (first row only). */
  readonly tag: string | null
  readonly rowCount: number | null
  /** The names of the columns; of those of records none is there twice. */
  readonly columns: readonly string[]
  /** The values of each row, in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[]
}

/**
 * Runs one statement. When the attempt is aborted meanwhile, the server is asked to cancel it, and
 * its answer counts: a statement that was done by then is done.
 */
export function runStatement(
  session: Session,
  statement: PreparedStatement,
  want: Want,
  input: SqlPgInput,
  attempt: Attempt,
): Promise<StatementResult> {
  return new Promise((resolve, reject) => {
    if (attempt.signal.aborted) return reject(attempt.signal.reason)
    const rows: unknown[][] = []
    let columns: readonly string[] = []
    const count = createOutputLimit(input.max_output_size)
    let tag: string | null = null
    let settled = false

    const finish = (error: unknown): void => {
      if (settled) return
      settled = true
      attempt.signal.removeEventListener('abort', cancel)
      session.client.connection.off('commandComplete', onComplete)
      session.client.connection.off('rowDescription', onColumns)
      if (error !== null) return reject(error)
      const rowCount = tag === null ? null : Number(/\d+$/.exec(tag)?.[0] ?? 0)
      resolve({ tag, rowCount, columns, rows })
    }
    /** Nothing is committed yet, so ending the connection undoes it. */
    const abandon = (failure: unknown): void => {
      session.destroy()
      finish(failure)
    }
    const cancel = (): void => {
      // When even that fails, the attempt's grace ends the connection.
      cancelRequest(session, input, attempt).catch(() => undefined)
    }
    attempt.signal.addEventListener('abort', cancel, { once: true })

    const maxRows = want === 'none' ? 0 : want === 'all' ? input.max_rows + 1 : 1
    const query = limitedQuery(statement, maxRows, () => {
      if (want !== 'all') return 'close'
      abandon(tooManyRows(input.max_rows))
      return 'abandon'
    })
    // Its throw ends the connection, which undoes as much as `abandon` does.
    const judgeRow = (bytes: number): boolean => {
      if (want === 'none') return false
      if (attempt.phase !== 'receive') attempt.enter('receive')
      count(bytes)
      return true
    }
    const onComplete = (message: { text: string }): void => {
      tag = message.text
    }
    const onColumns = ({ fields }: { readonly fields: readonly { name: string }[] }): void => {
      columns = fields.map(({ name }) => name)
      const double = want === 'all' || want === 'row' ? doubleOf(columns) : undefined
      // Said before the statement is done: what no Sync has ended is undone.
      if (double !== undefined) abandon(doubleColumn(double))
    }
    session.packets.expectRows(judgeRow)
    session.client.connection.on('rowDescription', onColumns)
    session.client.connection.on('commandComplete', onComplete)
    query.on('row', (row: unknown[]) => void rows.push(row))
    query.on('end', () => finish(null))
    query.on('error', (error: unknown) => finish(error))
    attempt.enter('send')
    session.client.query(query)
    attempt.enter('wait')
  })
}

const tooManyRows = (maxRows: number): ConnectionFailure =>
  new ConnectionFailure(
    'TOO_LARGE',
    `The query returned more than max_rows (${maxRows}). Ask for less (LIMIT), or raise max_rows. Nothing was changed.`,
    { outcome: 'known' },
  )

const doubleOf = (names: readonly string[]): string | undefined => {
  const seen = new Set<string>()
  return names.find((name) => seen.has(name) || !seen.add(name))
}

const doubleColumn = (name: string): ConnectionFailure =>
  new ConnectionFailure(
    'REJECTED',
    `The query returns two columns named "${name}", of which a record can keep one. Give each a name of its own with AS. Nothing was changed.`,
    { outcome: 'known' },
  )
