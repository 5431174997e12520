import { fileNameProblem } from '@millrace/replay'
import { type FileRow, files, keepContent, writeContent } from '@millrace/store'
import type { Context } from '../context.ts'
import { invalid } from '../problem.ts'
import {
  asStore,
  commonFields,
  projectJson,
  type RecordBody,
  type RecordKind,
} from './record-kind.ts'

/** Files: a name that is a path, and a content, which has routes of its own. */
export const FILE_KIND: RecordKind<FileRow> = {
  store: asStore<FileRow>(files),
  async toFields(context, caller, body, before) {
    const fields = await commonFields(context, caller, body)
    if (typeof fields['name'] === 'string') checkFileName(fields['name'], '/name')
    if ('content_type' in body) fields['content_type'] = body['content_type']
    return before === null
      ? { ...fields, ...(await contentOf(context, caller.workspaceId, body)) }
      : fields
  },
  async copied({ api }, row, values) {
    if ('text' in values || 'base64' in values) return {}
    const { workspace_id: workspaceId, content_id, size, hash } = row
    await keepContent(api, { workspaceId, contentId: content_id })
    return { content_id, size, hash }
  },
  toJson: (row) => ({
    ...projectJson(row),
    size: String(row.size),
    hash: JSON.stringify(row.hash),
    content_type: JSON.stringify(row.content_type),
    content_path: JSON.stringify(`/api/latest/file/${row.id}/content`),
  }),
}

/** Throws `invalid` for what is no path of a file. */
export function checkFileName(name: string, pointer: string): void {
  const message = fileNameProblem(name)
  if (message !== null) throw invalid([{ pointer, message }])
}

/** What the body brings along, stored; a small file can be made in one request. */
async function contentOf(
  { api }: Context,
  workspaceId: string,
  { text, base64, content_type: type }: RecordBody,
): Promise<Record<string, unknown>> {
  if (text !== undefined && base64 !== undefined)
    throw invalid([{ pointer: '/base64', message: 'is given beside text; give one of them' }])
  if (typeof base64 === 'string' && !isBase64(base64))
    throw invalid([{ pointer: '/base64', message: 'must be base64' }])
  if (typeof text === 'string' && !text.isWellFormed())
    throw invalid([{ pointer: '/text', message: 'holds half a surrogate pair' }])
  const bytes =
    typeof base64 === 'string'
      ? Buffer.from(base64, 'base64')
      : Buffer.from(typeof text === 'string' ? text : '')
  const content = await writeContent(api, { workspaceId, bytes: [bytes], maxBytes: bytes.length })
  return {
    content_id: content.id,
    size: content.size,
    hash: content.hash,
    ...(type === undefined &&
      typeof text === 'string' && { content_type: 'text/plain; charset=utf-8' }),
  }
}

/** In whole groups of four, with or without the padding of the last. */
const isBase64 = (text: string): boolean =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1
