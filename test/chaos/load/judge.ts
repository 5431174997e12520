import { isDeepStrictEqual } from 'node:util'

/** How a piece of work has ended. */
export interface End {
  readonly status: string
  readonly message: string | null
  readonly output: unknown
}

/** What a flow says of one effect. */
export interface EffectReport {
  readonly key: string
  readonly outcome: 'done' | 'none' | 'known' | 'unknown'
  readonly stale?: boolean
}

/** The effects that a flow of these kinds reports in its output. */
export function reportedEffects(kind: string, output: unknown): EffectReport[] {
  if (kind === 'back') return [(output as { done: EffectReport }).done]
  if (!Array.isArray(output)) return []
  if (kind === 'effect' || kind === 'post') return output as EffectReport[]
  if (kind !== 'lock' && kind !== 'locks') return []
  return output.flatMap((one: { enter: EffectReport; leave: EffectReport }) => [
    one.enter,
    one.leave,
  ])
}

export function success(end: End, output: unknown): string | null {
  return end.status === 'ENDED_SUCCESS' && isDeepStrictEqual(end.output, output)
    ? null
    : unexpected(end, JSON.stringify(output))
}

export function sameTwice(end: End, n: number): string | null {
  const { seen, again } = fieldsOf(end)
  const same = Array.isArray(seen) && seen.length === n && isDeepStrictEqual(seen, again)
  return end.status === 'ENDED_SUCCESS' && same
    ? null
    : unexpected(end, `${n} values, twice the same`)
}

export function judgeLocks(end: End, input: { locks: string[] }): string | null {
  const got = end.output as { name: string; token: number; enter: unknown; leave: unknown }[] | null
  const fits =
    Array.isArray(got) &&
    isDeepStrictEqual(
      got.map(({ name }) => name),
      input.locks,
    ) &&
    got.every(({ enter, leave }) => isReport(enter) && isReport(leave))
  return end.status === 'ENDED_SUCCESS' && fits
    ? null
    : unexpected(end, `the locks ${input.locks.join(', ')}`)
}

export function judgeEffects(end: End, n: number): string | null {
  const done = end.output as unknown[] | null
  return end.status === 'ENDED_SUCCESS' &&
    Array.isArray(done) &&
    done.length === n &&
    done.every(isReport)
    ? null
    : unexpected(end, `${n} effects`)
}

/** Done and not stale, or an outcome that is said honestly. */
export function isReport(value: unknown): boolean {
  const { outcome, stale } = (value ?? {}) as Partial<EffectReport>
  return outcome === 'done' ? stale === false : ['none', 'known', 'unknown'].includes(outcome ?? '')
}

export const fieldsOf = ({ output }: End): Record<string, unknown> =>
  (output ?? {}) as Record<string, unknown>

export const unexpected = ({ status, message, output }: End, expected: string): string =>
  `expected ${expected}, got ${status} ${message ?? ''} ${JSON.stringify(output)?.slice(0, 300)}`
