import { RRuleTemporal } from 'rrule-temporal'
import type { ClockRule } from './clock-rule.ts'
import type { RuleParts } from './rule-parts.ts'

/**
 * One RRULE as a rule for clocks: the library sees UTC and readings only. UNTIL is a moment and not
 * a reading, and so it is left to the caller; COUNT is counted here.
 */
export function recurrenceRule(parts: RuleParts, startReading: number): ClockRule {
  const kept = [...parts].filter(([name]) => name !== 'UNTIL' && name !== 'COUNT')
  const text = kept.map(([name, value]) => `${name}=${value}`).join(';')
  const rule = new RRuleTemporal({
    rruleString: `DTSTART:${basic(startReading)}Z\nRRULE:${text}`,
  })
  const everyMs = UNIT_MS[parts.get('FREQ') ?? ''] ?? null
  const uncounted = untilExhausted((after) => {
    const found = rule.next(new Date(Math.max(after, startReading - 1)), false)
    return found === null || found.epochMilliseconds > LAST_READING ? null : found.epochMilliseconds
  })
  const count = parts.get('COUNT')
  const next = count === undefined ? uncounted : counted(uncounted, Number(count))
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
 * The library gives up with an error after 10,000 periods without a match, and at the end of the dates
 * that it knows. Either is longer than anybody waits: nothing comes any more.
 */
function untilExhausted(next: ClockRule['next']): ClockRule['next'] {
  let nothingAfter = Infinity
  return (after) => {
    if (after >= nothingAfter) return null
    try {
      return next(after)
    } catch (error) {
      const isEnd =
        error instanceof RangeError ||
        (error instanceof Error && error.message.startsWith('Maximum '))
      if (!isEnd) throw error
      nothingAfter = after
      return null
    }
  }
}

/**
 * The first `count` readings. Each is found once and when it is asked for: what the library counts is
 * counted from the start for every question, and what nobody asks for may be thousands of years away.
 */
function counted(next: ClockRule['next'], count: number): ClockRule['next'] {
  const list: number[] = []
  let isWhole = false
  return (after) => {
    while (!isWhole && list.length < count && (list.at(-1) ?? -Infinity) <= after) {
      const found = next(list.at(-1) ?? -Infinity)
      if (found === null) isWhole = true
      else list.push(found)
    }
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((list[middle] ?? Infinity) > after) high = middle
      else low = middle + 1
    }
    return list[low] ?? null
  }
}

/** Later years have five digits, which no time of the API has. */
const LAST_READING = Date.UTC(10_000, 0) - 1

/** The frequencies that go by the clock and not by the day. */
const UNIT_MS: Readonly<Record<string, number>> & { readonly HOURLY: number } = {
  HOURLY: 3_600_000,
  MINUTELY: 60_000,
  SECONDLY: 1_000,
}

/** 20260105T090000 */
const basic = (reading: number): string =>
  new Date(reading).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
