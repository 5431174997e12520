import { monotonicMs, newId, sleep } from '@millrace/runtime'
import type { Chaos } from '../row.ts'

/** What became of one request to start something. */
export interface Probe {
  /** Null: no answer within the patience, or a broken connection. */
  readonly status: number | null
  readonly ms: number
  /** Accepted, or refused with a problem document that says when to come again. */
  readonly isClean: boolean
}

const PATIENCE_MS = 10_000
const EVERY_MS = 1_000

/**
 * Asks one gateway after the other to start something, once a second whatever became of the request
 * before, until the signal aborts. No request is sent again: what its sender sees is what is noted.
 */
export async function probeStarts(chaos: Chaos, signal: AbortSignal): Promise<readonly Probe[]> {
  const probes: Promise<Probe>[] = []
  const { gateways } = chaos
  const key = chaos.stack.credentials.api_key
  for (let turn = 0; !signal.aborted; turn += 1) {
    probes.push(probe(gateways[turn % gateways.length] ?? '', key))
    await sleep(EVERY_MS, signal).catch(() => undefined)
  }
  return Promise.all(probes)
}

async function probe(url: string, apiKey: string): Promise<Probe> {
  const from = monotonicMs()
  try {
    const answer = await fetch(`${url}/api/latest/execution`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': newId(),
      },
      body: JSON.stringify({ flow_name: 'chaos-quick', input_value: { n: 1 } }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await answer.text()
    const { status, headers } = answer
    const isRefusal =
      status === 503 &&
      headers.get('content-type')?.startsWith('application/problem+json') === true &&
      Number(headers.get('retry-after')) >= 1
    return { status, ms: monotonicMs() - from, isClean: status === 201 || isRefusal }
  } catch {
    return { status: null, ms: monotonicMs() - from, isClean: false }
  }
}

/** The time within which 99 of 100 were answered. */
export function p99(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0)
}
