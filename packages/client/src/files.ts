import { as, byQuery, createRecords, type By, type Records } from './records.ts'
import { piecesOf, refusalOf, textOf } from './read-body.ts'
import type { FileRecord, NewFile } from './record-types.ts'
import type { RawBody, Transport } from './transport.ts'

/** Contents under names that are paths. */
export interface Files extends Records<FileRecord, NewFile> {
  /**
   * Replaces the whole content at once, from something in memory or piece by piece; by name it makes
   * the file if there is none. One try: what was read cannot be read again.
   */
  write(key: string, content: RawBody, options?: By & { contentType?: string }): Promise<FileRecord>
  /** The content, piece by piece. Errors: ApiError, ServerAwayError; also of the stream, where it breaks off. */
  read(key: string, options?: By): Promise<ReadableStream<Uint8Array>>
  /** The content as text; an ApiError says when it is not UTF-8. Errors: ApiError, ServerAwayError. */
  readText(key: string, options?: By): Promise<string>
}

export function createFiles(transport: Transport): Files {
  const path = (key: string) => `/file/${encodeURIComponent(key)}/content`

  async function open(key: string, query: ReturnType<typeof byQuery>): Promise<Response> {
    const response = await transport.open({ method: 'GET', path: path(key), query })
    if (!response.ok) throw await refusalOf(response)
    return response
  }

  return {
    ...createRecords<FileRecord, NewFile>(transport, 'file'),
    async write(key, content, options) {
      const response = await transport.open({
        method: 'PUT',
        path: path(key),
        query: byQuery(options),
        raw: { body: content, contentType: options?.contentType ?? 'application/octet-stream' },
      })
      if (!response.ok) throw await refusalOf(response)
      return as<FileRecord>({ body: JSON.parse(await textOf(response)) })
    },
    read: async (key, options) => piecesOf(await open(key, byQuery(options))),
    readText: async (key, options) => textOf(await open(key, { ...byQuery(options), as: 'text' })),
  }
}
