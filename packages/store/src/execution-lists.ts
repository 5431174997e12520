import type { Queryable } from './database.ts'
import {
  executionRecordCount,
  executionRecordSelect,
  type ExecutionRecordRow,
} from './execution-records.ts'
import { asideOf, CLOCKS_APART_MS, executionFields, floorId, planCost } from './execution-fields.ts'
import {
  createParams,
  type Filter,
  filterToSql,
  type Params,
  refuse,
  termsOf,
} from './list-filter.ts'
import {
  type IdsRequest,
  type ListRequest,
  type ListSource,
  type Page,
  readIds,
  readPage,
} from './list-page.ts'
import { loadStatements } from './statement.ts'

/**
 * One page of executions. Cheap filters walk what they find; any other must come with a time range of
 * at most 7 days, or `invalid` says so. `at`: the present (ms since 1970), where an open range ends.
 * Hidden ones and those in the trash are left out, unless the filter names them; `trashed`: only those.
 */
export async function listExecutions(
  db: Queryable,
  request: ListRequest & { readonly at: number; readonly trashed?: boolean },
): Promise<Page<ExecutionRecordRow>> {
  const { trashed = false } = request
  const filter = trashed ? inTrash(request.filter) : request.filter
  return readPage(db, sourceOf({ ...request, filter }), { ...request, filter })
}

/** The ids of executions that are neither hidden nor in the trash; filters cost as in `listExecutions`. */
export async function listExecutionIds(
  db: Queryable,
  request: IdsRequest & { readonly at: number },
): Promise<string[]> {
  return readIds(db, sourceOf(request), request)
}

function sourceOf(request: IdsRequest & { readonly at: number }): ListSource {
  const plan = planCost(request.filter, request.order ?? '-created_at', request.at)
  return {
    name: 'execution',
    select: executionRecordSelect,
    count: executionRecordCount,
    id: 'e.id',
    fields: executionFields,
    countMax: COUNT_MAX,
    defaultOrder: '-created_at',
    where: (params) => plan(params),
  }
}

/** Counting some hundred thousand rows takes as long as anybody waits for a number. */
const COUNT_MAX = 100_000

function inTrash(filter: Filter | null): Filter {
  const trashed: Filter = { field: 'is_deleted', op: 'eq', value: true }
  return filter === null ? trashed : { and: [trashed, filter] }
}

/** The executions that one has started, down to `depth` levels below it. */
export function listChildren(
  db: Queryable,
  request: ListRequest & { readonly parentId: string; readonly depth: number },
): Promise<Page<ExecutionRecordRow>> {
  return readPage(
    db,
    {
      name: `children ${request.parentId} ${request.depth}`,
      select: executionRecordSelect,
      count: executionRecordCount,
      id: 'e.id',
      fields: executionFields,
      countMax: COUNT_MAX,
      defaultOrder: 'created_at',
      where: (params) => [
        below(params, request.parentId, request.depth),
        ...asideOf(request.filter === null ? [] : termsOf(request.filter)),
      ],
    },
    request,
  )
}

function below(params: Params, parentId: string, depth: number): string {
  const parent = params.add(parentId)
  if (depth === 1) return `e.parent_execution_id = ${parent}::uuid`
  return `e.id IN (
    WITH RECURSIVE tree AS (
      SELECT c.id, 1 AS depth FROM execution c
      WHERE c.workspace_id = $1 AND c.parent_execution_id = ${parent}::uuid
      UNION ALL
      SELECT c.id, t.depth + 1 FROM tree t
        JOIN execution c ON c.workspace_id = $1 AND c.parent_execution_id = t.id
      WHERE t.depth < ${params.add(depth)}
    )
    SELECT id FROM tree
  )`
}

export interface TreeRow {
  readonly id: string
  readonly parent_execution_id: string | null
  readonly name: string | null
  readonly type: string
  readonly status: string
  readonly depth: number
  readonly created_at: number
  readonly ended_at: number | null
}

/** An execution and what is below it, parents before children. */
export function readTree(
  db: Queryable,
  key: { workspaceId: string; id: string; depth: number; limit: number },
): Promise<TreeRow[]> {
  return db.query(statements.readTree, [key.workspaceId, key.id, key.depth, key.limit])
}

export const SUMMARY_GROUPS = ['status', 'type', 'flow_id', 'project_id', 'connector_type'] as const
export type SummaryGroup = (typeof SUMMARY_GROUPS)[number]

/**
 * How many executions there are of each group. All that have not ended, and of the ended ones those
 * created since `since` (ms since 1970).
 */
export async function summarizeExecutions(
  db: Queryable,
  request: {
    readonly workspaceId: string
    readonly groupBy: SummaryGroup
    readonly filter: Filter | null
    readonly since: number
  },
): Promise<{ group: string | null; count: number }[]> {
  if (!SUMMARY_GROUPS.includes(request.groupBy))
    throw refuse('/group_by', `must be one of ${SUMMARY_GROUPS.join(', ')}`)
  const params = createParams([request.workspaceId])
  const { filter } = request
  const matches = [
    ...asideOf(filter === null ? [] : termsOf(filter)),
    ...(filter === null ? [] : [filterToSql(filter, executionFields, params)]),
  ].map((condition) => `AND ${condition}`)
  const from = `SELECT e.${request.groupBy} AS grouped
    FROM execution e
      LEFT JOIN execution_aside a ON a.workspace_id = e.workspace_id AND a.execution_id = e.id
    WHERE e.workspace_id = $1 ${matches.join(' ')}`
  const since = params.add(new Date(request.since).toISOString())
  const firstId = params.add(floorId(request.since - CLOCKS_APART_MS))
  // Apart, so that each has its index: what lives is few, and ids are born with their time in front.
  const text = `SELECT g.grouped::text AS group, count(*) AS count
    FROM (
      ${from} AND e.ended_at IS NULL
      UNION ALL
      ${from} AND e.ended_at IS NOT NULL AND e.id >= ${firstId}::uuid AND e.created_at >= ${since}::timestamptz
    ) AS g
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1000`
  return db.query({ name: '', text }, params.values)
}

const statements = loadStatements('execution-lists', ['readTree'])
