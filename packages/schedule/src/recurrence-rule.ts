import { RRuleTemporal } from 'rrule-temporal'
import type { ClockRule } from './clock-rule.ts'
import type { RuleParts } from './rule-parts.ts'

/**
 * One RRULE as a rule for clocks: the library sees UTC and readings only. UNTIL is a moment and not
 * a reading, and so it is left to the caller.
 */
export function recurrenceRule(parts: RuleParts, startReading: number): ClockRule {
  const kept = [...parts].filter(([name]) => name !== 'UNTIL')
  const text = kept.map(([name, value]) => `${name}=${value}`).join(';')
  const rule = new RRuleTemporal({
    rruleString: `DTSTART:${basic(startReading)}Z\nRRULE:${text}`,
  })
  const everyMs = UNIT_MS[parts.get('FREQ') ?? ''] ?? null
  const next = parts.has('COUNT')
    ? nextOf(() => rule.all().map((time) => time.epochMilliseconds))
    : untilExhausted((after) => {
        const found = rule.next(new Date(Math.max(after, startReading - 1)), false)
        return found?.epochMilliseconds ?? null
      })
  return {
    next,
    repeats: everyMs !== null,
    makesUp:
      everyMs === null ||
      parts.has('BYHOUR') ||
      parts.has('BYSETPOS') ||
      everyMs * Number(parts.get('INTERVAL') ?? 1) > UNIT_MS.HOURLY,
  }
}

/**
 * The library gives up after 10,000 periods without a match, with an error. That is longer than the
 * calendar takes to repeat itself, or than anybody waits: nothing comes any more.
 */
function untilExhausted(next: ClockRule['next']): ClockRule['next'] {
  let nothingAfter = Infinity
  return (after) => {
    if (after >= nothingAfter) return null
    try {
      return next(after)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('Maximum '))) throw error
      nothingAfter = after
      return null
    }
  }
}

/** A counted rule is a list: no library then has to count from its start for every question. */
function nextOf(compute: () => readonly number[]): ClockRule['next'] {
  let list: readonly number[] | null = null
  return (after) => {
    list ??= compute()
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((list[middle] ?? Infinity) > after) high = middle
      else low = middle + 1
    }
    return list[low] ?? null
  }
}

/** The frequencies that go by the clock and not by the day. */
const UNIT_MS: Readonly<Record<string, number>> & { readonly HOURLY: number } = {
  HOURLY: 3_600_000,
  MINUTELY: 60_000,
  SECONDLY: 1_000,
}

/** 20260105T090000 */
const basic = (reading: number): string =>
  new Date(reading).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
