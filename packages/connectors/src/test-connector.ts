import { connectorType } from './registry.ts'
import type { FailureCode, Phase } from './failure.ts'
import { runAttempt } from './run-attempt.ts'
import type { Policy } from './way-out/policy.ts'

/** What came of reaching a system once. */
export type ConnectorProbe =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly code: FailureCode
      readonly phase: Phase
      readonly message: string
    }

/**
 * Reaches the system with a connector's value and logs in, without changing anything there. For
 * HTTP any answer but a refused log in counts as reached.
 */
export async function testConnector(request: {
  readonly connectorType: string
  readonly value: unknown
  readonly policy: Policy
  readonly signal: AbortSignal
}): Promise<ConnectorProbe> {
  const { value } = request
  const given =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const result = await runAttempt({
    connectorType: request.connectorType,
    input: connectorType(request.connectorType)?.probe(given) ?? given,
    policy: request.policy,
    signal: request.signal,
    idempotencyKey: 'test',
  })
  if (result.ok) return { ok: true }
  const { code, phase, message, native_code: native } = result.error
  if (code === 'REJECTED' && native?.startsWith('http:') === true) return { ok: true }
  return { ok: false, code, phase, message }
}
