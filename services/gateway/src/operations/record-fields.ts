import type { ProjectRecordRow } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { trimmedName } from './create-execution.ts'
import { resolveProject } from './resolve-target.ts'

/** A body of a record, as its schema lets it in. */
export type RecordBody = Readonly<Record<string, unknown>>

/** The columns that all types of records have, as far as a body names them. */
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
