import pg from 'pg'
import type { PgClient } from './session.ts'

/**
 * A query in the extended protocol, so that one text is one statement, which reads at most `maxRows`
 * rows, each a list of values. When there are more, `onMore` decides: the portal is closed (its statement has done its work
 * by then), or the connection is ended by the caller.
 */
export function limitedQuery(
  statement: { readonly text: string; readonly values: readonly unknown[] },
  maxRows: number,
  onMore: () => 'close' | 'abandon',
): pg.Query {
  const query = new LimitedQuery({
    text: statement.text,
    values: statement.values.map(parameterOf),
    queryMode: 'extended',
    rowMode: 'array',
    ...(maxRows > 0 && { rows: maxRows }),
  } as pg.QueryConfig)
  query.onMore = onMore
  return query
}

class LimitedQuery extends pg.Query {
  onMore: () => 'close' | 'abandon' = () => 'close'

  /** Called by pg when the portal has rows left after the limit. */
  handlePortalSuspended(connection: PgClient['connection']): void {
    if (this.onMore() === 'abandon') return
    connection.close({ type: 'P', name: '' })
    connection.sync()
  }
}

/** Bytes come as {$base64}; other objects are JSON, arrays are arrays of Postgres. */
function parameterOf(value: unknown): unknown {
  if (
    typeof value === 'object' &&
    value !== null &&
    '$base64' in value &&
    typeof value.$base64 === 'string'
  )
    return Buffer.from(value.$base64, 'base64')
  return value
}
