import type { Message } from '@millrace/client'
import { renderFields } from './table.ts'
import { formatTime } from './time.ts'

/** A message for people: what it says, what it asks for, and what became of it. */
export function renderMessage(message: Message): string {
  const head = `${message.subject}  ${message.status}`
  const facts = renderFields({
    id: message.id,
    execution: `${message.execution_id}${message.execution_name === null ? '' : ` ${message.execution_name}`}`,
    assignees: message.assignees.join(', '),
    asked: formatTime(message.created_at),
    expected: formatTime(message.due_at),
    'gives up': formatTime(message.expires_at),
    reminders: message.reminders === 0 ? null : message.reminders,
    escalated: formatTime(message.escalated_at),
    'not told': message.notice_failure,
    answered: answeredLine(message),
    closed: closedLine(message),
  })
  const { text, items } = message.form
  const asked = items.flatMap((item) => renderItem(item))
  const answer = message.response === null ? [] : ['', JSON.stringify(message.response, null, 2)]
  const next =
    message.status === 'OPEN' ? ['', `to answer: millrace message reply ${message.id}`] : []
  return [
    head,
    facts,
    ...(text === null ? [] : ['', text]),
    ...(asked.length === 0 ? [] : ['', ...asked]),
    ...answer,
    ...next,
  ].join('\n')
}

type Item = Message['form']['items'][number]

/** `name*  element: label (one of a, b)`; buttons as `[name] label`. */
function renderItem(item: Item): string[] {
  if (item.element === 'markdown') return [item.text ?? '']
  if (item.element === 'submit') return [`[${item.name ?? 'OK'}] ${item.label ?? ''}`]
  const options = (item.options ?? []).map(({ value }) => JSON.stringify(value)).join(', ')
  const choice = options === '' ? '' : ` (one of ${options})`
  const mark = item.is_required === true ? '*' : ''
  return [`${item.name}${mark}  ${item.element}: ${item.label ?? ''}${choice}`]
}

const answeredLine = ({ answered_by: by, answered_at: at, button }: Message): string | null =>
  by === null ? null : `${formatTime(at)} by ${by}${button === null ? '' : ` with [${button}]`}`

const CLOSED = {
  TIMEOUT: 'the time to answer was over',
  ENDED: 'its execution ended',
  WITHDRAWN: 'its execution went back to before it',
} as const

const closedLine = ({ closed_at: at, closed_why: why }: Message): string | null =>
  why === null ? null : `${formatTime(at)} ${CLOSED[why]}`
