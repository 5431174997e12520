import type { Checker, Evidence, Op } from '../evidence.ts'
import { groupBy, indexBy } from './group-by.ts'

/** I1: every start that a client saw accepted exists. I14: and has ended. I16: nothing was given up. */
export const checkAccepted: Checker = ({ ops, rows }) => {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const accepted = acceptedStarts(ops)
  const lost = [...accepted].filter(([id]) => !byId.has(id))
  return [
    ...lost.map(([id, op]) => ({
      invariant: 'I1',
      text: `execution ${id} of ${op.key} was accepted and is gone`,
    })),
    ...rows.executions
      .filter(({ endedAt }) => endedAt === null)
      .map(({ id, status, name }) => ({
        invariant: 'I14',
        text: `execution ${id} (${name ?? '-'}) is still ${status}`,
      })),
    ...rows.executions
      .filter(
        ({ status, message, type }) =>
          status === 'LOST' ||
          // The far side of a connection may say what it likes.
          (type !== 'CONNECTION' && status === 'ENDED_ERROR' && GIVEN_UP.test(message ?? '')),
      )
      .map(({ id, status, message }) => ({
        invariant: 'I16',
        text: `execution ${id} was given up: ${status} ${message ?? ''}`,
      })),
  ]
}

const GIVEN_UP = /\binternal\b|gave up|given up after|diverge/i

/** I14: no wait, member, request or holder outlives what it was for. */
export const checkLeftovers: Checker = ({ rows }) =>
  rows.left.map(({ what, execution, detail }) => ({
    invariant: 'I14',
    text: `a ${what} of ${execution} is left over: ${detail}`,
  }))

/** I15: one key, one execution, and the same answer to every repeat; nothing that was refused runs. */
export const checkKeys: Checker = ({ ops, rows }) => {
  const found = groupBy(
    rows.executions.filter(({ parent, name }) => parent === null && name !== null),
    ({ name }) => name ?? '',
  )
  const starts = groupBy(
    ops.filter(({ kind }) => kind === 'start'),
    ({ key }) => key,
  )
  return [...starts].flatMap(([key, calls]) => {
    const answers = new Set(calls.flatMap(({ value }) => (value === null ? [] : [value])))
    const ids = (found.get(key) ?? []).map(({ id }) => id)
    const violations = []
    if (answers.size > 1)
      violations.push({ invariant: 'I15', text: `${key} was answered ${[...answers].join(', ')}` })
    if (ids.length > 1)
      violations.push({ invariant: 'I15', text: `${key} runs more than once: ${ids.join(', ')}` })
    if (ids.length > 0 && calls.every(({ outcome }) => outcome === 'refused'))
      violations.push({ invariant: 'I15', text: `${key} was refused and runs: ${ids.join(', ')}` })
    return violations
  })
}

/** By the id that the client was told. */
export function acceptedStarts(ops: Evidence['ops']): Map<string, Op> {
  return new Map(
    ops.flatMap((op) =>
      op.kind === 'start' && op.outcome === 'ok' && op.value !== null ? [[op.value, op]] : [],
    ),
  )
}
