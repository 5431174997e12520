import type { FlowConcurrency, FlowRateLimit } from '@millrace/client'
import { InvalidArgumentError } from 'commander'
import { CliError } from './cli-error.ts'
import { parseCount, parseSeconds } from './parse-option.ts'

/** Null: no limit any more. */
export interface LimitOptions {
  readonly concurrency?: { readonly limit: number } | null
  readonly rate?: { readonly limit: number; readonly per_seconds: number } | null
  readonly key?: string
  readonly maxRuntime?: number | null
}

export function parseLimit(text: string): { limit: number } | null {
  return text === 'none' ? null : { limit: parseCount(text) }
}

/** `10/60s` → ten in sixty seconds. */
export function parseRate(text: string): { limit: number; per_seconds: number } | null {
  if (text === 'none') return null
  const [count, period, ...more] = text.split('/')
  if (count === undefined || period === undefined || more.length > 0)
    throw new InvalidArgumentError('give a number and a time, like 10/60s')
  return { limit: parseCount(count), per_seconds: parseSeconds(period) }
}

export function parseRuntime(text: string): number | null {
  return text === 'none' ? null : parseSeconds(text)
}

/** The fields of the flow that the options change. */
export function toLimits({ concurrency, rate, key, maxRuntime }: LimitOptions): {
  concurrency?: FlowConcurrency | null
  rate_limit?: FlowRateLimit | null
  max_runtime_seconds?: number | null
} {
  if (key !== undefined && !concurrency && !rate)
    throw new CliError('--key goes with --concurrency or --rate')
  if (concurrency === undefined && rate === undefined && maxRuntime === undefined)
    throw new CliError('say what to limit: --concurrency, --rate or --max-runtime')
  const keyed = <T extends object>(limit: T | null): (T & { key?: string }) | null =>
    limit === null || key === undefined ? limit : { ...limit, key }
  return {
    ...(concurrency !== undefined && { concurrency: keyed(concurrency) }),
    ...(rate !== undefined && { rate_limit: keyed(rate) }),
    ...(maxRuntime !== undefined && { max_runtime_seconds: maxRuntime }),
  }
}
