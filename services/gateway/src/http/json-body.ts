import { invalid, malformed } from '../problem.ts'

/** Deeper JSON breaks whoever walks it by recursion, here or at the reader's. */
export const DEPTH_MAX = 64

/** Bytes of a JSON document as a value. Depth is counted before anything is built, without recursion. */
export function parseJsonBody(body: Buffer): unknown {
  if (isDeeperThan(body, DEPTH_MAX))
    throw invalid([{ pointer: '', message: `is JSON deeper than ${DEPTH_MAX} levels; flatten it` }])
  const text = decodeUtf8(body)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const where = error instanceof Error ? error.message.slice(0, 200) : ''
    throw malformed(`The body is not JSON: ${where}.`)
  }
}

/** Whether brackets outside of strings nest deeper. Malformed JSON is left to the parser. */
export function isDeeperThan(body: Uint8Array, levels: number): boolean {
  // Each level costs a bracket that opens it.
  if (body.length <= levels) return false
  let depth = 0
  let inString = false
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index]
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1
      if (depth > levels) return true
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Throws `malformed` where it is none. */
export function decodeUtf8(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw malformed('The body is not UTF-8.')
  }
}
