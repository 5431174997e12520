import { type Command, fileNameProblem, type Json, type Outcome } from '@millrace/replay'
import { sha256Hex } from '@millrace/runtime'
import { type Database, type FoundFile, type NewFile, readContent } from '@millrace/store'

type FileCommand = Extract<Command, { readonly kind: 'file_get' | 'file_set' | 'file_delete' }>

export interface FileContext {
  readonly db: Database
  readonly workspaceId: string
  /** What this activation has written, by name; the last write wins. */
  readonly written: Map<string, NewFile>
  /** By name; null for one that does not exist. */
  readonly fileOf: ReadonlyMap<string, FoundFile | null>
}

/** A file that passes through the code of a flow may have this many bytes; the rest is streamed. */
const FLOW_FILE_MAX_BYTES = 16 * 1_048_576
/** What one activation writes is in memory until it is committed. */
const WRITTEN_MAX_BYTES = 64 * 1_048_576

/** Answers what a flow asks of files. What it writes is kept in `written` and exists with the commit. */
export function answerFile(context: FileContext, command: FileCommand): Outcome | Promise<Outcome> {
  const problem = fileNameProblem(command.name)
  // The sandbox has checked it; what comes out of one is not believed.
  if (problem !== null) return refuse('InvalidInputError', `the name ${problem}`)
  switch (command.kind) {
    case 'file_set':
      return setFile(context, command)
    case 'file_delete':
      return deleteFile(context, command.name)
    case 'file_get':
      return getFile(context, command)
  }
}

function setFile(
  { written }: FileContext,
  { name, as, content }: Extract<FileCommand, { kind: 'file_set' }>,
): Outcome {
  const bytes = Buffer.from(content, as === 'text' ? 'utf8' : 'base64')
  if (bytes.length > FLOW_FILE_MAX_BYTES) return refuse('InvalidInputError', tooLarge(name))
  let waiting = bytes.length
  for (const other of written.values()) if (other.name !== name) waiting += other.bytes?.length ?? 0
  if (waiting > WRITTEN_MAX_BYTES)
    return refuse(
      'InvalidInputError',
      `more than ${WRITTEN_MAX_BYTES / 1_048_576} MiB are written at once; wait for something in between, such as self.sleep(0), which stores them`,
    )
  const contentType = as === 'text' ? 'text/plain; charset=utf-8' : null
  written.set(name, { name, bytes, contentType })
  return value(null)
}

function deleteFile(context: FileContext, name: string): Outcome {
  const there = context.written.get(name)
  const isThere =
    there === undefined ? (context.fileOf.get(name) ?? null) !== null : there.bytes !== null
  context.written.set(name, { name, bytes: null, contentType: null })
  return value(isThere)
}

async function getFile(
  context: FileContext,
  { name, as }: Extract<FileCommand, { kind: 'file_get' }>,
): Promise<Outcome> {
  const own = context.written.get(name)
  const found = context.fileOf.get(name) ?? null
  if (own === undefined ? found === null : own.bytes === null)
    return as === 'facts' ? value(null) : refuse('ResourceNotFoundError', noFile(name), name)
  if (own !== undefined && own.bytes !== null) {
    const contentType = own.contentType ?? found?.content_type ?? null
    return as === 'facts' ? factsOf(own.bytes, contentType) : shown(name, own.bytes, as)
  }
  if (found === null) return refuse('ResourceNotFoundError', noFile(name), name)
  const { size, hash, content_type } = found
  if (as === 'facts') return value({ size, hash, content_type })
  if (size > FLOW_FILE_MAX_BYTES) return refuse('InvalidInputError', tooLarge(name))
  const { db, workspaceId } = context
  const content = { workspaceId, contentId: found.content_id, from: 0, to: size }
  return shown(name, Buffer.concat(await Array.fromAsync(readContent(db, content))), as)
}

function shown(name: string, bytes: Uint8Array, as: 'text' | 'base64'): Outcome {
  if (as === 'base64') return value(Buffer.from(bytes).toString('base64'))
  try {
    return value(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return refuse(
      'InvalidInputError',
      `the file "${name}" is not UTF-8; read it with getBytes or getBase64`,
    )
  }
}

const factsOf = (bytes: Uint8Array, contentType: string | null): Outcome =>
  value({
    size: bytes.length,
    hash: sha256Hex(bytes),
    content_type: contentType,
  })

const noFile = (name: string): string =>
  `there is no file named "${name}" in this workspace; upload it first, or write it from a flow`
const tooLarge = (name: string): string =>
  `the file "${name}" has more than ${FLOW_FILE_MAX_BYTES / 1_048_576} MiB, the most that passes through a flow; let a connection send or store it`

const value = (v: Json): Outcome => ({ kind: 'value', value: { v } })
const refuse = (name: string, message: string, file?: string): Outcome => ({
  kind: 'error',
  error: {
    name,
    message,
    ...(file !== undefined && { details: { type: 'file', name: file } }),
  },
})
