import {
  type ConnectorRow,
  connectors,
  type FlowRow,
  flows,
  type ProjectRecordRow,
  projects,
  putScript,
  type RecordRow,
  type RecordRows,
  type RecordType,
  type RecordStore,
  type SettingRow,
  settings,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid } from '../problem.ts'
import { trimmedName } from './create-execution.ts'
import { checkScript, resolveProject, schemaText } from './resolve-target.ts'

/** A body of a record, as its schema lets it in. */
export type RecordBody = Readonly<Record<string, unknown>>

/** What differs between the types of records. */
export interface RecordKind<Row extends RecordRow = RecordRow> {
  readonly store: Pick<RecordStore<Row, never>, 'read' | 'trash' | 'restore' | 'remove'> & {
    insert: (db: Context['api'], record: Insert) => Promise<void>
    update: (db: Context['api'], change: Update) => Promise<boolean>
  }
  /** The columns that a body names; with `before` for what a change is checked against. */
  readonly toFields: (
    context: Context,
    caller: Caller,
    body: RecordBody,
    before: Row | null,
  ) => Promise<Record<string, unknown>>
  /** Own properties as JSON texts. */
  readonly toJson: (row: Row) => Record<string, string>
}

interface Insert {
  readonly workspaceId: string
  readonly id: string
  readonly by: string | null
  readonly fields: Record<string, unknown>
}
interface Update {
  readonly workspaceId: string
  readonly id: string
  readonly by: string | null
  readonly patch: Record<string, unknown>
}

export const RECORD_KINDS: { readonly [T in RecordType]: RecordKind<RecordRows[T]> } = {
  flow: {
    store: asStore<FlowRow>(flows),
    async toFields(context, caller, body, before) {
      const fields = await commonFields(context, caller, body)
      if (body['script'] !== undefined || body['language'] !== undefined) {
        const language = (body['language'] ?? before?.language ?? 'typescript') as 'typescript'
        const source = (body['script'] ?? before?.script ?? '') as string
        checkScript(source, language, '/script')
        fields['script_hash'] = await putScript(context.api, caller.workspaceId, {
          language,
          source,
        })
      }
      for (const name of ['input_schema', 'output_schema'])
        if (name in body) fields[name] = schemaText(body[name], `/${name}`)
      if ('max_runtime_seconds' in body) fields['max_runtime_seconds'] = body['max_runtime_seconds']
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
      concurrency: row.concurrency ?? 'null',
      rate_limit: row.rate_limit ?? 'null',
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
    }),
  },
  project: {
    store: asStore<RecordRow>(projects),
    toFields: commonFields,
    toJson: () => ({}),
  },
}

async function commonFields(
  context: Context,
  caller: Caller,
  body: RecordBody,
): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {}
  if (typeof body['name'] === 'string') fields['name'] = trimmedName(body['name'], '/name')
  if ('description' in body) fields['description'] = body['description']
  if ('project_id' in body || 'project_name' in body) {
    const project = await resolveProject(context, caller, body)
    fields['project_id'] = project?.id ?? null
  }
  return fields
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

const VALUE_MAX_CHARS = 1_048_576

const projectJson = (row: ProjectRecordRow): Record<string, string> => ({
  project_id: JSON.stringify(row.project_id),
  project_name: JSON.stringify(row.project_name),
})

/** The schemas have checked what a body may hold, so the fields are those of the store. */
function asStore<Row extends RecordRow>(store: unknown): RecordKind<Row>['store'] {
  return store as RecordKind<Row>['store']
}
