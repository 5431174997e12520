import type { ProjectRecordRow, Queryable, RecordRow, RecordStore } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { trimmedName } from './create-execution.ts'
import { resolveProject } from './resolve-target.ts'

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
  /** The body that makes another one like it but for `values`, where that is not what it shows. */
  readonly toCopy?: (row: Row, values: RecordBody) => RecordBody
  /** Columns of another one like it that no body names. */
  readonly copied?: (
    context: Context,
    row: Row,
    values: RecordBody,
  ) => Promise<Record<string, unknown>>
  /** What has to happen after every change, before its answer. */
  readonly changed?: (context: Context, key: { workspaceId: string; id: string }) => Promise<void>
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

/** Name, description and project, as far as a body names them. */
export async function commonFields(
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

export const projectJson = (row: ProjectRecordRow): Record<string, string> => ({
  project_id: JSON.stringify(row.project_id),
  project_name: JSON.stringify(row.project_name),
})

/** The schemas have checked what a body may hold, so the fields are those of the store. */
export function asStore<Row extends RecordRow>(store: unknown): RecordKind<Row>['store'] {
  return store as RecordKind<Row>['store']
}
