import { now, ServiceError } from '@millrace/runtime'
import type { ExportNode } from '@millrace/record-yaml'
import {
  type ExecutionRecordRow,
  listExecutions,
  readExecutionRecords,
  readTree,
  type TreeRow,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionWriter } from './execution-json.ts'
import { type HasEnded, hasPlace, judgeOnce, topsOf } from './export-tops.ts'
import { toListRequest } from './page-request.ts'
import { factsFor, inputAndOutput, readRecord } from './read-execution.ts'

/**
 * Ended executions as YAML documents, one piece of text after the other, so that any number of them is
 * written with the memory of one. With `tree`, each with all below it that have ended and are not in the
 * trash; what is written so is not written by itself, too.
 */
export async function* exportExecutions(
  context: Context,
  caller: Caller,
  request: {
    readonly filter?: string | undefined
    readonly order?: string | undefined
    readonly tree?: boolean | undefined
  },
): AsyncGenerator<string> {
  const { workspaceId } = caller
  const { filter, order, tree = false } = request
  const list = { ...toListRequest(workspaceId, { filter, order, limit: PAGE }), at: now() }
  const hasEnded = judgeOnce()
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listExecutions>> = await listExecutions(context.api, {
      ...list,
      cursor,
    })
    const ended = page.rows.filter(hasEnded)
    if (tree)
      for (const row of await topsOf(context, list, { rows: ended, hasEnded }))
        yield* documentsOf(context, row, hasEnded)
    else for (const row of ended) yield* documentsOf(context, row, null)
    cursor = page.nextCursor
  } while (cursor !== null)
}

/** One of them. Throws `notFound`, and `conflict` while it lives. */
export async function* exportExecution(
  context: Context,
  caller: Caller,
  { id, tree }: { readonly id: string; readonly tree: boolean },
): AsyncGenerator<string> {
  const row = await readRecord(context, { workspaceId: caller.workspaceId, id })
  if (row.ended_at === null)
    throw new ServiceError(
      'conflict',
      `Execution ${id} is ${row.status}; only what has ended can be exported. Wait for its end, or cancel it.`,
      { details: { execution_status: row.status } },
    )
  yield* documentsOf(context, row, tree ? judgeOnce() : null)
}

const PAGE = 100
/** Of one tree; more of them are exported by a filter, each by itself. */
const TREE_MAX = 1_000
/** Of the values in one document: an import takes no longer text. */
const CHARS_MAX = 16 * 1_048_576

/** With what is below it that has ended; null: without. */
async function* documentsOf(
  context: Context,
  row: ExecutionRecordRow,
  hasEnded: HasEnded | null,
): AsyncGenerator<string> {
  const { exportDocument, LEVELS_MAX } = await import('@millrace/record-yaml')
  const budget = { chars: CHARS_MAX, top: row.id }
  const { workspace_id: workspaceId, id } = row
  const rows =
    hasEnded === null
      ? []
      : await readTree(context.api, { workspaceId, id, depth: 1_000, limit: TREE_MAX + 1 })
  if (rows.length > TREE_MAX) throw tooLarge(id)
  const below = new Map<string, TreeRow[]>()
  for (const one of rows) {
    // What lives cannot be imported, and what is below it has no place without it.
    if (hasEnded?.(one) !== true || one.id === id || one.parent_execution_id === null) continue
    const siblings = below.get(one.parent_execution_id)
    if (siblings === undefined) below.set(one.parent_execution_id, [one])
    else siblings.push(one)
  }
  /** Those that stand too deep for the document of their top. */
  const rest: ExecutionRecordRow[] = [row]
  for (let next = rest.shift(); next !== undefined; next = rest.shift())
    yield exportDocument(await nodeOf(next, 1))

  async function nodeOf(one: ExecutionRecordRow, level: number): Promise<ExportNode> {
    const record = await recordOf(context, one, budget)
    const children = below.get(one.id) ?? []
    if (children.length === 0) return { record }
    const records = await readAll(children.map((child) => child.id))
    const found = records.filter((child) => hasPlace(row, child))
    if (found.length === 0) return { record }
    if (level < LEVELS_MAX) {
      const nodes: ExportNode[] = []
      for (const child of found) nodes.push(await nodeOf(child, level + 1))
      return { record, children: nodes }
    }
    rest.push(...found)
    return { record }
  }

  async function readAll(ids: readonly string[]): Promise<ExecutionRecordRow[]> {
    const found = await readExecutionRecords(context.api, { workspaceId, ids })
    const byId = new Map(found.map((one) => [one.id, one]))
    return ids.flatMap((one) => byId.get(one) ?? [])
  }
}

/** The record with all its values, as the API shows it. */
async function recordOf(
  context: Context,
  row: ExecutionRecordRow,
  budget: { chars: number; readonly top: string },
): Promise<Readonly<Record<string, unknown>>> {
  const facts = await factsFor(context, row.workspace_id, [row])
  const json = writer()(row, { ...facts(row), ...(await inputAndOutput(context, row)) })
  budget.chars -= json.length
  if (budget.chars < 0) throw tooLarge(budget.top)
  return JSON.parse(json) as Readonly<Record<string, unknown>>
}

const writer = (): ReturnType<typeof executionWriter> => executionWriter(null)

const tooLarge = (id: string): ServiceError =>
  new ServiceError(
    'tooLarge',
    `Execution ${id} with all below it has more than ${TREE_MAX} executions or ${CHARS_MAX / 1_048_576} MiB. Export it with tree=false, and those below it by a filter on top_execution_id.`,
  )
