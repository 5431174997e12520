import type { Zone } from './zone.ts'

/**
 * The moment at which clocks of a zone show a reading. One that they jump over is the moment at
 * which they land; of two, the one asked for.
 */
export function instantOf(zone: Zone, reading: number, which: 'first' | 'last'): number {
  const found: number[] = []
  let stretch = zone.stretchAt(reading - REACH_MS)
  while (stretch.startMs <= reading + REACH_MS) {
    const next = zone.stretchAt(stretch.endMs)
    const time = reading - stretch.offsetMs
    // From the end of one stretch to the landing in the next there is nothing but the landing.
    if (time >= stretch.startMs && time < stretch.endMs) found.push(time)
    else if (time >= stretch.endMs && reading - next.offsetMs < next.startMs)
      found.push(stretch.endMs)
    stretch = next
  }
  const instant = which === 'first' ? found[0] : found.at(-1)
  if (instant === undefined) throw new RangeError(`no moment for the reading ${reading}`)
  return instant
}

/** More than any clock's distance from UTC. */
const REACH_MS = 16 * 3_600_000
