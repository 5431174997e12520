import { type AttemptResult, runAttempt } from '../run-attempt.ts'
import { type Policy, createPolicy } from '../way-out/policy.ts'
import type { WorkspaceFiles } from '../workspace-files.ts'

/** Loopback and nothing else: where tests' own servers listen. */
export const LOOPBACK = createPolicy({ allowedRanges: ['127.0.0.0/8', '::1'] })

export interface Try {
  readonly policy?: Policy
  readonly signal?: AbortSignal
  readonly key?: string
  readonly files?: WorkspaceFiles
}

/** One attempt with the defaults of a test. */
export const attempt = (
  connectorType: string,
  input: unknown,
  {
    policy = LOOPBACK,
    signal = new AbortController().signal,
    key = 'key-of-this-test',
    files,
  }: Try = {},
): Promise<AttemptResult> =>
  runAttempt({
    connectorType,
    input,
    policy,
    signal,
    idempotencyKey: key,
    ...(files !== undefined && { files }),
  })

/** The part of a failed attempt that the error table fixes. */
export function verdict(result: AttemptResult): Record<string, unknown> {
  if (result.ok) return { ok: true }
  const { code, phase, outcome } = result.error
  return { code, phase, outcome, repeatable: result.repeatable }
}
