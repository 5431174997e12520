import type { Wait, Why } from '@millrace/client'
import { formatSpan } from './time.ts'

/** Why an execution stands still, since when, until when, and the next step, for people. */
export function renderWhy(id: string, why: Why, now: number): string {
  const head = `${why.status}${why.reason === null || why.reason === '' ? '' : `: ${why.reason}`}`
  if (why.moving) return `${head}\nIt is moving; nothing holds it.`
  const span = why.waits.length === 1 ? '' : formatSpan(why, now)
  const waits = why.waits.flatMap((wait) => renderWait(id, wait, now))
  const chain = (why.chain ?? []).flatMap((link) => [
    `because ${link.execution_id} is`,
    ...indent(renderWhy(link.execution_id, link.why, now)),
  ])
  return [head, ...(span === '' ? [] : [`  ${span}`]), ...waits, ...chain].join('\n')
}

function renderWait(id: string, wait: Wait, now: number): string[] {
  const holder =
    wait.holder === undefined || wait.holder === null ? '' : `, held by ${plain(wait.holder)}`
  const place =
    wait.position === undefined || wait.position === null
      ? ''
      : `, place ${wait.position} in the queue`
  const span = formatSpan(wait, now)
  return [
    `- ${wait.kind.toLowerCase()}${wait.ref === null ? '' : ` ${plain(wait.ref)}`}${holder}${place}`,
    ...(span === '' ? [] : [`  ${span}`]),
    ...wait.unblock.map((step) => `  to free it: ${nextStep(id, wait, step)}`),
  ]
}

/** The command that does it, where the CLI has one. */
function nextStep(id: string, wait: Wait, step: Wait['unblock'][number]): string {
  const target = executionIn(step.href) ?? id
  if (['cancel', 'pause', 'resume'].includes(step.action))
    return `millrace execution ${step.action} ${target}`
  if (step.href.endsWith('/lock/release')) return `millrace lock release ${plain(wait.ref)} --force`
  return `${step.action} (${step.href})`
}

function executionIn(href: string): string | null {
  return /\/execution\/([^/?]+)\//.exec(href)?.[1] ?? null
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`)
}

/** A reference may be a plain word or a small document that names something. */
function plain(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  for (const key of ['name', 'execution_id', 'id'] as const) {
    const named = (value as Record<string, unknown>)[key]
    if (typeof named === 'string') return named
  }
  return JSON.stringify(value)
}
