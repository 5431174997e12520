import type { Checker, Op, Violation } from '../evidence.ts'
import { groupBy, indexBy } from './group-by.ts'

/**
 * I10: a delivery that was accepted has started exactly one execution, however often it came, and each
 * answer names it; one whose signature is not right starts none. I1: and that execution is there. I7: it
 * has got what was delivered.
 */
export const checkDeliveries: Checker = ({ ops, rows }) => {
  const started = groupBy(rows.hooked, ({ delivery }) => delivery)
  const byId = indexBy(rows.executions, ({ id }) => id)
  const calls = groupBy(
    ops.filter(({ kind }) => kind === 'hook'),
    ({ key }) => key,
  )
  return [
    ...[...calls].flatMap(([delivery, own]) =>
      judge(
        delivery,
        own,
        (started.get(delivery) ?? []).map(({ id }) => id),
      ),
    ),
    ...[...calls.values()]
      .flat()
      .filter(({ outcome, value }) => outcome === 'ok' && value !== null && !byId.has(value))
      .map(({ key, value }) => ({
        invariant: 'I1',
        text: `execution ${value} of delivery ${key} was accepted and is gone`,
      })),
    ...rows.hooked
      .filter(({ id, delivery }) => {
        const { status, output } = byId.get(id) ?? { status: '', output: null }
        const told = (output as { delivery?: unknown } | null)?.delivery
        return status === 'ENDED_SUCCESS' && told !== delivery
      })
      .map(({ id, delivery }) => ({
        invariant: 'I7',
        text: `${id} was started by delivery ${delivery} and does not say so`,
      })),
    ...[...started.keys()]
      .filter((delivery) => !calls.has(delivery))
      .map((delivery) => ({ invariant: 'I10', text: `nobody has sent delivery ${delivery}` })),
  ]
}

function judge(delivery: string, calls: readonly Op[], runs: readonly string[]): Violation[] {
  const say = (text: string): Violation => ({
    invariant: 'I10',
    text: `delivery ${delivery} ${text}`,
  })
  const signed = calls.filter(({ input }) => isSigned(input))
  const forged = calls.filter(({ input }) => !isSigned(input))
  const told = new Set(
    calls.flatMap(({ outcome, value }) => (outcome === 'ok' && value !== null ? [value] : [])),
  )
  const accepted = signed.some(({ outcome }) => outcome === 'ok')
  return [
    ...(runs.length > 1 ? [say(`started ${runs.length} executions: ${runs.join(', ')}`)] : []),
    ...(told.size > 1 ? [say(`was answered ${[...told].join(', ')}`)] : []),
    ...(accepted && runs.length === 0 ? [say('was accepted and has started nothing')] : []),
    ...(forged.some(({ outcome }) => outcome === 'ok')
      ? [say('was accepted under a bad signature')]
      : []),
    ...(signed.some(({ status }) => status === 401) ? [say('is signed and was not let in')] : []),
    ...(runs.length > 0 && signed.every(({ outcome }) => outcome === 'refused')
      ? [say(`was refused and runs: ${runs.join(', ')}`)]
      : []),
  ]
}

const isSigned = (input: unknown): boolean =>
  (input as { signed?: unknown } | undefined)?.signed === true
