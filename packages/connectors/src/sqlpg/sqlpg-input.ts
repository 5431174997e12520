import type { CommonInput } from '../connector-type.ts'
import type { TlsInput } from '../way-out/tls-options.ts'

/** The inputs of SQLPG after the schema: defaults are filled in. */
export interface SqlPgInput extends CommonInput {
  readonly authentication:
    | {
        readonly authentication_method: 'username_password'
        readonly username: string
        readonly password: string
      }
    | { readonly authentication_method: 'client_certificate'; readonly username: string }
  readonly host: string
  readonly port: number
  readonly database?: string
  readonly tls: TlsInput & { readonly tls_mode: 'off' | 'start_tls' | 'implicit' }
  readonly application_name: string
  readonly search_path?: string
  readonly isolation_level: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE'
  readonly autocommit: boolean
  readonly read_only: boolean
  /** Seconds; absent: the attempt's own limit. */
  readonly statement_timeout?: number
  readonly max_rows: number
  readonly mode: SqlPgMode
}

export type SqlPgMode = SingleMode | ExecuteManyMode | TransactionMode | CopyMode

export interface Statement {
  readonly query: string
  /** A list fills $1, $2 …; an object fills :name. */
  readonly parameters?: Parameters
}
export type Parameters = readonly unknown[] | Readonly<Record<string, unknown>>

export interface SingleMode extends Statement {
  readonly mode_name: SingleModeName
}

export interface ExecuteManyMode {
  readonly mode_name: 'execute_many'
  readonly query: string
  readonly parameters_list: readonly Parameters[]
}

export interface TransactionMode {
  readonly mode_name: 'transaction'
  readonly statements: readonly (Statement & { readonly fetch: Want })[]
  readonly exactly_once_table?: string
  readonly create_exactly_once_table: boolean
}

export interface CopyMode {
  readonly mode_name: 'copy_to_engine' | 'copy_from_engine'
}

/** What a statement gives back: its command tag, all rows, the first row, or that row's first value. */
export type Want = 'none' | 'all' | 'row' | 'value'

/** Both name families of the SQL types. */
export const SINGLE_MODES = {
  execute: 'none',
  fetch: 'all',
  fetchall: 'all',
  fetchrow: 'row',
  fetchone: 'row',
  fetchval: 'value',
} as const satisfies Record<string, Want>
export type SingleModeName = keyof typeof SINGLE_MODES

export const isSingle = (mode: SqlPgMode): mode is SingleMode => mode.mode_name in SINGLE_MODES
