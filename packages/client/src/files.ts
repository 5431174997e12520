import { as, byQuery, createRecords, type By, type Records } from './records.ts'
import type { FileRecord, NewFile } from './record-types.ts'
import { toApiError, type RawBody, type Transport } from './transport.ts'

/** Contents under names that are paths. */
export interface Files extends Records<FileRecord, NewFile> {
  /**
   * Replaces the whole content at once, from something in memory or piece by piece; by name it makes
   * the file if there is none. One try: what was read cannot be read again.
   */
  write(key: string, content: RawBody, options?: By & { contentType?: string }): Promise<FileRecord>
  /** The content, piece by piece. Errors: ApiError, ServerAwayError. */
  read(key: string, options?: By): Promise<ReadableStream<Uint8Array>>
  /** The content as text; an ApiError says when it is not UTF-8. */
  readText(key: string, options?: By): Promise<string>
}

export function createFiles(transport: Transport): Files {
  const path = (key: string) => `/file/${encodeURIComponent(key)}/content`

  async function open(key: string, query: ReturnType<typeof byQuery>): Promise<Response> {
    const response = await transport.open({ method: 'GET', path: path(key), query })
    if (!response.ok) throw toApiError(response, await response.text())
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
      const text = await response.text()
      if (!response.ok) throw toApiError(response, text)
      return as<FileRecord>({ body: JSON.parse(text) })
    },
    async read(key, options) {
      const { body } = await open(key, byQuery(options))
      return body ?? new ReadableStream({ start: (controller) => controller.close() })
    },
    readText: async (key, options) => (await open(key, { ...byQuery(options), as: 'text' })).text(),
  }
}
