/** What a run of a flow has to get before it starts: a lock's key and how many may hold it. */
export interface StartGate {
  readonly key: string
  readonly capacity: number
}

/** The limits of a flow as its record has them, JSON text each; null: not limited. */
export interface FlowLimits {
  readonly id: string
  readonly concurrency: string | null
  readonly rate_limit: string | null
}

/** At most `limit` at once, or `limit` starts in `per_seconds`; `key`: a JSON pointer into the input. */
export interface FlowLimit {
  readonly limit: number
  readonly per_seconds?: number
  readonly key?: string
}

/**
 * The gates of one run, in the order in which it passes them: first its place among those that go on at
 * once, then its turn in the rate, so that what starts has waited for both. Null: the flow is not limited.
 *
 * A place is held to the end, a turn for its period. Runs whose key has the same value share them; a value
 * that is not there is null like any other.
 */
export function startGates(flow: FlowLimits, input: unknown): readonly StartGate[] | null {
  if (flow.concurrency === null && flow.rate_limit === null) return null
  const gates: StartGate[] = []
  for (const [kind, text] of [
    ['concurrency', flow.concurrency],
    ['rate', flow.rate_limit],
  ] as const) {
    if (text === null) continue
    const { limit, key } = JSON.parse(text) as FlowLimit
    const value = key === undefined ? '' : `:${valueText(valueAt(input, key))}`
    gates.push({ key: `${kind}:${flow.id}${value}`, capacity: limit })
  }
  return gates
}

/** What the key of a gate says; null for the locks of settings and for semaphores. */
export function parseGateKey(key: string): {
  readonly kind: 'concurrency' | 'rate'
  readonly flowId: string
  /** JSON text; null: one for the whole flow. */
  readonly value: string | null
} | null {
  const [, kind, flowId, value] = /^(concurrency|rate):([\da-f-]{36})(?::(.*))?$/s.exec(key) ?? []
  if (kind === undefined || flowId === undefined) return null
  return { kind: kind === 'rate' ? 'rate' : 'concurrency', flowId, value: value ?? null }
}

/** RFC 6901; undefined where there is nothing. */
function valueAt(input: unknown, pointer: string): unknown {
  let value = input
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

/** Long ones by their beginning and a hash: a key is for telling apart, and stands in an index. */
function valueText(value: unknown): string {
  const text = JSON.stringify(value ?? null)
  if (text.length <= TEXT_MAX) return text
  // The cut may fall between the halves of a surrogate pair, which Postgres takes in no key.
  return `${text.slice(0, TEXT_MAX).toWellFormed()}…${hash(text)}`
}

const TEXT_MAX = 160

/** 64 bits of FNV-1a over UTF-16 units. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n
  for (let at = 0; at < text.length; at += 1)
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n)
  return value.toString(16)
}
