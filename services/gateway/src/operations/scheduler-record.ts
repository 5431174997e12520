import { putScript, type SchedulerRow, schedulers } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import {
  asStore,
  commonFields,
  projectJson,
  type RecordBody,
  type RecordKind,
} from './record-kind.ts'
import { checkScript } from './resolve-target.ts'

/** Scripts that decide when schedules run. */
export const SCHEDULER_KIND: RecordKind<SchedulerRow> = {
  store: asStore<SchedulerRow>(schedulers),
  async toFields(context, caller, body, before) {
    const fields = await commonFields(context, caller, body)
    return { ...fields, ...(await scriptField(context, caller, { body, before })) }
  },
  toJson: (row) => ({
    ...projectJson(row),
    script: JSON.stringify(row.script),
    language: JSON.stringify(row.language),
    script_hash: JSON.stringify(row.script_hash),
  }),
}

/** Keeps the source that a body brings, and names it by its hash. */
export async function scriptField(
  context: Context,
  caller: Caller,
  facts: {
    body: RecordBody
    before: { readonly language: string; readonly script: string } | null
  },
): Promise<Record<string, unknown>> {
  const { body, before } = facts
  if (body['script'] === undefined && body['language'] === undefined) return {}
  const language = (body['language'] ?? before?.language ?? 'typescript') as 'typescript'
  const source = (body['script'] ?? before?.script ?? '') as string
  checkScript(source, language, '/script')
  const hash = await putScript(context.api, caller.workspaceId, { language, source })
  return { script_hash: hash }
}
