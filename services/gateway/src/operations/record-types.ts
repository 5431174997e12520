import {
  type ConnectorRow,
  connectors,
  type FlowRow,
  flows,
  type ProjectRecordRow,
  projects,
  putScript,
  type Queryable,
  type RecordRow,
  type RecordRows,
  type RecordType,
  type RecordStore,
  type SettingRow,
  settings,
  type WrapperRow,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid } from '../problem.ts'
import { checkScript, resolveProject, schemaText } from './resolve-target.ts'
import { unlinkedWrappers } from './static-wrappers.ts'

/** A body of a record, as its schema lets it in. */
export type RecordBody = Readonly<Record<string, unknown>>

/** What differs between the types of records. */
export interface RecordKind<Row extends RecordRow = RecordRow> {
  readonly store: Pick<RecordStore<Row, never>, 'read' | 'trash' | 'restore' | 'remove'> & {
    insert: (db: Queryable, record: Insert) => Promise<void>
    update: (db: Queryable, change: Update) => Promise<boolean>
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
      await addScript(context, caller, { fields, body, before })
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
  wrapper: {
    store: asStore<WrapperRow>(unlinkedWrappers),
    async toFields(context, caller, body, before) {
      const fields = await commonFields(context, caller, body)
      await addScript(context, caller, { fields, body, before })
      if ('input_schema' in body)
        fields['input_schema'] = schemaText(body['input_schema'], '/input_schema')
      return fields
    },
    toJson: (row) => ({
      ...projectJson(row),
      script: JSON.stringify(row.script),
      language: JSON.stringify(row.language),
      script_hash: JSON.stringify(row.script_hash),
      input_schema: row.input_schema ?? 'null',
      ...wrappersJson(row),
      standard_name: JSON.stringify(row.standard_name),
      is_changed: String(row.is_changed),
    }),
  },
}

/** Keeps the source that a body brings and pins it. */
async function addScript(
  context: Context,
  caller: Caller,
  {
    fields,
    body,
    before,
  }: {
    fields: Record<string, unknown>
    body: RecordBody
    before: { readonly language: string; readonly script: string } | null
  },
): Promise<void> {
  if (body['script'] === undefined && body['language'] === undefined) return
  const language = (body['language'] ?? before?.language ?? 'typescript') as 'typescript'
  const source = (body['script'] ?? before?.script ?? '') as string
  checkScript(source, language, '/script')
  fields['script_hash'] = await putScript(context.api, caller.workspaceId, { language, source })
}

async function commonFields(
  context: Context,
  caller: Caller,
  body: RecordBody,
): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {}
  for (const name of ['name', 'description']) if (name in body) fields[name] = body[name]
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

const wrappersJson = (row: {
  readonly is_wrapped: boolean
  readonly wrappers: string | null
}): Record<string, string> => ({
  is_wrapped: String(row.is_wrapped),
  wrappers: row.wrappers ?? '[]',
})

/** The schemas have checked what a body may hold, so the fields are those of the store. */
function asStore<Row extends RecordRow>(store: unknown): RecordKind<Row>['store'] {
  return store as RecordKind<Row>['store']
}
