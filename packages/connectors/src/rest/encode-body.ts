import { randomToken } from '@millrace/runtime'
import type { MultipartPart, RestBody } from './rest-input.ts'

export interface EncodedBody {
  readonly bytes: Buffer
  /** Null: none is sent. */
  readonly contentType: string | null
}

/** The bytes of a request's body, or null when it has none. */
export function encodeBody(body: RestBody | undefined): EncodedBody | null {
  switch (body?.body_type) {
    case undefined:
    case 'none':
      return null
    case 'json':
      return { bytes: Buffer.from(JSON.stringify(body.json)), contentType: 'application/json' }
    case 'text':
      return {
        bytes: Buffer.from(body.text),
        contentType: body.content_type ?? 'text/plain; charset=utf-8',
      }
    case 'urlencoded': {
      const fields = new URLSearchParams(
        body.fields.map(({ name, value }) => [name, String(value)]),
      )
      return {
        bytes: Buffer.from(fields.toString()),
        contentType: 'application/x-www-form-urlencoded',
      }
    }
    case 'multipart':
      return encodeMultipart(body.parts)
    case 'file':
      throw new Error('files are refused before')
  }
}

function encodeMultipart(parts: readonly MultipartPart[]): EncodedBody {
  const boundary = `millrace-${randomToken(18)}`
  const chunks: Buffer[] = []
  for (const part of parts) {
    const isBytes = typeof part.value === 'object'
    const filename = part.filename ?? (isBytes ? part.name : undefined)
    const contentType =
      part.content_type ?? (filename === undefined ? undefined : 'application/octet-stream')
    chunks.push(
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(part.name)}"` +
          (filename === undefined ? '' : `; filename="${quoted(filename)}"`) +
          (contentType === undefined ? '' : `\r\nContent-Type: ${contentType}`) +
          '\r\n\r\n',
      ),
      typeof part.value === 'object'
        ? Buffer.from(part.value.$base64, 'base64')
        : Buffer.from(String(part.value ?? '')),
      Buffer.from('\r\n'),
    )
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return { bytes: Buffer.concat(chunks), contentType: `multipart/form-data; boundary=${boundary}` }
}

/** As browsers escape names in form data. */
const quoted = (name: string): string =>
  name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
