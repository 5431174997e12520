import { isEnded, type Status } from '@millrace/execution'
import { SCHEMA_VERSION } from '@millrace/record-yaml/properties'
import { parseTraceparent } from '@millrace/runtime'
import type { ExecutionRecordRow, RecordWait } from '@millrace/store'
import { invalid } from '../problem.ts'
import { shortWhy } from './why-sentences.ts'

/** What the record shows besides its row. All of it is JSON text or null. */
export interface RecordFacts {
  readonly organizationId: string
  /** The source text as a JSON string. */
  readonly script: string | null
  /** Large values that were fetched for this answer; without them a large value shows as null. */
  readonly input?: string | null
  readonly output?: string | null
}

/** Writes executions as JSON text, all properties or the named ones. */
export type ExecutionWriter = (row: ExecutionRecordRow, facts: RecordFacts) => string

/**
 * A writer for these fields (null: all). Texts that are JSON already are spliced in as they are, and
 * runs of properties that are the same for all become one constant.
 */
export function executionWriter(fields: readonly string[] | null): ExecutionWriter {
  const cacheKey = fields === null ? '' : fields.join(',')
  const cached = writers.get(cacheKey)
  if (cached !== undefined) return cached
  const writer = makeWriter(fields)
  if (writers.size > 200) writers.clear()
  writers.set(cacheKey, writer)
  return writer
}

export const EXECUTION_PROPERTIES = (): string[] => Object.keys(PROPERTIES)

const writers = new Map<string, ExecutionWriter>()

function makeWriter(fields: readonly string[] | null): ExecutionWriter {
  const unknown = fields?.find((field) => !Object.hasOwn(PROPERTIES, field))
  if (unknown !== undefined)
    throw invalid([{ pointer: '/fields', message: `names ${unknown}, which no execution has` }])

  const parts: (string | Property)[] = []
  let text = '{'
  for (const [name, property] of Object.entries(PROPERTIES)) {
    if (fields !== null && !fields.includes(name)) continue
    text += `${text === '{' || text === '' ? (parts.length === 0 ? '' : ',') : ','}"${name}":`
    if (typeof property === 'string') text += property
    else {
      parts.push(text, property)
      text = ''
    }
  }
  parts.push(`${text}}`)

  return (row, facts) => {
    const subject = new Subject(row, facts)
    let json = ''
    for (const part of parts) json += typeof part === 'string' ? part : part(subject)
    return json
  }
}

/** A property: constant JSON text, or how to write it. */
type Property = (subject: Subject) => string

/** One row with what several properties need, parsed at most once. */
class Subject {
  readonly row: ExecutionRecordRow
  readonly facts: RecordFacts
  #extra: Readonly<Record<string, unknown>> | null = null
  #waits: readonly RecordWait[] | null = null

  constructor(row: ExecutionRecordRow, facts: RecordFacts) {
    this.row = row
    this.facts = facts
  }

  get extra(): Readonly<Record<string, unknown>> {
    return (this.#extra ??=
      this.row.extra === null ? NOTHING : (JSON.parse(this.row.extra) as Record<string, unknown>))
  }

  get waits(): readonly RecordWait[] {
    return (this.#waits ??=
      this.row.waits === null ? NONE : (JSON.parse(this.row.waits) as RecordWait[]))
  }

  /** The oldest open wait of a kind. */
  wait(kind: string): RecordWait | undefined {
    return this.row.waits === null ? undefined : this.waits.find((wait) => wait.kind === kind)
  }
}

const NOTHING = {}
const NONE: readonly RecordWait[] = []

// A plain word needs no escaping; names and messages go through JSON.stringify.
const word = (value: string | null): string => (value === null ? 'null' : `"${value}"`)
const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value))
const time = (ms: number | null): string => (ms === null ? 'null' : timeText(ms))

/** Executions of one moment share their times, and each has several: most were written just before. */
function timeText(ms: number): string {
  const known = recentTimes.get(ms)
  if (known !== undefined) return known
  const made = `"${new Date(ms).toISOString()}"`
  if (recentTimes.size >= RECENT_TIMES) recentTimes.clear()
  recentTimes.set(ms, made)
  return made
}

const RECENT_TIMES = 256
const recentTimes = new Map<number, string>()
const extra =
  (name: string, otherwise = 'null'): Property =>
  ({ row, extra: values }) => {
    if (row.extra === null) return otherwise
    const value = values[name] ?? null
    return value === null ? otherwise : JSON.stringify(value)
  }

