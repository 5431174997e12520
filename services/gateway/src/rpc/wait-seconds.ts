import { invalid } from '../problem.ts'

/** How long a call may wait, in seconds, as REST has it. Throws `invalid`. */
export function waitSecondsOf(seconds = 0): number {
  if (seconds >= 0 && seconds <= 300) return seconds
  throw invalid([{ pointer: '/wait_seconds', message: 'must be 0 to 300' }])
}
