import {
  type Field,
  type FieldType,
  type Fields,
  type Filter,
  type FilterOp,
  findField,
  type Params,
  refuse,
  termsOf,
} from './list-filter.ts'
import { orderFields } from './list-page.ts'

const column = (name: string, type: FieldType, cheap = false): Field => ({
  sql: `e.${name}`,
  type,
  cheap,
})

/** The name of another record: found through its id, so that the index on the id serves. */
const nameOf = (table: string, id: string): Field => ({
  sql: 'n.name',
  type: 'text',
  cheap: true,
  via: (condition) =>
    `e.${id} IN (SELECT n.id FROM ${table} n WHERE n.workspace_id = $1 AND ${condition})`,
})

/** Only executions of wrappers have one, so it is kept with the rarely set properties. */
const WRAPPER_ID = "(readable(e.extra) ->> 'wrapper_id')::uuid"
/** A rarely set property, kept as JSON. */
const extra = (name: string, type: FieldType): Field => ({
  sql:
    type === 'text'
      ? `readable(e.extra) ->> '${name}'`
      : `(readable(e.extra) ->> '${name}')::${CASTS[type]}`,
  type,
})

const CASTS: Readonly<Record<FieldType, string>> = {
  text: 'text',
  uuid: 'uuid',
  time: 'timestamptz',
  integer: 'integer',
  number: 'float8',
  boolean: 'boolean',
}

/** What an open wait is for: found through the waits, of which there are as many as stand still. */
const ofWait = (kind: string, sql: string): Field => ({
  sql,
  type: 'uuid',
  cheap: true,
  via: (condition) =>
    `e.id IN (SELECT w.execution_id FROM wait w WHERE w.workspace_id = $1 AND w.kind = '${kind}' AND ${condition})`,
})

const isTrue = (op: FilterOp, value: unknown): boolean => op === 'eq' && value === true
const isExact = (op: FilterOp): boolean => op === 'eq' || op === 'in'

