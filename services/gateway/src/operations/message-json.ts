import { type Form, maskResponse } from '@millrace/form'
import type { MessageRow } from '@millrace/store'
import { invalid } from '../problem.ts'
import { time, timeOrNull } from './page-request.ts'

/** A message as people may see it, all properties or the named ones. Secret fields are masked. */
export function messageJson(row: MessageRow, fields: readonly string[] | null = null): object {
  const form = JSON.parse(row.form) as Form
  const progress = row.progress === null ? {} : (JSON.parse(row.progress) as Progress)
  const all: Record<string, unknown> = {
    id: row.id,
    workspace_id: row.workspace_id,
    record_type: 'MESSAGE',
    activity_type: 'MESSAGE',
    status: row.status,
    subject: row.title,
    form,
    assignees: row.assignees,
    allows_links: row.allows_links,
    execution_id: row.execution_id,
    execution_name: row.execution_name,
    flow_id: row.flow_id,
    project_id: row.project_id,
    is_awaited: row.is_awaited,
    created_at: time(row.created_at),
    due_at: timeOrNull(row.due_at),
    is_due: progress.isDue ?? false,
    expires_at: timeOrNull(row.expires_at),
    reminders: progress.reminders ?? 0,
    reminded_at: progress.remindedAt ?? null,
    escalated_at: progress.escalatedAt ?? null,
    notice_failure: progress.failure ?? null,
    response: maskedOf(form, row.response),
    button: row.button,
    answered_at: timeOrNull(row.answered_at),
    answered_by: row.answered_by,
    answered_by_id: row.answered_by_id,
    closed_at: timeOrNull(row.closed_at),
    closed_why: row.closed_why,
  }
  if (fields === null) return all
  const unknown = fields.find((field) => !Object.hasOwn(all, field))
  if (unknown !== undefined)
    throw invalid([{ pointer: '/fields', message: `names ${unknown}, which no message has` }])
  return Object.fromEntries(fields.map((field) => [field, all[field]]))
}

/** What an event of its execution says of it: without the form, which may be large. */
export function messageSummary(row: MessageRow): object {
  const { id, status, title: subject, assignees, answered_by } = row
  const times = { created_at: time(row.created_at), due_at: timeOrNull(row.due_at) }
  const answered = { answered_by, answered_at: timeOrNull(row.answered_at), button: row.button }
  return { id, status, subject, assignees, ...times, ...answered, closed_why: row.closed_why }
}

/** What the scheduler keeps of a plan. */
interface Progress {
  readonly isDue?: boolean
  readonly reminders?: number
  readonly remindedAt?: string
  readonly escalatedAt?: string
  readonly failure?: string
}

const maskedOf = (form: Form, response: string | null): object | null =>
  response === null ? null : maskResponse(form, JSON.parse(response) as Record<string, unknown>)
