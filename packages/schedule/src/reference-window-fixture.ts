import fc from 'fast-check'
import { changesOf, ZONES } from './wall-clock-fixture.ts'

/** Where to look: a zone, and some days in it. */
export interface ReferenceWindow {
  readonly zone: string
  readonly fromMs: number
  readonly untilMs: number
}

/** Days between 2005 and 2035, mostly with a change of clocks among them. */
export function anyWindow(days: number): fc.Arbitrary<ReferenceWindow> {
  return fc
    .record({
      zone: fc.constantFrom(...ZONES),
      isChange: fc.integer({ min: 0, max: 7 }).map((dice) => dice > 0),
      pick: fc.nat(1_000_000),
      second: fc.integer({ min: FIRST_SECOND, max: LAST_SECOND }),
      lead: fc.integer({ min: -7_200, max: 86_400 }),
    })
    .map(({ zone, isChange, pick, second, lead }) => {
      const changes = changesIn(zone)
      const change = changes[pick % Math.max(1, changes.length)]
      const fromMs = isChange && change !== undefined ? change - lead * 1_000 : second * 1_000
      return { zone, fromMs, untilMs: fromMs + days * 86_400_000 }
    })
}

function changesIn(zone: string): readonly number[] {
  const known = changesByZone.get(zone)
  if (known !== undefined) return known
  const changes = changesOf(zone, 2005, 2035)
  changesByZone.set(zone, changes)
  return changes
}

const changesByZone = new Map<string, readonly number[]>()
const FIRST_SECOND = Date.UTC(2005, 0) / 1_000
const LAST_SECOND = Date.UTC(2035, 0) / 1_000
