import { newId, sha256Hex } from '@millrace/runtime'
import type { IdSource } from '../context.ts'

/** Ids of requests without an Idempotency-Key. */
export const freshIds: IdSource = () => newId()

/** Ids that are the same at every try of one request: born at `at`, told apart by a hash. */
export function derivedIds(at: number, hashHex: string): IdSource {
  let count = 0
  return () => {
    count += 1
    const serial = count.toString(16).padStart(8, '0')
    return idFrom(at.toString(16).padStart(12, '0'), `${hashHex.slice(0, 10)}${serial}`)
  }
}

/** The id that a request, known by one of its own ids, has for what it makes of `source`. */
export const derivedId = (own: string, source: string): string =>
  idFrom(own.replace('-', '').slice(0, 12), sha256Hex(`${own}\0${source}`))

/** A UUIDv7 from the 12 digits of a time and 18 others. */
const idFrom = (time: string, rest: string): string =>
  [
    time.slice(0, 8),
    time.slice(8),
    `7${rest.slice(0, 3)}`,
    `8${rest.slice(3, 6)}`,
    rest.slice(6, 18),
  ].join('-')
