import { putScript } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import type { RecordBody } from './record-kind.ts'
import { checkScript } from './resolve-target.ts'

/** Keeps the source that a body brings and pins it. */
export async function addScript(
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
