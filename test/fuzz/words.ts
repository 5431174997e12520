import { newId, now } from '@millrace/runtime'
import type { Words } from './from-schema.ts'
import type { Operation } from './openapi.ts'

export const SLEEPS = 'export default async (system, self) => { await self.sleep(3600) }'
export const HOLDS =
  'export default async (system, self, inputs) => { await system.setting(inputs.name).acquire(); await self.sleep(3600) }'
export const ENDS = `export default (system, self, inputs) => { self.log('ran', inputs); return { got: inputs } }`

/** What there is, by the tag of the operations that name it, and what some of them need. */
export interface Made {
  /** Ids. A deleted record is there once, so there are some of each. */
  readonly of: Readonly<Record<string, readonly string[]>>
  readonly trashed: ReadonlyMap<string, string>
  readonly project: string
  /** Ids of records that nobody changes, for others to name. */
  readonly kept: Readonly<Record<string, readonly string[]>>
  /** Webhooks that nobody changes, by what their addresses say. */
  readonly called: readonly string[]
  readonly ended: readonly string[]
  readonly asleep: readonly string[]
  /** They hold the lock of a setting each. */
  readonly holders: readonly string[]
  /** They stand at their first line. */
  readonly stopped: readonly string[]
  /** Messages that nobody answers but by their links, and links to them and to others. */
  readonly asked: readonly string[]
  readonly tokens: readonly string[]
  readonly tokensToUse: readonly string[]
}

/** What is deleted or cancelled must not be what others read. */
export const KEPT = 6

/** Values that mean something, by the name of a field, for one operation. */
export function wordsFor(made: Made, operation: Operation): Words {
  const shared = sharedWords(made)
  return (name) => {
    if (name === 'id' || name === 'key') return idsFor(made, operation)
    if (name === 'token')
      return operation.id === 'replyByMessageLink' ? made.tokensToUse : made.tokens
    // A body takes the filter as JSON, a query as its text; what is steered by it is to be nobody's.
    if (name === 'filter' && operation.body !== null) return [NOBODY]
    return shared[name] ?? []
  }
}

/** What is used up by one operation must not be what another one needs. */
function idsFor(made: Made, { id, method, path, tag }: Operation): readonly string[] {
  const all = made.of[tag] ?? []
  const trash = path.endsWith('/restore') ? made.trashed.get(tag) : undefined
  if (trash !== undefined) return [trash]
  if (id.startsWith('callWebhook')) return made.called
  if (method === 'DELETE') return all.slice(KEPT)
  switch (id) {
    case 'cancelExecution':
      return made.asleep.slice(KEPT)
    case 'pauseExecution':
    case 'resumeExecution':
      return made.asleep.slice(0, KEPT)
    case 'debugExecution':
      return made.stopped.slice(KEPT + 3)
    case 'makeProductive':
      return made.stopped.slice(KEPT, KEPT + 3)
    case 'readDebug':
    case 'inspectExecution':
      return made.stopped.slice(0, KEPT)
    case 'createMessageLink':
      return made.asked
    default:
      return tag === 'execution' || tag === 'message' ? all : all.slice(0, KEPT)
  }
}

function sharedWords(made: Made): Readonly<Record<string, readonly unknown[]>> {
  const later = new Date(now() + 86_400_000).toISOString()
  const earlier = new Date(now() - 3_600_000).toISOString()
  const of = (type: string): readonly string[] => made.kept[type] ?? []
  return {
    flow_id: of('flow'),
    flow_name: ['fuzz answers'],
    script: [ENDS, SLEEPS, 'export default () => { throw new Error("x") }'],
    language: ['typescript'],
    connector_id: of('connector'),
    connector_name: ['fuzz kept'],
    connector_type: ['REST'],
    project_id: [made.project],
    project_name: ['fuzz home'],
    execution_id: made.holders,
    ids: [made.asleep.slice(-2), [made.ended[0], newId()]],
    setting_id: of('setting'),
    setting_name: ['fuzz-kept'],
    scheduler_id: of('scheduler'),
    scheduler_name: ['fuzz kept'],
    timing: TIMINGS,
    rrule: ['DTSTART:20260101T000000Z\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30'],
    cron: ['0 0 30 2 *', '* * * * * *'],
    time_zone: ['Europe/Berlin'],
    from: ['2026-01-01T00:00:00Z'],
    to: ['2026-01-02T00:00:00Z'],
    starts_at: [earlier],
    ends_at: [later],
    user_name: ['fuzz-user-0'],
    password: ['long enough', 'wrong wrong'],
    scheduled_for: [later, earlier],
    expires_at: [later],
    since: [earlier],
    // Waiting is bounded by what a caller asks for; the fuzz asks for little.
    wait: [0, 0.05],
    limit: [1, 1_000],
    order: ['-created_at', 'name', 'id'],
    fields: ['id', 'id,name'],
    group_by: ['status', 'type'],
    pointer: ['', '/a', '/a/0', '/got'],
    depth: [1, 3],
    roles: [[]],
    input_schema: [{ type: 'object' }, true, null],
    output_schema: [{}, null],
    wrappers: [[], [{ name: 'retry', input: { max_tries: 2 } }]],
    filter: FILTERS.map((filter) => JSON.stringify(filter)),
    last_event_id: ['1.1.0.0.0'],
    // Calls of the past: ENDS has one, its log line.
    savepoint: ['1'],
    savepoint_id: ['1.1', '1.0'],
    seq: [1, 0],
    from_savepoint: [1, 0],
    generation: [1],
    response: [{}],
    action: ['cancel', 'pause', 'continue', 'step_over', 'break'],
    line: [1],
    expressions: [['1 + 1', 'inputs']],
    secrets: [['a secret of some length'], ['whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3']],
    signed_content: ['{body}', '{timestamp}.{body}'],
    allow_from: [[], ['127.0.0.0/8', '::1']],
    content_type: ['text/plain'],
    base64: ['eA=='],
  }
}

const TIMINGS = [
  { cron: '0 0 1 1 *' },
  { interval_seconds: 3_600 },
  { rrule: 'DTSTART:20260101T000000Z\nRRULE:FREQ=YEARLY', time_zone: 'Europe/Berlin' },
  // Times that never come: looking for one has to end.
  { cron: '0 0 30 2 *' },
  { rrule: 'DTSTART:20260101T000000Z\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30' },
]

const NOBODY = { field: 'name', op: 'eq', value: 'fuzz nobody' }
const FILTERS: readonly object[] = [
  { field: 'status', op: 'eq', value: 'SCHEDULED' },
  { field: 'name', op: 'like', value: 'fuzz%' },
  { field: 'created_at', op: 'ge', value: '2026-01-01T00:00:00Z' },
  {
    and: [
      { field: 'type', op: 'in', value: ['SCRIPT', 'FLOW'] },
      { field: 'id', op: 'is_null', value: false },
    ],
  },
  {
    not: {
      or: [
        { field: 'name', op: 'eq', value: 'x' },
        { field: 'name', op: 'ilike', value: '%y' },
      ],
    },
  },
]
