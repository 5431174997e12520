import type { Unblock, Wait, Why } from '@millrace/client'
import { formatSpan, formatTime } from './time.ts'

/** Why an execution stands still, since when, until when, and the next step, for people. */
export function renderWhy(id: string, why: Why, now: number): string {
  const head = `${why.status}${why.reason === null || why.reason === '' ? '' : `: ${why.reason}`}`
  if (why.moving) return `${head}\nIt is moving; nothing holds it.`
  if (why.status.startsWith('ENDED_')) {
    return why.since === null ? head : `${head}\n  at ${formatTime(why.since)}`
  }
  // A single wait says the same times once more.
  const span = why.waits.length === 1 ? '' : formatSpan(why, now)
  const waits = why.waits.flatMap((wait) => renderWait(id, wait, now))
  const chain = (why.chain ?? []).flatMap((link) => [
    `because ${link.execution_id} is`,
    ...indent(renderWhy(link.execution_id, link.why, now)),
  ])
  return [
    head,
    ...(span === '' ? [] : [`  ${span}`]),
    ...(typeof why.ends_at === 'string'
      ? [`  ended in error at ${formatTime(why.ends_at)} at the latest: its maximum runtime`]
      : []),
    ...(why.unblock ?? []).map((step) => `  to free it: ${nextStep(id, step)}`),
    ...waits,
    ...chain,
  ].join('\n')
}

function renderWait(id: string, wait: Wait, now: number): string[] {
  const { position } = wait
  const place =
    position === undefined || position === null ? '' : ` Place ${position} in the queue.`
  const span = formatSpan(wait, now)
  return [
    `- ${wait.reason ?? `${wait.kind.toLowerCase()} ${typeof wait.ref === 'string' ? wait.ref : JSON.stringify(wait.ref)}`}${place}`,
    ...(span === '' ? [] : [`  ${span}`]),
    ...(wait.unblock ?? []).map((step) => `  to free it: ${nextStep(id, step)}`),
  ]
}

/** The command that does it, where the CLI has one. */
function nextStep(id: string, { action, href }: Unblock): string {
  if (['cancel', 'pause', 'resume'].includes(action)) {
    return `millrace execution ${action} ${within('execution', href) ?? id}`
  }
  const message = within('message', href)
  if (action === 'reply' && message !== null) return `millrace message reply ${message}`
  if (action === 'debug') return `millrace debug ${within('execution', href) ?? id}`
  const setting = action === 'force_release' ? within('setting', href) : null
  return setting === null
    ? `${action} (${href})`
    : `millrace lock release ${quoted(setting)} --force`
}

/** A name as a shell takes it. */
const quoted = (name: string): string =>
  /^[\w./:@-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`

/** The id or name after `/<type>/` in an address of the API. */
function within(type: string, href: string): string | null {
  const found = new RegExp(`/${type}/([^/?]+)/`).exec(href)?.[1]
  return found === undefined ? null : decodeURIComponent(found)
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`)
}
