/** What a shell sees. An execution's end maps to the first, second and fourth. */
export const EXIT = {
  success: 0,
  /** The execution ended in error. */
  endedInError: 1,
  /** Standard output took no more: what it got is not whole. */
  outputLost: 1,
  /** The command line or the given input cannot be right. */
  usage: 2,
  cancelled: 3,
  /** The server says no: unknown, taken, wrong state, not allowed. */
  refused: 4,
  /** The server is away, or the time is up. */
  away: 5,
  /** Interrupted from the keyboard, as shells have it. */
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code of an execution's end; one that has not ended counts as `away`. */
export function exitCodeOfEnd(status: string): ExitCode {
  if (status === 'ENDED_SUCCESS') return EXIT.success
  if (status === 'ENDED_ERROR') return EXIT.endedInError
  if (status === 'ENDED_CANCELLED') return EXIT.cancelled
  return EXIT.away
}

/** The exit code of an HTTP status that is an error. */
export function exitCodeOfStatus(status: number): ExitCode {
  if (status === 400 || status === 413 || status === 415 || status === 422) return EXIT.usage
  if (status === 429 || status >= 500) return EXIT.away
  return EXIT.refused
}
