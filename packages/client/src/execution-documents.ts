import type { Filter } from './list.ts'
import type { Query } from './query.ts'
import { piecesOf, refusalOf } from './read-body.ts'
import type { Transport } from './transport.ts'

export interface ExportOptions {
  /** With all that have ended below each, nested. Default: true for one, false for a list. */
  readonly tree?: boolean
}

export interface ExportListOptions extends ExportOptions {
  readonly filter?: Filter | undefined
  readonly order?: string | undefined
}

export interface ImportResult {
  readonly count: number
  /** In the order of the documents, children behind their parents; absent for a dry run. */
  readonly ids?: readonly string[]
}

/** One ended execution as YAML. Pieces of text, as they come. Errors: ApiError, ServerAwayError. */
export const exportOne = (
  transport: Transport,
  id: string,
  { tree }: ExportOptions = {},
): AsyncGenerator<string> =>
  readText(transport, `/execution/${encodeURIComponent(id)}/export`, { tree })

/** All ended ones that a list would have. */
export const exportList = (
  transport: Transport,
  { filter, order, tree }: ExportListOptions = {},
): AsyncGenerator<string> =>
  readText(transport, '/execution/export', {
    filter: filter === undefined ? undefined : JSON.stringify(filter),
    order,
    tree,
  })

export async function importDocuments(
  transport: Transport,
  yaml: string,
  { dryRun }: { readonly dryRun?: boolean } = {},
): Promise<ImportResult> {
  const answer = await transport.send({
    method: 'POST',
    path: '/execution/import',
    query: { dry_run: dryRun },
    text: { type: 'application/yaml', content: yaml },
  })
  return answer.body as ImportResult
}

/** One try: an export that broke off is begun again by whoever wants it. */
async function* readText(transport: Transport, path: string, query: Query): AsyncGenerator<string> {
  const headers = { accept: 'application/yaml' }
  const response = await transport.open({ method: 'GET', path, query, headers })
  if (!response.ok) throw await refusalOf(response)
  const decoder = new TextDecoder()
  for await (const bytes of piecesOf(response)) yield decoder.decode(bytes, { stream: true })
  yield decoder.decode()
}
