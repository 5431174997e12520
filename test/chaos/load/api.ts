import { ApiError, type Client, createClient } from '@millrace/client'
import type { Op } from '../evidence.ts'
import { nowNs } from '../run/journal.ts'

/** The API as a careful client uses it: several gateways, short patience, the same key again. */
export interface Api {
  /**
   * Calls until the answer is definite, or the signal aborts. One journal row, whatever came of it;
   * answers with what `value` made of the record, or null.
   */
  call<T>(request: CallRequest<T>): Promise<T | null>
  /** The same without a row: what only looks. Null: refused, or the signal aborted. */
  ask<T>(send: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T | null>
}

export interface CallRequest<T> {
  readonly kind: Op['kind']
  readonly key: string
  readonly facts?: Pick<Op, 'work' | 'input'>
  readonly send: (client: Client) => Promise<T>
  readonly value: (record: T) => string
  readonly signal: AbortSignal
  /** Several ask for the same at once: an answer to a repeat may be about what another has done. */
  readonly isContested?: boolean
}

interface Seen {
  tries: number
  /** The most that came one after the other. */
  failures: number
  /** How many the last ones are. */
  inRow: number
  status: number | null
}

/** A gateway that has not answered by then is given up for another one. */
const PATIENCE_MS = 5_000

export function createApi(options: {
  urls: readonly string[]
  apiKey: string
  note: (op: Op) => void
}): Api {
  const { urls, apiKey, note } = options
  let turn = 0

  function oneClient(): { client: Client; seen: Seen } {
    const seen: Seen = { tries: 0, failures: 0, inRow: 0, status: null }
    // Each call begins at the next gateway, and goes to another one each time it is sent again.
    const first = (turn += 1)
    const base = urls[0] ?? ''
    const failover: typeof fetch = async (input, init) => {
      const url = String(input).replace(base, urls[(first + seen.tries) % urls.length] ?? base)
      seen.tries += 1
      seen.status = null
      const patience = AbortSignal.timeout(PATIENCE_MS)
      const signal = init?.signal ? AbortSignal.any([init.signal, patience]) : patience
      try {
        const answer = await fetch(url, { ...init, signal })
        seen.status = answer.status
        countFailure(seen, answer.status >= 500)
        return answer
      } catch (error) {
        // Whoever is merely slow has not failed.
        if (!patience.aborted) countFailure(seen, true)
        throw error
      }
    }
    return { client: createClient({ url: base, apiKey, fetch: failover }), seen }
  }

  async function ask<T>(
    send: (client: Client) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | null> {
    const { client } = oneClient()
    while (!signal.aborted) {
      try {
        return await send(client)
      } catch (error) {
        if (error instanceof ApiError && !error.retryable && error.status < 500) return null
      }
    }
    return null
  }

  return {
    ask,
    call: async <T>(request: CallRequest<T>): Promise<T | null> => {
      const { kind, key, facts, send, value, signal, isContested = false } = request
      const { client, seen } = oneClient()
      const call = nowNs()
      const noteEnd = (said: Op['outcome'], record: T | null): void => {
        const outcome = isContested && seen.tries > 1 ? 'unknown' : said
        note({
          kind,
          key,
          call,
          ret: outcome === 'unknown' ? null : nowNs(),
          outcome,
          status: seen.status,
          tries: seen.tries,
          failures: seen.failures,
          value: record === null ? null : value(record),
          ...facts,
        })
      }
      for (let isFirst = true; ; isFirst = false) {
        try {
          const record = await send(client)
          noteEnd('ok', record)
          return record
        } catch (error) {
          if (error instanceof ApiError && !error.retryable && error.status < 500) {
            // Sent again it has another Idempotency-Key, unless it is a start: what is refused then
            // may be refused because an earlier one was taken.
            noteEnd(isFirst || kind === 'start' ? 'refused' : 'unknown', null)
            return null
          }
          if (signal.aborted) {
            noteEnd('unknown', null)
            return null
          }
        }
      }
    },
  }
}

/**
 * A call that another one with its key is ahead of is told to come back in seconds; the gateway that it
 * failed at before may still be away then, which says nothing about the way round it.
 */
function countFailure(seen: Seen, isFailure: boolean): void {
  seen.inRow = isFailure ? seen.inRow + 1 : 0
  seen.failures = Math.max(seen.failures, seen.inRow)
}
