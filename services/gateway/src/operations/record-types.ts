import {
  type ConnectorRow,
  connectors,
  type FlowRow,
  flows,
  linesOf,
  projects,
  type RecordRow,
  type RecordRows,
  type RecordType,
  type SettingRow,
  settings,
} from '@millrace/store'
import { invalid } from '../problem.ts'
import { FILE_KIND } from './file-record.ts'
import { asStore, commonFields, projectJson, type RecordKind } from './record-kind.ts'
import { schemaText } from './resolve-target.ts'
import { SCHEDULE_KIND } from './schedule-record.ts'
import { SCHEDULER_KIND, scriptField } from './scheduler-record.ts'
import { wrappersJson } from './static-wrappers.ts'
import { WEBHOOK_KIND } from './webhook-record.ts'
import { WRAPPER_KIND } from './wrapper-record.ts'

export const RECORD_KINDS: { readonly [T in RecordType]: RecordKind<RecordRows[T]> } = {
  flow: {
    store: asStore<FlowRow>(flows),
    async toFields(context, caller, body, before) {
      const fields = await commonFields(context, caller, body)
      Object.assign(fields, await scriptField(context, caller, { body, before }))
      for (const name of ['input_schema', 'output_schema'])
        if (name in body) fields[name] = schemaText(body[name], `/${name}`)
      if ('max_runtime_seconds' in body) fields['max_runtime_seconds'] = body['max_runtime_seconds']
      if ('breakpoints' in body) fields['breakpoints'] = breakpointsOf(body['breakpoints'])
      for (const name of ['concurrency', 'rate_limit'])
        if (name in body) fields[name] = jsonText(body[name])
      return fields
    },
    toJson: (row) => ({
      ...projectJson(row),
      script: JSON.stringify(row.script),
      language: JSON.stringify(row.language),
      script_hash: JSON.stringify(row.script_hash),
      input_schema: row.input_schema ?? 'null',
      output_schema: row.output_schema ?? 'null',
      max_runtime_seconds: String(row.max_runtime_seconds),
      breakpoints: row.breakpoints ?? 'null',
      concurrency: row.concurrency ?? 'null',
      rate_limit: row.rate_limit ?? 'null',
      ...wrappersJson(row),
    }),
  },
  setting: {
    store: asStore<SettingRow>(settings),
    async toFields(context, caller, body) {
      const fields = await commonFields(context, caller, body)
      if ('value' in body) fields['value'] = valueText(body['value'])
      return fields
    },
    toJson: (row) => ({ ...projectJson(row), value: row.value ?? 'null' }),
  },
  connector: {
    store: asStore<ConnectorRow>(connectors),
    async toFields(context, caller, body, before) {
      const fields = await commonFields(context, caller, body)
      if ('connector_type' in body) fields['connector_type'] = body['connector_type']
      if ('value' in body || before === null) fields['value'] = JSON.stringify(body['value'] ?? {})
      return fields
    },
    toJson: (row) => ({
      ...projectJson(row),
      connector_type: JSON.stringify(row.connector_type),
      value: row.value,
      ...wrappersJson(row),
    }),
  },
  project: {
    store: asStore<RecordRow>(projects),
    toFields: commonFields,
    toJson: () => ({}),
  },
  scheduler: SCHEDULER_KIND,
  schedule: SCHEDULE_KIND,
  webhook: WEBHOOK_KIND,
  file: FILE_KIND,
  wrapper: WRAPPER_KIND,
}

const jsonText = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)

function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = JSON.stringify(value)
  if (text.length > VALUE_MAX_CHARS)
    throw invalid([{ pointer: '/value', message: `is longer than ${VALUE_MAX_CHARS} characters` }])
  return text
}

/** Rising; null without any. */
function breakpointsOf(value: unknown): readonly number[] | null {
  const lines = linesOf(value)
  return lines.length === 0 ? null : lines
}

const VALUE_MAX_CHARS = 1_048_576
