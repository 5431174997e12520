import { EngineException, InvalidInputError } from './exceptions.ts'
import { realmLimits } from './limits.ts'
import { headOf } from './call-site.ts'

/** Thrown by `jsonText` when a value is past a limit; the caller ends the execution with it. */
export class LimitExceeded extends EngineException {}

/**
 * A value as JSON text. Runs the author's code (`toJSON`, getters), so it comes before anything is
 * counted. `what` names the value for a person. An absent value is null.
 */
export function jsonText(value: unknown, what: string): string {
  if (value === undefined || value === null) return 'null'
  const type = typeof value
  if (type === 'boolean') return value === true ? 'true' : 'false'
  if (type === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (type === 'function' || type === 'symbol') {
    throw new InvalidInputError(`${what} must be a JSON value, not a ${type}`)
  }
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    if (cause instanceof RangeError && cause.message.includes('string length'))
      throw sizeExceeded(what)
    if (cause instanceof RangeError) throw depthExceeded(what)
    throw new InvalidInputError(
      `${what} cannot be written as JSON: ${headOf(cause).split('\n')[0]}`,
    )
  }
  if (text === undefined) return 'null'
  checkSize(text, what)
  return text
}

/** JSON text for a log line: what cannot be written is described instead. */
export function logText(value: unknown): string {
  if (value === undefined) return 'null'
  const seen: unknown[] = []
  const describe = function (this: unknown, _key: string, item: unknown): unknown {
    if (typeof item === 'bigint') return item.toString()
    if (typeof item === 'function') return `[function ${item.name}]`
    if (typeof item === 'symbol') return item.toString()
    if (item instanceof Error) return item.stack ?? headOf(item)
    if (typeof item === 'object' && item !== null) {
      while (seen.length > 0 && seen.at(-1) !== this) seen.pop()
      if (seen.includes(item)) return '[circular]'
      if (seen.length >= realmLimits().depth) return '[too deep]'
      if (item instanceof Map) return [...item]
      if (item instanceof Set) return [...item]
      seen.push(item)
    }
    return item
  }
  let text: string | undefined
  try {
    text = JSON.stringify(value, describe)
  } catch (cause) {
    text = JSON.stringify(`[cannot be shown: ${headOf(cause)}]`)
  }
  if (text === undefined) return 'null'
  checkSize(text, 'The log line')
  return text
}

function checkSize(text: string, what: string): void {
  const { payloadBytes, depth } = realmLimits()
  if (
    text.length > payloadBytes ||
    (text.length * 3 > payloadBytes && utf8Length(text) > payloadBytes)
  ) {
    throw sizeExceeded(what)
  }
  // A text nested this deep needs at least as many brackets on both sides.
  if (text.length > depth * 2 && depthOf(text) > depth) throw depthExceeded(what)
}

/** For what is measured in parts: `bytes` of JSON. */
export function checkJsonBytes(bytes: number, what: string): void {
  if (bytes > realmLimits().payloadBytes) throw sizeExceeded(what)
}

function sizeExceeded(what: string): LimitExceeded {
  const { payloadBytes } = realmLimits()
  return new LimitExceeded(
    `${what} is larger than the limit of ${payloadBytes} bytes of JSON. Split it over several executions or keep it in a store of its own and pass a reference.`,
  )
}

function depthExceeded(what: string): LimitExceeded {
  return new LimitExceeded(
    `${what} is nested deeper than the limit of ${realmLimits().depth} levels. Flatten it, or pass the inner part as a string.`,
  )
}

export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return bytes
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      i = text.indexOf('"', i + 1)
      while (isEscaped(text, i)) i = text.indexOf('"', i + 1)
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) deepest = depth
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0
  while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++
  return slashes % 2 === 1
}
