import type { Attempt } from '../attempt.ts'
import { createAttempt } from '../attempt.ts'
import { openStream } from './open-stream.ts'
import type { Session } from './session.ts'
import type { SqlPgInput } from './sqlpg-input.ts'

/**
 * Asks the server to cancel what the session runs, on a second connection to the address that was
 * dialled, through the guard again. Resolves when the request is out; whether it came in time is told
 * by the session's own answer.
 */
export async function cancelRequest(
  session: Session,
  input: SqlPgInput,
  attempt: Attempt,
): Promise<void> {
  // An attempt of its own: the one that is cancelled allows no more dialling and keeps its phase.
  const errand = createAttempt({
    policy: attempt.policy,
    signal: new AbortController().signal,
    totalTimeoutMs: CANCEL_TIMEOUT_MS,
    idempotencyKey: attempt.idempotencyKey,
    mask: attempt.mask,
  })
  try {
    const tls = { ...input.tls, server_name: input.tls.server_name ?? input.host }
    const stream = await openStream(session.address, tls, errand, errand.signal)
    attempt.track(stream, false)
    const request = Buffer.alloc(16)
    request.writeInt32BE(16, 0)
    request.writeInt32BE(CANCEL_REQUEST_CODE, 4)
    request.writeInt32BE(session.client.processID, 8)
    request.writeInt32BE(session.client.secretKey, 12)
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject)
      // The server closes without a word once it has passed the cancel on.
      stream.once('close', () => resolve())
      stream.resume()
      stream.end(request)
    })
  } finally {
    errand.dispose()
  }
}

// 1234 in the high half, 5678 in the low one.
const CANCEL_REQUEST_CODE = 80_877_102
// Well within the grace that an aborted attempt has.
const CANCEL_TIMEOUT_MS = 3_000
