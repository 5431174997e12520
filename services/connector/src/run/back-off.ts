/** How long before the next attempt, in ms; `chance` is 0 up to 1. */
export const backOffMs = (nth: number, chance: number): number =>
  Math.round(FIRST_MS * 2 ** (nth - 1) * (0.75 + chance / 2))

// 0.5, 1, 2 s and a quarter more or less, so that many that failed together do not return together.
const FIRST_MS = 500

/** A far side that asks for more than this is better asked by a later execution. */
export const RETRY_AFTER_MAX_MS = 60_000
