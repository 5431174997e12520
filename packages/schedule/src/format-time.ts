import { zoneOf } from './zone.ts'

/** A moment as ISO 8601 with the zone's distance from UTC: 2026-03-29T03:00:00+02:00. */
export function formatTime(timeMs: number, timeZone: string): string {
  const { offsetMs } = zoneOf(timeZone).stretchAt(timeMs)
  const minutes = offsetMs / 60_000
  // Before 1972 there are zones with seconds, which RFC 3339 cannot say.
  if (!Number.isInteger(minutes)) return new Date(timeMs).toISOString()
  const local = new Date(timeMs + offsetMs).toISOString().replace(/(?:\.000)?Z$/, '')
  const distance = Math.abs(minutes)
  return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`
}

/** The date of a reading: 2026-03-29. */
export const dateOf = (reading: number): string => new Date(reading).toISOString().slice(0, 10)

/** The time of a reading: 02:30, with seconds where there are some. */
export const clockOf = (reading: number): string =>
  new Date(reading).toISOString().slice(11, reading % 60_000 === 0 ? 16 : 19)

const two = (value: number): string => String(value).padStart(2, '0')
