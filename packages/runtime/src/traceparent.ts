import { randomBytes } from 'node:crypto'

/**
 * W3C trace context, version 00, without any SDK: an execution has a trace from its birth, whether or
 * not somebody collects spans.
 */
export interface Traceparent {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** 16 hex digits, not all zero. */
  readonly spanId: string
  readonly sampled: boolean
}

/** The header of a new trace. */
export function makeTraceparent(sampled = true): string {
  return formatTraceparent({ traceId: randomHex(16), spanId: randomHex(8), sampled })
}

/** The parts of a header, or null when it is not one that may be used. */
export function parseTraceparent(header: string | null | undefined): Traceparent | null {
  const match = PATTERN.exec(header?.trim() ?? '')
  if (match === null) return null
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match
  // Version 00 has exactly four parts; a later one may have more, ff is forbidden.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** A header with a new span in the same trace; a new trace when the parent is absent or malformed. */
export function childTraceparent(parent: string | null | undefined): string {
  const parsed = parseTraceparent(parent)
  if (parsed === null) return makeTraceparent()
  return formatTraceparent({ ...parsed, spanId: randomHex(8) })
}

export function formatTraceparent({ traceId, spanId, sampled }: Traceparent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

const PATTERN = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/

function randomHex(bytes: number): string {
  const hex = randomBytes(bytes).toString('hex')
  return /^0+$/.test(hex) ? randomHex(bytes) : hex
}
