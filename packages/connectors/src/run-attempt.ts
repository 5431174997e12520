import { VALUE_MAX_BYTES } from '@millrace/replay'
import { type Timer, after } from '@millrace/runtime'
import { type Attempt, type AttemptRecord, createAttempt } from './attempt.ts'
import type { CommonInput, ConnectorType } from './connector-type.ts'
import type { InputProblem } from './inputs/input-problem.ts'
import { ConnectionFailure, type FailureCode, type Outcome, type Phase } from './failure.ts'
import { failureOf } from './failure-of.ts'
import { collectSecrets, createMasker } from './mask.ts'
import { tooLargeMessage } from './output-limit.ts'
import { type InputError, prepareAttempt } from './prepare-attempt.ts'
import { filesBeyondWall } from './way-out/files-beyond-wall.ts'
import type { Policy } from './way-out/policy.ts'
import { withWall } from './way-out/wall.ts'
import type { WorkspaceFiles } from './workspace-files.ts'

export interface AttemptRequest {
  readonly connectorType: string
  /** Merged inputs. */
  readonly input: unknown
  readonly policy: Policy
  /** A person's cancel. */
  readonly signal: AbortSignal
  /** The same for every attempt of one connection. */
  readonly idempotencyKey: string
  /** Files of its workspace; default none. */
  readonly files?: WorkspaceFiles
}

export type AttemptResult =
  | {
      readonly ok: true
      readonly output: Record<string, unknown>
      readonly details: AttemptDetails
    }
  | {
      readonly ok: false
      readonly error: AttemptError
      /** Whether another attempt may be made without anybody's decision. */
      readonly repeatable: boolean
      /** The far side asked to wait this long, ms. */
      readonly retryAfterMs: number | null
      readonly details: AttemptDetails
    }

/** What the execution shows: `output_value.error`, and `error` in the flow's code. */
export interface AttemptError {
  readonly code: FailureCode
  /** The class that the flow's code catches, when it is not ConnectionError itself. */
  readonly name?: string
  readonly phase: Phase
  readonly outcome: Outcome
  /** A sentence with the next step. */
  readonly message: string
  readonly native_code?: string
  readonly peer_text?: string
  readonly problems?: readonly InputProblem[]
  readonly [detail: string]: unknown
}

/** What was done, for the attempt's row: addresses, timings, sizes; no secrets. */
export type AttemptDetails = Partial<AttemptRecord>

/** Inputs that no attempt is made with. */
export const refusedAttempt = (error: InputError): AttemptResult => ({
  ok: false,
  error: { ...error },
  repeatable: false,
  retryAfterMs: null,
  details: {},
})

/**
 * Makes one attempt and says what came of it. Never throws for what the far side or the inputs do.
 * Ends within 5 s of an abort, and leaves no socket behind.
 */
export async function runAttempt(request: AttemptRequest): Promise<AttemptResult> {
  const prepared = prepareAttempt(request)
  if (!prepared.ok) return refusedAttempt(prepared.error)
  const { type, input, repeatClass } = prepared
  const mask = createMasker(collectSecrets(type.schema, input))
  const attempt = createAttempt({
    policy: request.policy,
    signal: request.signal,
    totalTimeoutMs: input.total_timeout * 1_000,
    idempotencyKey: request.idempotencyKey,
    mask,
    ...(request.files !== undefined && { files: filesBeyondWall(request.files) }),
  })
  try {
    const output = await withWall(attempt, () => withGrace(type, input, attempt))
    fitsOrThrow(output, input.max_output_size)
    return { ok: true, output, details: attempt.record }
  } catch (error) {
    return { ok: false, ...failureOf(error, attempt, repeatClass), details: attempt.record }
  } finally {
    attempt.dispose()
  }
}

/** The run, or the reason of an abort that the run has not honoured within the grace. */
function withGrace(type: ConnectorType, input: CommonInput, attempt: Attempt) {
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    let grace: Timer | null = null
    const abort = (): void => {
      grace = after(ABORT_GRACE_MS, () => reject(attempt.signal.reason))
    }
    attempt.signal.addEventListener('abort', abort, { once: true })
    type
      .run(input, attempt)
      .then(resolve, reject)
      .finally(() => {
        attempt.signal.removeEventListener('abort', abort)
        grace?.cancel()
      })
  })
}

// Long enough for a polite cancel (CancelRequest and its answer), short of the 6 s promised.
const ABORT_GRACE_MS = 5_000

function fitsOrThrow(output: Record<string, unknown>, maxBytes: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(output))
  const facts = { outcome: 'known', phase: 'receive' } as const
  // REST shows its body twice, as `result` and under its kind.
  if (bytes > maxBytes * 2 + 65_536)
    throw new ConnectionFailure('TOO_LARGE', tooLargeMessage(maxBytes), facts)
  // Past this the flow that awaits the output would end, and could not catch it.
  if (bytes > VALUE_MAX_BYTES)
    throw new ConnectionFailure(
      'TOO_LARGE',
      `The output has ${bytes} bytes as JSON, and a value may have ${VALUE_MAX_BYTES} bytes. Ask for less. An HTTP body is shown twice; destination stores it as a file instead.`,
      facts,
    )
}
