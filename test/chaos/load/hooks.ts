import { createHmac } from 'node:crypto'
import { now, sleep } from '@millrace/runtime'
import type { Op } from '../evidence.ts'
import { nowNs } from '../run/journal.ts'
import { WEBHOOK } from './wait-flows.ts'

/** One call of the webhook; several may be of one delivery. */
export interface HookCall {
  readonly delivery: string
  /** False: under a key that is not the webhook's. */
  readonly signed: boolean
}

/** A sender of deliveries as there are many: it knows the address and the secret, and nothing else. */
export interface Hooks {
  /** Until an answer is definite, or the signal aborts. Answers with what was started, or null. */
  deliver(call: HookCall, signal: AbortSignal): Promise<string | null>
  /** Once. The status of the answer; null: there was none. */
  send(call: HookCall): Promise<number | null>
}

/** A gateway that has not answered by then is given up. */
const PATIENCE_MS = 10_000
const AGAIN_MS = 500

/** `whsec_` and base64, as Standard Webhooks has it. */
export const hookSecret = (seed: number): string =>
  `whsec_${Buffer.from(`the secret of run ${seed}, long enough`).toString('base64')}`

export function createHooks(options: {
  urls: readonly string[]
  secret: string
  note: (op: Op) => void
}): Hooks {
  const { urls, secret, note } = options
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  let turn = 0

  async function once(call: HookCall, signal: AbortSignal): Promise<Seen> {
    turn += 1
    const url = `${urls[turn % urls.length] ?? ''}/api/latest/webhook/${WEBHOOK}/call`
    const body = JSON.stringify({ delivery: call.delivery })
    const timestamp = String(Math.floor(now() / 1_000))
    const mac = createHmac('sha256', call.signed ? key : 'somebody else’s')
      .update(`${call.delivery}.${timestamp}.${body}`)
      .digest('base64')
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': call.delivery,
          'webhook-timestamp': timestamp,
          'webhook-signature': `v1,${mac}`,
        },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
      })
      const said = (await answer.json()) as { execution_id?: string }
      return { status: answer.status, id: said.execution_id ?? null }
    } catch {
      return { status: null, id: null }
    }
  }

  function tell(
    call: HookCall,
    { from, tries, failures, seen }: { from: number; tries: number; failures: number; seen: Seen },
  ): void {
    const outcome = outcomeOf(seen)
    note({
      kind: 'hook',
      key: call.delivery,
      call: from,
      ret: outcome === 'unknown' ? null : nowNs(),
      outcome,
      status: seen.status,
      tries,
      failures,
      value: seen.id,
      input: { signed: call.signed },
    })
  }

  return {
    async deliver(call, signal) {
      const from = nowNs()
      let failures = 0
      for (let tries = 1; ; tries += 1) {
        const seen = await once(call, signal)
        if (seen.status === null || seen.status >= 500) failures += 1
        if (outcomeOf(seen) !== 'unknown' || signal.aborted) {
          tell(call, { from, tries, failures, seen })
          return outcomeOf(seen) === 'ok' ? seen.id : null
        }
        await sleep(AGAIN_MS, signal).catch(() => undefined)
      }
    },
    async send(call) {
      const from = nowNs()
      const seen = await once(call, NEVER)
      const failed = seen.status === null || seen.status >= 500
      tell(call, { from, tries: 1, failures: failed ? 1 : 0, seen })
      return seen.status
    },
  }
}

interface Seen {
  readonly status: number | null
  readonly id: string | null
}

const NEVER = new AbortController().signal

/** Too many at once, and a server that is away, say nothing about the delivery. */
function outcomeOf({ status }: Seen): Op['outcome'] {
  if (status === null || status >= 500 || status === 429 || status === 408) return 'unknown'
  return status < 300 ? 'ok' : 'refused'
}
