import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'

/**
 * Notes the refusal in the attempt's record and returns the error to throw. The note counts: many
 * libraries wrap or swallow the error itself.
 */
export function refuse(attempt: Attempt, why: string): ConnectionFailure {
  attempt.record.refusal ??= why
  attempt.record.refused.push(why)
  return new ConnectionFailure('REFUSED_BY_POLICY', refusalMessage(why), { outcome: 'none' })
}

export const refusalMessage = (why: string): string =>
  `Not allowed to connect: ${why}. Whoever runs this installation can allow a range with MILLRACE_ALLOWED_RANGES.`