/** What executions may be filtered and sorted by. */
export const executionFields: Fields = {
  known: {
    id: column('id', 'uuid', true),
    // Ids are born with their time in front and are the primary key: the same order, with an index.
    created_at: { ...column('created_at', 'time', true), sortSql: { sql: 'e.id', type: 'uuid' } },
    status: { sql: 'e.status', type: 'text', cheap: isLive },
    type: column('type', 'text', true),
    name: {
      sql: 'e.name',
      type: 'text',
      cheap: (op, value) => isExact(op) || (op === 'like' && /^[^%_\\]/.test(String(value))),
    },
    flow_id: column('flow_id', 'uuid', true),
    flow_name: nameOf('flow', 'flow_id'),
    project_id: column('project_id', 'uuid', true),
    project_name: nameOf('project', 'project_id'),
    connector_id: column('connector_id', 'uuid', true),
    connector_name: nameOf('connector', 'connector_id'),
    connector_type: column('connector_type', 'text'),
    wrapper_id: { sql: WRAPPER_ID, type: 'uuid' },
    wrapper_name: {
      sql: 'n.name',
      type: 'text',
      via: (condition) =>
        `${WRAPPER_ID} IN (SELECT n.id FROM wrapper n WHERE n.workspace_id = $1 AND ${condition})`,
    },
    unwrapped: {
      sql: "coalesce((readable(e.extra) ->> 'unwrapped')::boolean, false)",
      type: 'boolean',
    },
    parent_execution_id: column('parent_execution_id', 'uuid', true),
    top_execution_id: { sql: 'x.id', type: 'uuid', cheap: isExact, via: ofTree },
    created_by: column('created_by', 'uuid', true),
    tag: {
      sql: 't.tag',
      type: 'text',
      cheap: true,
      via: (condition) =>
        `e.id IN (SELECT t.execution_id FROM execution_tag t WHERE t.workspace_id = $1 AND ${condition})`,
    },
    dependency_id: ofWait('DEPENDENCY', 'w.ref'),
    message_id: ofWait('RESPONSE', 'w.ref'),
    setting_id: ofWait(
      'LOCK',
      "(CASE WHEN w.subject LIKE 'setting:%' THEN substring(w.subject FROM 9) END)::uuid",
    ),
    is_deleted: { sql: '(a.deleted_at IS NOT NULL)', type: 'boolean', cheap: true },
    deleted_at: { sql: 'a.deleted_at', type: 'time', cheap: true },
    deleted_by: { sql: 'a.deleted_by', type: 'uuid', cheap: true },
    is_hidden: { sql: 'coalesce(a.is_hidden, false)', type: 'boolean', cheap: true },
    is_paused: { sql: "(e.status = 'PAUSED')", type: 'boolean', cheap: isTrue },
    is_queued: { sql: "(e.status = 'WAITING_ENGINE')", type: 'boolean', cheap: isTrue },
    end_status: { sql: 'CASE WHEN e.ended_at IS NOT NULL THEN e.status END', type: 'text' },
    started_at: column('started_at', 'time'),
    ended_at: column('ended_at', 'time'),
    last_activity: column('moved_at', 'time'),
    modified_at: {
      sql: "greatest(e.moved_at, (readable(e.extra) ->> 'modified_at')::timestamptz)",
      type: 'time',
    },
    modified_by: extra('modified_by', 'uuid'),
    scheduled_for: column('scheduled_for', 'time'),
    is_productive: column('is_productive', 'boolean'),
    orphan: column('orphan', 'boolean'),
    priority: column('priority', 'integer'),
    version: column('version', 'integer'),
    epoch: column('epoch', 'integer'),
    lineno: column('lineno', 'integer'),
    process_id: column('process_id', 'uuid'),
    message: column('message', 'text'),
    description: extra('description', 'text'),
    last_command: column('last_command', 'text'),
    savepoint_retention: {
      sql: "coalesce(readable(e.extra) ->> 'savepoint_retention', 'ALL')",
      type: 'text',
    },
    max_runtime_seconds: extra('max_runtime_seconds', 'integer'),
    use_breakpoints: extra('use_breakpoints', 'boolean'),
    schedule_id: extra('schedule_id', 'uuid'),
    webhook_id: extra('webhook_id', 'uuid'),
    duration: { sql: 'extract(epoch FROM e.ended_at - e.created_at)', type: 'number' },
    trace_id: { sql: 'substring(e.traceparent FROM 4 FOR 32)', type: 'text' },
  },
  inside(path) {
    const [root = '', ...keys] = path.split('.')
    const source = INSIDE[root]
    if (source === undefined || keys.length === 0 || keys.length > 8) return null
    // Only letters, digits and a few signs: the path goes into the statement's text.
    if (!keys.every((key) => /^[\w -]{1,64}$/.test(key))) return null
    return { sql: `${source} #>> '{${keys.map((key) => `"${key}"`).join(',')}}'`, type: 'text' }
  },
}

/** A tree is found from its top down, by the index of parents; there is none of tops. */
function ofTree(condition: string, op: FilterOp): string {
  if (!isExact(op))
    return `EXISTS (SELECT FROM (SELECT e.top_execution_id AS id) AS x WHERE ${condition})`
  return `e.id IN (
    WITH RECURSIVE tree AS (
      SELECT x.id FROM execution x
      WHERE x.workspace_id = $1 AND x.top_execution_id = x.id AND ${condition}
      UNION ALL
      SELECT c.id FROM tree t JOIN execution c ON c.workspace_id = $1 AND c.parent_execution_id = t.id
    )
    SELECT id FROM tree
  )`
}

const INSIDE: Readonly<Record<string, string>> = {
  input_value: 'readable(e.input)',
  output_value: 'readable(e.output)',
  metadata: "(readable(e.extra) -> 'metadata')",
}

/**
 * Refuses what would walk the whole history; returns conditions that follow from the filter and let
 * Postgres use its indexes.
 */
