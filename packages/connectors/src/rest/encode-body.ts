import { randomToken } from '@millrace/runtime'
import { ConnectionFailure } from '../failure.ts'
import type { SourceFile, WorkspaceFiles } from '../workspace-files.ts'
import type { MultipartPart, RestBody } from './rest-input.ts'

export interface EncodedBody {
  /** Bytes. */
  readonly length: number
  /** Null: none is sent. */
  readonly contentType: string | null
  /** The bytes, anew for each try: a redirect or a challenge asks for them again. */
  open(): Buffer | AsyncIterable<Uint8Array>
}

/** The body of a request, or null when it has none. Files stay where they are until they are sent. */
export async function encodeBody(
  body: RestBody | undefined,
  files: WorkspaceFiles,
): Promise<EncodedBody | null> {
  switch (body?.body_type) {
    case undefined:
    case 'none':
      return null
    case 'json':
      return inMemory(JSON.stringify(body.json), 'application/json')
    case 'text':
      return inMemory(body.text, body.content_type ?? 'text/plain; charset=utf-8')
    case 'urlencoded': {
      const fields = new URLSearchParams(
        body.fields.map(({ name, value }) => [name, String(value)]),
      )
      return inMemory(fields.toString(), 'application/x-www-form-urlencoded')
    }
    case 'multipart':
      return encodeMultipart(body.parts, files)
    case 'file': {
      const file = await fileOf(body.source_file_name, files)
      return {
        length: file.size,
        contentType: file.contentType ?? 'application/octet-stream',
        open: () => file.read(),
      }
    }
  }
}

function inMemory(text: string, contentType: string): EncodedBody {
  const bytes = Buffer.from(text)
  return { length: bytes.length, contentType, open: () => bytes }
}

async function encodeMultipart(
  parts: readonly MultipartPart[],
  files: WorkspaceFiles,
): Promise<EncodedBody> {
  const boundary = `millrace-${randomToken(18)}`
  const pieces: (Buffer | SourceFile)[] = []
  for (const part of parts) {
    const file =
      part.source_file_name === undefined ? null : await fileOf(part.source_file_name, files)
    pieces.push(headOf(boundary, part, file), file ?? valueOf(part), Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  const contentType = `multipart/form-data; boundary=${boundary}`
  const length = pieces.reduce(
    (sum, piece) => sum + (Buffer.isBuffer(piece) ? piece.length : piece.size),
    0,
  )
  const buffers = pieces.filter((piece) => Buffer.isBuffer(piece))
  if (buffers.length === pieces.length) {
    const bytes = Buffer.concat(buffers)
    return { length, contentType, open: () => bytes }
  }
  return { length, contentType, open: () => inOrder(pieces) }
}

function headOf(boundary: string, part: MultipartPart, file: SourceFile | null): Buffer {
  const isBytes = typeof part.value === 'object'
  const filename =
    part.filename ?? file?.name.split('/').at(-1) ?? (isBytes ? part.name : undefined)
  const contentType =
    part.content_type ??
    file?.contentType ??
    (filename === undefined ? undefined : 'application/octet-stream')
  return Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(part.name)}"` +
      (filename === undefined ? '' : `; filename="${quoted(filename)}"`) +
      (contentType === undefined ? '' : `\r\nContent-Type: ${contentType}`) +
      '\r\n\r\n',
  )
}

const valueOf = ({ value }: MultipartPart): Buffer =>
  typeof value === 'object' ? Buffer.from(value.$base64, 'base64') : Buffer.from(String(value))

async function* inOrder(pieces: readonly (Buffer | SourceFile)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else yield* piece.read()
  }
}

async function fileOf(name: string, files: WorkspaceFiles): Promise<SourceFile> {
  const file = await files.find(name)
  if (file !== null) return file
  throw new ConnectionFailure(
    'INPUT',
    `There is no file named "${name}" in this workspace. Upload it first, or write it from a flow.`,
    { phase: 'resolve', outcome: 'none' },
  )
}

/** As browsers escape names in form data. */
const quoted = (name: string): string =>
  name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
