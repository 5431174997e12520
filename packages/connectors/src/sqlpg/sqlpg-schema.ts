import { COMMON_PROPERTIES, tlsSchema } from '../inputs/common-schema.ts'
import { type Schema, choice, flag, list, secret, strictObject, text } from '../inputs/schema.ts'
import { SINGLE_MODES } from './sqlpg-input.ts'

const query = text({ minLength: 1, 'x-multiline': true })
const parameters: Schema = {
  type: ['array', 'object'],
  description: 'A list fills $1, $2 …; an object fills :name.',
}
const statement = { properties: { query, parameters }, required: ['query'] }

const mode = choice('mode_name', {
  ...Object.fromEntries(Object.keys(SINGLE_MODES).map((name) => [name, statement])),
  execute_many: {
    properties: { query, parameters_list: list(parameters) },
    required: ['query', 'parameters_list'],
    description: 'One statement with each of the parameter sets, in one transaction.',
  },
  transaction: {
    properties: {
      statements: list(
        strictObject(
          { query, parameters, fetch: { enum: ['none', 'all', 'row', 'value'], default: 'none' } },
          ['query'],
        ),
        { minItems: 1 },
      ),
      exactly_once_table: text({
        pattern: '^[A-Za-z_][A-Za-z0-9_]{0,62}(\\.[A-Za-z_][A-Za-z0-9_]{0,62})?$',
        description:
          'A table that keeps the key of this connection, so that a repeat does nothing again.',
      }),
      create_exactly_once_table: flag(false, {
        description: 'Create that table when it is not there.',
      }),
    },
    required: ['statements'],
  },
  copy_to_engine: {
    properties: {
      query,
      format: { enum: ['csv'], default: 'csv' },
      destination_file_name: text({ 'x-file': true }),
    },
    required: ['query', 'destination_file_name'],
    description: 'Not available yet.',
  },
  copy_from_engine: {
    properties: {
      table: text(),
      columns: list(text()),
      source_file_name: text({ 'x-file': true }),
    },
    required: ['table', 'source_file_name'],
    description: 'Not available yet.',
  },
})

export const SQLPG_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'SQLPG',
  ...strictObject(
    {
      ...COMMON_PROPERTIES,
      authentication: choice('authentication_method', {
        username_password: {
          properties: { username: text({ minLength: 1 }), password: secret() },
          required: ['username', 'password'],
        },
        client_certificate: {
          properties: { username: text({ minLength: 1 }) },
          required: ['username'],
          description: 'Presents tls.client_certificate.',
        },
      }),
      host: text({ minLength: 1 }),
      port: { type: 'integer', minimum: 1, maximum: 65_535, default: 5_432 },
      database: text({ minLength: 1, description: 'Default: named as the user.' }),
      tls: {
        ...tlsSchema(['off', 'start_tls', 'implicit'], 'start_tls'),
        default: { tls_mode: 'start_tls' },
      },
      application_name: text({ default: 'millrace' }),
      search_path: text(),
      isolation_level: {
        enum: ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'],
        default: 'READ COMMITTED',
      },
      autocommit: flag(true),
      read_only: flag(false, {
        description: 'The server refuses changes; makes the call repeatable.',
      }),
      statement_timeout: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
      max_rows: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 10_000 },
      mode,
    },
    ['authentication', 'host', 'mode'],
  ),
}
