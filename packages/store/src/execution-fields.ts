import {
  type Field,
  type FieldType,
  type Fields,
  type Filter,
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
const WRAPPER_ID = "(e.extra ->> 'wrapper_id')::uuid"

/** What executions may be filtered and sorted by. */
export const executionFields: Fields = {
  known: {
    id: column('id', 'uuid', true),
    // Ids are born with their time in front and are the primary key: the same order, with an index.
    created_at: { ...column('created_at', 'time', true), sortSql: { sql: 'e.id', type: 'uuid' } },
    status: { sql: 'e.status', type: 'text', cheap: isLive },
    type: column('type', 'text', true),
    name: column('name', 'text', true),
    flow_id: column('flow_id', 'uuid', true),
    flow_name: nameOf('flow', 'flow_id'),
    project_id: column('project_id', 'uuid', true),
    project_name: nameOf('project', 'project_id'),
    connector_id: column('connector_id', 'uuid'),
    connector_name: { ...nameOf('connector', 'connector_id'), cheap: false },
    connector_type: column('connector_type', 'text'),
    wrapper_id: { sql: WRAPPER_ID, type: 'uuid' },
    wrapper_name: {
      sql: 'n.name',
      type: 'text',
      via: (condition) =>
        `${WRAPPER_ID} IN (SELECT n.id FROM wrapper n WHERE n.workspace_id = $1 AND ${condition})`,
    },
    unwrapped: { sql: "coalesce((e.extra ->> 'unwrapped')::boolean, false)", type: 'boolean' },
    parent_execution_id: column('parent_execution_id', 'uuid', true),
    top_execution_id: column('top_execution_id', 'uuid', true),
    created_by: column('created_by', 'uuid', true),
    tag: {
      sql: 't.tag',
      type: 'text',
      cheap: true,
      via: (condition) =>
        `EXISTS (SELECT FROM json_array_elements_text(e.extra -> 'tags') AS t (tag) WHERE ${condition})`,
    },
    started_at: column('started_at', 'time'),
    ended_at: column('ended_at', 'time'),
    modified_at: column('moved_at', 'time'),
    scheduled_for: column('scheduled_for', 'time'),
    is_productive: column('is_productive', 'boolean'),
    orphan: column('orphan', 'boolean'),
    priority: column('priority', 'integer'),
    version: column('version', 'integer'),
    message: column('message', 'text'),
    last_command: column('last_command', 'text'),
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

const INSIDE: Readonly<Record<string, string>> = {
  input_value: 'e.input',
  output_value: 'e.output',
  metadata: "(e.extra -> 'metadata')",
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
  const narrow = must.some(
    ({ field, op, value }) =>
      (field === 'status' && isLive(op, value)) ||
      (NARROW.has(field) && (op === 'eq' || op === 'in')),
  )

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
    ...(must.some(({ field, op, value }) => field === 'status' && isLive(op, value))
      ? ['e.ended_at IS NULL']
      : []),
    ...(range === null
      ? []
      : [
          `e.id >= ${params.add(floorId(range.from - CLOCKS_APART_MS))}::uuid`,
          `e.id <= ${params.add(floorId(range.to + CLOCKS_APART_MS))}::uuid`,
        ]),
  ]
}

type Term = ReturnType<typeof termsOf>[number]

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
function floorId(ms: number): string {
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
const CLOCKS_APART_MS = 24 * 3_600_000
const NARROW = new Set(['id', 'parent_execution_id', 'top_execution_id'])
