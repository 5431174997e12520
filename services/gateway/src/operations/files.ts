import {
  FILE_MAX_BYTES,
  type FileRow,
  files,
  type NewFileContent,
  readContent,
  type SavedFile,
  saveFile,
  saveFileById,
  writeContent,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import { trimmedName } from './create-execution.ts'
import {
  asText,
  base64Length,
  checkText,
  type FileEncoding,
  fromBase64,
  received,
  toBase64,
} from './file-encodings.ts'
import { checkFileName } from './file-record.ts'
import { find, readRecordJson } from './records.ts'

/** Names a file: by its id, or by its name. */
export interface FileAddress {
  readonly key: string
  readonly by: 'id' | 'name'
}

/**
 * Replaces a file's content with what comes, a piece at a time; by name it makes the file if there is
 * none, by id it is for that file whatever it is called in the end. Readers see the old content or the
 * new one, whole. Errors: `tooLarge`, `invalid`, `notFound`, also for a file that was removed meanwhile.
 */
export async function uploadFile(
  context: Context,
  caller: Caller,
  upload: {
    readonly address: FileAddress
    readonly bytes: AsyncIterable<Uint8Array>
    readonly encoding: FileEncoding
    readonly contentType: string | null
  },
): Promise<{ readonly isNew: boolean; readonly json: string }> {
  const { address, encoding, contentType } = upload
  const { workspaceId, userId: by } = caller
  if (contentType !== null && !CONTENT_TYPE.test(contentType))
    throw invalid([
      { pointer: '/content-type', message: 'must have 1 to 256 printable characters of ASCII' },
    ])
  const save = await findPlace(context, caller, address)
  const bytes = received(upload.bytes)
  const decoded =
    encoding === 'base64' ? fromBase64(bytes) : encoding === 'text' ? asText(bytes) : bytes
  const written = { workspaceId, bytes: decoded, maxBytes: FILE_MAX_BYTES }
  const content = await writeContent(context.api, written)
  const { id, isNew } = await save({ workspaceId, content, contentType, by })
  await context.records.changed(caller, { type: 'file', id, action: isNew ? 'create' : 'update' })
  return { isNew, json: await readRecordJson(context, caller, { type: 'file', key: id, by: 'id' }) }
}

/** As the record's own field. */
const CONTENT_TYPE = /^[\u0020-\u007e]{1,256}$/

type Save = (content: Omit<NewFileContent, 'name'>) => Promise<SavedFile>

/** Where a content is to go. What no file can be, or is none, is refused before the content is read. */
async function findPlace(
  { api }: Context,
  caller: Caller,
  { key, by }: FileAddress,
): Promise<Save> {
  if (by === 'name') {
    const name = trimmedName(key, '/key')
    checkFileName(name, '/key')
    return (content) => saveFile(api, { ...content, name })
  }
  const { id } = await find({ api }, caller, { type: 'file', key, by })
  return async (content) => {
    if (await saveFileById(api, { ...content, id })) return { id, isNew: false }
    throw notFound(`file ${key}`)
  }
}

/** A content as it is sent: what it is called, and its bytes. */
export interface Download {
  readonly row: FileRow
  /** Bytes of the whole in this encoding. */
  readonly size: number
  readonly contentType: string
  /** From `from` up to and without `to`; only bytes can be read in part. */
  read(from: number, to: number): AsyncIterable<Buffer>
}

/** Throws `notFound`, and `invalid` when text is asked for and it is none. */
export async function openFile(
  context: Context,
  caller: Caller,
  { key, by, encoding }: FileAddress & { readonly encoding: FileEncoding },
): Promise<Download> {
  const { workspaceId } = caller
  const { id } = await find(context, caller, { type: 'file', key, by })
  const row = await files.read(context.api, { workspaceId, id })
  if (row === null) throw notFound(`file ${key}`)
  const bytes = (from: number, to: number): AsyncIterable<Buffer> =>
    readContent(context.api, { workspaceId, contentId: row.content_id, from, to })
  switch (encoding) {
    case 'bytes':
      return {
        row,
        size: row.size,
        contentType: row.content_type ?? 'application/octet-stream',
        read: bytes,
      }
    case 'text':
      // Read to its end first: once the head is out, nothing can be refused.
      await checkText(bytes(0, row.size))
      return { row, size: row.size, contentType: 'text/plain; charset=utf-8', read: bytes }
    case 'base64':
      return {
        row,
        size: base64Length(row.size),
        contentType: 'text/plain; charset=us-ascii',
        read: () => toBase64(bytes(0, row.size)),
      }
  }
}
