import { newId, sha256Hex, soon } from '@millrace/runtime'
import type { ImportedExecution, ImportResult } from '@millrace/record-yaml'
import { SCHEMA_VERSION } from '@millrace/record-yaml/properties'
import type { ExecutionType, Status } from '@millrace/execution'
import {
  importExecutions as store,
  type ImportedRow,
  insertAudit,
  type Payload,
  projects,
} from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { type FieldError, invalid } from '../problem.ts'
import { extraText } from './create-execution.ts'
import { inputText } from './input-text.ts'

/**
 * Stores the ended executions of YAML documents, each under a new id, children below their parents:
 * all or none. Throws `invalid` with every fault's document, place and line. Flows and connectors are
 * referred to by id as they were, here or not; a project has to be here.
 */
export async function importExecutions(
  context: Context,
  caller: Caller,
  request: { readonly text: string; readonly ids: IdSource; readonly isDry: boolean },
): Promise<readonly string[]> {
  const { text, ids, isDry } = request
  const result = await read(text)
  if (!result.ok) throw invalid(result.errors)
  const { records } = result
  await checkReferences(context, caller, records)
  const rows: ImportedRow[] = []
  for (const record of records) rows.push(toRow(caller, record, { id: ids(), rows }))
  const made = rows.map(({ id }) => id)
  if (isDry || rows.length === 0) return made
  await store(context.api, rows)
  await insertAudit(context.api, {
    workspaceId: caller.workspaceId,
    id: newId(),
    actorId: caller.userId,
    action: 'execution.import',
    subject: `execution ${made[0]}`,
    details: JSON.stringify({ count: made.length }),
  })
  return made
}

/** A large text takes seconds; others are served after each document. */
async function read(text: string): Promise<ImportResult> {
  // Loaded with the first document: YAML takes some MiB.
  const { importInSteps } = await import('@millrace/record-yaml')
  const steps = importInSteps(text)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await new Promise<void>((resolve) => soon(resolve))
  }
}

async function checkReferences(
  context: Context,
  { workspaceId }: Caller,
  records: readonly ImportedExecution[],
): Promise<void> {
  const errors: FieldError[] = []
  const known = new Map<string, boolean>()
  for (const { pointer, fields } of records) {
    const { project_id: id, schema_version: version } = fields
    if (version !== undefined && version !== SCHEMA_VERSION)
      errors.push({
        pointer: `${pointer}/schema_version`,
        message: `is ${JSON.stringify(version)}; this server knows ${SCHEMA_VERSION}`,
      })
    if (typeof id !== 'string') continue
    const isKnown =
      known.get(id) ?? (await projects.read(context.api, { workspaceId, id })) !== null
    known.set(id, isKnown)
    if (!isKnown)
      errors.push({
        pointer: `${pointer}/project_id`,
        message: `is of no project of this workspace; leave it out`,
      })
    if (errors.length >= ERRORS_MAX) break
  }
  if (errors.length > 0) throw invalid(errors)
}

const ERRORS_MAX = 100

/** What is kept beside the columns, under the name of the property. */
const EXTRA = [
  'breakpoints',
  'bundle_id',
  'commit_message',
  'custom_object_id',
  'description',
  'is_remote_processed',
  'last_sync',
  'metadata',
  'plugin_action_id',
  'roles',
  'savepoint_retention',
  'schedule_id',
  'sync_config_id',
  'use_breakpoints',
  'use_only_explicit_breakpoints',
  'webhook_id',
  'wrapper_id',
] as const

/** `rows`: those before it, its parent among them. What the properties hold was checked. */
function toRow(
  { workspaceId, userId }: Caller,
  { pointer, parent, fields }: ImportedExecution,
  { id, rows }: { readonly id: string; readonly rows: readonly ImportedRow[] },
): ImportedRow {
  const above = parent === null ? null : (rows[parent] ?? null)
  const textOf = (name: string): string | null => {
    const value = fields[name]
    return typeof value === 'string' ? value : null
  }
  const schemas: Payload[] = []
  const extra: Record<string, unknown> = {}
  for (const name of ['input_schema', 'output_schema']) {
    if (fields[name] === undefined) continue
    const text = JSON.stringify(fields[name])
    const hash = sha256Hex(text)
    schemas.push({ workspaceId, hash, text })
    extra[`${name}_hash`] = hash
  }
  for (const name of EXTRA) if (fields[name] !== undefined) extra[name] = fields[name]
  return {
    workspaceId,
    id,
    type: textOf('type') as ExecutionType,
    status: textOf('status') as Status,
    name: textOf('name'),
    message: textOf('message'),
    flowId: textOf('flow_id'),
    connectorId: textOf('connector_id'),
    connectorType: textOf('connector_type'),
    script: textOf('script'),
    projectId: textOf('project_id'),
    parentId: above?.id ?? null,
    topId: above?.topId ?? id,
    isProductive: fields['is_productive'] !== false,
    createdBy: userId,
    input: inputText(fields['input_value'] ?? null, `${pointer}/input_value`),
    output: JSON.stringify(fields['output_value'] ?? null),
    startedAt: textOf('started_at'),
    scheduledFor: textOf('scheduled_for'),
    endedAt: textOf('ended_at') ?? '',
    extra: Object.keys(extra).length === 0 ? null : extraText(extra, pointer),
    schemas,
  }
}