export function planCost(
  filter: Filter | null,
  order: string,
  at: number,
): (params: Params) => string[] {
  const terms = filter === null ? [] : termsOf(filter)
  const must = terms.filter((term) => term.must)
  const range = createdRange(must, at)
  const isOnlyLive = must.some(({ field, op, value }) => {
    if (field === 'status') return isLive(op, value)
    return (field === 'is_paused' || field === 'is_queued') && isTrue(op, value)
  })
  const narrow = isOnlyLive || must.some(({ field, op }) => NARROW.has(field) && isExact(op))

  if (range === null || range.to - range.from > RANGE_MAX_MS) {
    for (const { field, op, value } of terms) {
      const known = findField(executionFields, field)
      const cheap = typeof known?.cheap === 'function' ? known.cheap(op, value) : known?.cheap
      if (known !== null && cheap !== true) throw tooWide('/filter', `a condition on ${field}`)
    }
    const costly = orderFields(order).find((field) => field !== 'id' && field !== 'created_at')
    if (costly !== undefined && !narrow) throw tooWide('/order', `sorting by ${costly}`)
  }

  return (params) => [
    ...(isOnlyLive ? ['e.ended_at IS NULL'] : []),
    ...asideOf(terms, must),
    ...(range === null
      ? []
      : [
          `e.id >= ${params.add(floorId(range.from - CLOCKS_APART_MS))}::uuid`,
          `e.id <= ${params.add(floorId(range.to + CLOCKS_APART_MS))}::uuid`,
        ]),
  ]
}

type Term = ReturnType<typeof termsOf>[number]

/**
 * Without hidden ones and those in the trash, unless the filter names what is set aside. Where only
 * such can match, it says so in words that the index of those understands.
 */
export function asideOf(terms: readonly Term[], must: readonly Term[] = []): string[] {
  const names = (fields: ReadonlySet<string>) => terms.some(({ field }) => fields.has(field))
  const [namesTrash, namesHidden] = [names(TRASH), names(HIDDEN)]
  if (!namesTrash && !namesHidden) return ['a.execution_id IS NULL']
  return [
    ...(namesTrash ? [] : ['a.deleted_at IS NULL']),
    ...(must.some(({ field, op, value }) => field === 'is_deleted' && isTrue(op, value))
      ? ['a.deleted_at IS NOT NULL']
      : []),
    ...(must.some(({ field, op, value }) => field === 'is_hidden' && isTrue(op, value))
      ? ['a.is_hidden']
      : []),
  ]
}

const TRASH: ReadonlySet<string> = new Set(['is_deleted', 'deleted_at', 'deleted_by'])
const HIDDEN: ReadonlySet<string> = new Set(['is_hidden'])

/** The time range that every match lies in: from the last lower bound to the first upper one. */
function createdRange(must: readonly Term[], at: number): { from: number; to: number } | null {
  let from = Number.NEGATIVE_INFINITY
  let to = at
  for (const { field, op, value } of must) {
    const time =
      field === 'created_at' && typeof value === 'string' ? Date.parse(value) : Number.NaN
    if (Number.isNaN(time)) continue
    if (op === 'ge' || op === 'gt' || op === 'eq') from = Math.max(from, time)
    if (op === 'le' || op === 'lt' || op === 'eq') to = Math.min(to, time)
  }
  return Number.isFinite(from) ? { from, to } : null
}

function isLive(op: string, value: unknown): boolean {
  const values = op === 'eq' ? [value] : op === 'in' && Array.isArray(value) ? value : null
  return (
    values !== null &&
    values.every((status) => typeof status === 'string' && !status.startsWith('ENDED_'))
  )
}

/** The least UUIDv7 of a millisecond. */
export function floorId(ms: number): string {
  const hex = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const tooWide = (pointer: string, what: string) =>
  refuse(
    pointer,
    `${what} needs a time range of at most 7 days: add {"field":"created_at","op":"ge","value":"…"} with "and"`,
  )

const RANGE_MAX_MS = 7 * 24 * 3_600_000
// An id carries its maker's clock, created_at Postgres's; children are named by their activation.
export const CLOCKS_APART_MS = 24 * 3_600_000
const NARROW = new Set([
  'id',
  'parent_execution_id',
  'top_execution_id',
  'dependency_id',
  'message_id',
  'setting_id',
])
