import type { ConnectorType, ModeInfo } from '../connector-type.ts'
import type { RepeatClass } from '../repeat-class.ts'
import { checkSqlPg } from './check-sqlpg.ts'
import { runSqlPg } from './run-sqlpg.ts'
import { SINGLE_MODES, type SqlPgInput } from './sqlpg-input.ts'
import { SQLPG_SCHEMA } from './sqlpg-schema.ts'

const mode = (name: string, description: string, available = true): ModeInfo => ({
  name,
  description,
  repeatClass: 'never',
  available,
})

/** PostgreSQL. */
export const SQLPG: ConnectorType<SqlPgInput> = {
  type: 'SQLPG',
  title: 'PostgreSQL',
  schema: SQLPG_SCHEMA,
  modes: [
    mode('execute', 'One statement; its command tag'),
    mode('fetch', 'All rows of one statement'),
    mode('fetchall', 'All rows of one statement'),
    mode('fetchrow', 'The first row, or null'),
    mode('fetchone', 'The first row, or null'),
    mode('fetchval', 'The first value of the first row, or null'),
    mode('execute_many', 'One statement with many parameter sets, in one transaction'),
    mode('transaction', 'Several statements, all or none; with exactly_once_table once'),
    mode('copy_to_engine', 'The rows of a query as a file', false),
    mode('copy_from_engine', 'A file into a table', false),
  ],
  expand: expandShorthand,
  probe: (value) => ({
    ...value,
    mode: { mode_name: 'fetchval', query: 'SELECT 1' },
    read_only: true,
  }),
  check: checkSqlPg,
  modeName: (input) => input.mode.mode_name,
  repeatClass(input): RepeatClass {
    if (input.read_only) return 'safe'
    const once =
      input.mode.mode_name === 'transaction' && input.mode.exactly_once_table !== undefined
    return once ? 'keyed' : 'never'
  },
  run: runSqlPg,
}

/** `{fetchval: 'SELECT 1+1', parameters: […]}` means that mode, and wins over a kept one. */
function expandShorthand(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = Object.keys(SINGLE_MODES).filter((name) => Object.hasOwn(input, name))
  const name = names[0]
  // Two shorthands at once: the schema reports both as keys it does not know.
  if (name === undefined || names.length > 1) return { ...input }
  const { [name]: query, parameters, mode: _kept, ...rest } = input
  return {
    ...rest,
    mode: { mode_name: name, query, ...(parameters !== undefined && { parameters }) },
  }
}
