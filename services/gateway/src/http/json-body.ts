import { isDeeperThan } from '@millrace/webhook'
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

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Throws `malformed` where it is none. */
export function decodeUtf8(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw malformed('The body is not UTF-8.')
  }
}
