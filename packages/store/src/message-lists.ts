import type { Queryable } from './database.ts'
import type { Field, FieldType, Params } from './list-filter.ts'
import {
  type IdsRequest,
  type ListRequest,
  type ListSource,
  type Page,
  readIds,
  readPage,
} from './list-page.ts'
import type { MessageRow } from './messages.ts'
import { readStatements } from './statement.ts'

/** One page of messages, newest first. `forIdentities`: only those that one of these may answer. */
export function listMessages(
  db: Queryable,
  request: ListRequest & { readonly forIdentities: readonly string[] | null },
): Promise<Page<MessageRow>> {
  const { filter, forIdentities } = request
  const where = (params: Params): string[] => [
    ...whereOpen(filter),
    ...(forIdentities === null
      ? []
      : [`(m.assignees = '{}' OR m.assignees && ${params.add(forIdentities)}::text[])`]),
  ]
  const bound = forIdentities === null ? '' : ` for ${forIdentities.join(',')}`
  return readPage(db, { ...source, name: `message${bound}`, where }, request)
}

/** The ids of messages, the newest first. */
export const listMessageIds = (db: Queryable, request: IdsRequest): Promise<string[]> =>
  readIds(db, { ...source, where: () => whereOpen(request.filter) }, request)

const column = (name: string, type: FieldType): Field => ({ sql: `m.${name}`, type })

const statements = readStatements('message-lists')

const source: Omit<ListSource, 'name' | 'where'> = {
  select: statements.get('select')?.text ?? '',
  count: statements.get('count')?.text ?? '',
  id: 'm.id',
  defaultOrder: '-created_at',
  fields: {
    known: {
      id: column('id', 'uuid'),
      status: column('status', 'text'),
      subject: column('title', 'text'),
      execution_id: column('execution_id', 'uuid'),
      execution_name: column('execution_name', 'text'),
      flow_id: column('flow_id', 'uuid'),
      project_id: column('project_id', 'uuid'),
      assignee: {
        sql: 'a.name',
        type: 'text',
        via: (condition) =>
          `EXISTS (SELECT FROM unnest(m.assignees) AS a(name) WHERE ${condition})`,
      },
      allows_links: column('allows_links', 'boolean'),
      // Ids are born with their time in front and are the primary key.
      created_at: { ...column('created_at', 'time'), sortSql: { sql: 'm.id', type: 'uuid' } },
      due_at: column('due_at', 'time'),
      answered_at: column('answered_at', 'time'),
      answered_by: column('answered_by', 'text'),
      closed_at: column('closed_at', 'time'),
      closed_why: column('closed_why', 'text'),
    },
  },
}

/** What the index of open messages is of; what message_now says comes on top. */
const whereOpen = (filter: unknown): string[] =>
  asksForOpen(filter) ? [`m.stored_status = 'OPEN'`] : []

/** Whether nothing that is stored as answered or closed can match. The filter is not checked yet. */
function asksForOpen(filter: unknown): boolean {
  if (typeof filter !== 'object' || filter === null) return false
  const { and, field, op, value } = filter as Readonly<Record<string, unknown>>
  if (Array.isArray(and)) return and.some(asksForOpen)
  return field === 'status' && op === 'eq' && value === 'OPEN'
}
