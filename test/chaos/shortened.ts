/**
 * Rows whose faults last for minutes, for trying: CHAOS_SHORTEN=10 divides their times and their numbers
 * by ten. Such a run is no run of the row: it is judged as always, and does not count.
 */
export const SHORTENED = Math.max(1, Number(process.env['CHAOS_SHORTEN'] ?? 1))

export const shortened = (amount: number): number => Math.round(amount / SHORTENED)
