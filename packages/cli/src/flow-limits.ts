import type { FlowConcurrency, FlowRateLimit } from '@millrace/client'
import { InvalidArgumentError } from 'commander'
import { CliError } from './cli-error.ts'
import { parseCount, parseSeconds } from './parse-option.ts'

/** `none`: no limit any more. A word, since commander takes null for an option without a value. */
type OrNone<T> = T | 'none'

export interface LimitOptions {
  readonly concurrency?: OrNone<FlowConcurrency>
  readonly rate?: OrNone<FlowRateLimit>
  readonly key?: string
  readonly maxRuntime?: OrNone<number>
}

export function parseLimit(text: string): OrNone<FlowConcurrency> {
  return text === 'none' ? text : { limit: parseCount(text) }
}

/** `10/60s` → ten in sixty seconds. */
export function parseRate(text: string): OrNone<FlowRateLimit> {
  if (text === 'none') return text
  const [count, period, ...more] = text.split('/')
  if (count === undefined || period === undefined || more.length > 0)
    throw new InvalidArgumentError('give a number and a time, like 10/60s')
  return { limit: parseCount(count), per_seconds: parseSeconds(period) }
}

export function parseRuntime(text: string): OrNone<number> {
  return text === 'none' ? text : parseSeconds(text)
}

/** The fields of the flow that the options change. */
export function toLimits({ concurrency, rate, key, maxRuntime }: LimitOptions): {
  concurrency?: FlowConcurrency | null
  rate_limit?: FlowRateLimit | null
  max_runtime_seconds?: number | null
} {
  if (key !== undefined && [concurrency, rate].every((limit) => typeof limit !== 'object'))
    throw new CliError('--key goes with --concurrency or --rate')
  if (concurrency === undefined && rate === undefined && maxRuntime === undefined)
    throw new CliError('say what to limit: --concurrency, --rate or --max-runtime')
  const keyed = <T extends FlowConcurrency>(limit: OrNone<T>): T | null =>
    limit === 'none' ? null : { ...limit, ...(key !== undefined && { key }) }
  return {
    ...(concurrency !== undefined && { concurrency: keyed(concurrency) }),
    ...(rate !== undefined && { rate_limit: keyed(rate) }),
    ...(maxRuntime !== undefined && { max_runtime_seconds: orNull(maxRuntime) }),
  }
}

export const orNull = (limit: OrNone<number>): number | null => (limit === 'none' ? null : limit)