const PROPERTIES: Readonly<Record<string, string | Property>> = {
  activity_type: '"EXECUTION"',
  break: extra('break'),
  breakpoints: extra('breakpoints'),
  bundle_id: extra('bundle_id'),
  bundle_name: 'null',
  commit_message: extra('commit_message'),
  connector_id: ({ row }) => word(row.connector_id),
  connector_name: ({ row }) => text(row.connector_name),
  connector_type: ({ row }) => text(row.connector_type),
  created_at: ({ row }) => time(row.created_at),
  created_by: ({ row }) => word(row.created_by),
  custom_object_id: extra('custom_object_id'),
  deleted_at: ({ row }) => time(row.deleted_at),
  deleted_by: ({ row }) => word(row.deleted_by),
  dependency_id: (subject) => word(subject.wait('DEPENDENCY')?.ref ?? null),
  description: extra('description'),
  end_status: ({ row }) => (isEnded(row.status) ? word(row.status) : 'null'),
  ended_at: ({ row }) => time(row.ended_at),
  flow_id: ({ row }) => word(row.flow_id),
  flow_name: ({ row }) => text(row.flow_name),
  id: ({ row }) => word(row.id),
  identity_type: '"EXECUTION"',
  input_schema: ({ row }) => row.input_schema ?? 'null',
  input_value: ({ row, facts }) => row.input ?? facts.input ?? 'null',
  is_bundle_readonly: 'false',
  is_deleted: ({ row }) => String(row.deleted_at !== null),
  is_hidden: ({ row }) => String(row.is_hidden),
  is_paused: ({ row }) => String(row.status === 'PAUSED'),
  is_productive: ({ row }) => String(row.is_productive),
  is_project_readonly: 'false',
  is_queued: ({ row }) => String(row.status === 'WAITING_ENGINE'),
  is_readonly: 'false',
  is_remote_processed: extra('is_remote_processed', 'false'),
  last_activity: ({ row }) => time(row.moved_at),
  last_command: ({ row }) => text(row.last_command),
  last_sync: extra('last_sync'),
  lineno: ({ row }) => String(row.lineno),
  message: ({ row }) => text(row.message),
  message_id: (subject) => word(subject.wait('RESPONSE')?.ref ?? null),
  metadata: extra('metadata'),
  modified_at: (subject) => modifiedAt(subject),
  modified_by: extra('modified_by'),
  name: ({ row }) => text(row.name),
  organization_id: ({ facts }) => word(facts.organizationId),
  orphan: ({ row }) => String(row.orphan),
  output_schema: ({ row }) => row.output_schema ?? 'null',
  output_value: ({ row, facts }) => row.output ?? facts.output ?? 'null',
  parent_execution_id: ({ row }) => word(row.parent_execution_id),
  plugin_action_id: extra('plugin_action_id'),
  process_id: ({ row }) => word(row.process_id),
  project_id: ({ row }) => word(row.project_id),
  project_name: ({ row }) => text(row.project_name),
  provisioning_type: 'null',
  record_type: '"EXECUTION"',
  remote_workspace_name: 'null',
  repository_path: 'null',
  roles: extra('roles'),
  savepoint_retention: extra('savepoint_retention', '"ALL"'),
  schedule_id: extra('schedule_id'),
  schedule_name: extra('schedule_name'),
  scheduled_for: (subject) => scheduledFor(subject),
  schema_version: word(SCHEMA_VERSION),
  script: ({ facts }) => facts.script ?? 'null',
  setting_id: (subject) => settingId(subject.wait('LOCK')?.subject ?? null),
  started_at: ({ row }) => time(row.started_at),
  status: ({ row }) => word(row.status),
  status_label: ({ row }) => word(STATUS_LABELS[row.status]),
  sync_config_id: extra('sync_config_id'),
  top_execution_id: ({ row }) => word(row.top_execution_id),
  type: ({ row }) => word(row.type),
  unwrapped: extra('unwrapped', 'false'),
  use_breakpoints: extra('use_breakpoints'),
  use_only_explicit_breakpoints: extra('use_only_explicit_breakpoints'),
  webhook_id: extra('webhook_id'),
  workspace_id: ({ row }) => word(row.workspace_id),
  wrapper_id: extra('wrapper_id'),
  wrapper_name: ({ row }) => text(row.wrapper_name),
  epoch: ({ row }) => String(row.epoch),
  version: ({ row }) => String(row.version),
  generation: ({ row }) => String(row.generation),
  rerun_of: extra('rerun_of'),
  priority: ({ row }) => String(row.priority),
  max_runtime_seconds: extra('max_runtime_seconds'),
  tags: extra('tags', '[]'),
  trace_id: ({ row }) => word(parseTraceparent(row.traceparent)?.traceId ?? null),
  why: (subject) => shortWhy(subject.row, subject.row.waits === null ? NONE : subject.waits),
}

/** The last move or the last change by a person, whichever is later. */
function modifiedAt({ row, extra: values }: Subject): string {
  const at = row.extra === null ? undefined : values['modified_at']
  return time(typeof at === 'string' ? Math.max(row.moved_at, Date.parse(at)) : row.moved_at)
}

/** When it goes on by itself: the start time, or the time at which the wait shown runs out. */
function scheduledFor(subject: Subject): string {
  const due = subject.row.waits === null ? null : (subject.waits[0]?.due_at ?? null)
  return due === null ? time(subject.row.scheduled_for) : time(Date.parse(due))
}

const settingId = (lockKey: string | null): string =>
  word(lockKey?.startsWith('setting:') === true ? lockKey.slice('setting:'.length) : null)

const STATUS_LABELS: Readonly<Record<Status, string>> = {
  SCHEDULED: 'Scheduled',
  WAITING_DEPENDENCY: 'Waiting for executions',
  WAITING_LOCK: 'Waiting for a lock',
  WAITING_RESPONSE: 'Waiting for an answer',
  WAITING_ENGINE: 'Ready to run',
  AT_ENGINE: 'Running',
  PAUSED: 'Paused',
  LOST: 'Lost',
  ENDED_SUCCESS: 'Succeeded',
  ENDED_ERROR: 'Failed',
  ENDED_CANCELLED: 'Cancelled',
}
