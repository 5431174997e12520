/** A time (ms since 1970) that a column can hold and RFC 3339 can write: one before the year 1 becomes its beginning. */
export const pgTime = (ms: number): number => Math.max(ms, YEAR_1_MS)

const YEAR_1_MS = Date.parse('0001-01-01T00:00:00Z')
