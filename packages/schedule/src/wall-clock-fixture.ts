/// <reference lib="esnext.temporal" />

/** What a clock on the wall shows. */
export interface Reading {
  readonly year: number
  readonly month: number
  readonly day: number
  /** 1 is Monday. */
  readonly dayOfWeek: number
  readonly daysInMonth: number
  /** Days since 1970. */
  readonly epochDay: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** A rule for the reference: a question to be asked of every reading that a clock can show. */
export interface ReferenceRule {
  readonly text: string
  readonly matches: (reading: Reading) => boolean
  readonly repeats: boolean
  readonly makesUp: boolean
  /** The distance between readings to ask of, in seconds. */
  readonly stepSeconds: 1 | 60
}

/**
 * The times of a rule from one moment on and before another, without any cleverness: every reading
 * of the clocks is asked, and Temporal says which moments show it.
 */
export function referenceTimes(
  rule: ReferenceRule,
  zone: string,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): number[] {
  const times = new Set<number>()
  // A reading that is skipped lands hours later; in Apia, on the day after.
  const marginMs = (zone === 'Pacific/Apia' ? 26 : 2) * 3_600_000
  const first = at(fromMs - marginMs, zone).toPlainDateTime()
  const last = at(untilMs + marginMs, zone).toPlainDateTime()
  for (
    let date = first.toPlainDate();
    Temporal.PlainDate.compare(date, last.toPlainDate()) <= 0;
    date = date.add({ days: 1 })
  ) {
    const quiet = quietOffset(date, zone)
    const from = date.equals(first.toPlainDate()) ? first.hour * 3_600 + first.minute * 60 : 0
    const until = date.equals(last.toPlainDate()) ? last.hour * 3_600 + last.minute * 60 : 86_400
    for (const second of matchesOf(rule, date, from, until)) {
      const found =
        quiet === null
          ? timesOf(date.toPlainDateTime().add({ seconds: second }), zone, rule)
          : [startOf(date) + second * 1_000 - quiet]
      for (const time of found) times.add(time)
    }
  }
  return [...times].filter((time) => time >= fromMs && time < untilMs).toSorted((a, b) => a - b)
}

/** The seconds of a day at which a rule matches. */
function* matchesOf(
  rule: ReferenceRule,
  date: Temporal.PlainDate,
  from: number,
  until: number,
): Iterable<number> {
  const { year, month, day, dayOfWeek, daysInMonth } = date
  const epochDay = startOf(date) / DAY_MS
  for (let of = from; of < until; of += rule.stepSeconds) {
    const [hour, minute, second] = [Math.floor(of / 3_600), Math.floor(of / 60) % 60, of % 60]
    const reading = { year, month, day, dayOfWeek, daysInMonth, epochDay, hour, minute, second }
    if (rule.matches(reading)) yield of
  }
}

/** The distance from UTC on a day whose clocks nobody touches, nor the day before or after. */
function quietOffset(date: Temporal.PlainDate, zone: string): number | null {
  const offsets = [-1, 0, 1, 2].flatMap((days) => {
    const midnight = date.add({ days }).toPlainDateTime()
    return (['earlier', 'later'] as const).map(
      (disambiguation) =>
        midnight.toZonedDateTime(zone, { disambiguation }).offsetNanoseconds / 1_000_000,
    )
  })
  const [offset = 0] = offsets
  return offsets.every((one) => one === offset) ? offset : null
}

/** The midnight before a date as milliseconds, as if it were UTC. */
const startOf = ({ year, month, day }: Temporal.PlainDate): number => Date.UTC(year, month - 1, day)

function timesOf(reading: Temporal.PlainDateTime, zone: string, rule: ReferenceRule): number[] {
  const earlier = reading.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const later = reading.toZonedDateTime(zone, { disambiguation: 'later' })
  if (earlier.toPlainDateTime().equals(reading))
    return rule.repeats
      ? [earlier.epochMilliseconds, later.epochMilliseconds]
      : [earlier.epochMilliseconds]
  return rule.makesUp ? [landing(earlier, later)] : []
}

/** The moment between the two at which the clocks jump, minute by minute. */
function landing(earlier: Temporal.ZonedDateTime, later: Temporal.ZonedDateTime): number {
  let moment = earlier.with({ second: 0 })
  while (moment.offsetNanoseconds === earlier.offsetNanoseconds) {
    if (Temporal.ZonedDateTime.compare(moment, later) > 0) throw new Error('no landing')
    moment = moment.add({ minutes: 1 })
  }
  return moment.epochMilliseconds
}

/** The moments within some years at which a zone's clocks change, found by looking every other day. */
export function changesOf(zone: string, fromYear: number, toYear: number): readonly number[] {
  const changes: number[] = []
  const end = Date.UTC(toYear, 0)
  for (let day = Date.UTC(fromYear, 0); day < end; day += 2 * DAY_MS) {
    let [low, high] = [day, day + 2 * DAY_MS]
    if (offsetAt(low, zone) === offsetAt(high, zone)) continue
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (offsetAt(middle, zone) === offsetAt(low, zone)) low = middle
      else high = middle
    }
    if (high < end) changes.push(high)
  }
  return changes
}

export const offsetAt = (ms: number, zone: string): number =>
  at(ms, zone).offsetNanoseconds / 1_000_000

export const at = (ms: number, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone)

/** Zones whose clocks do something particular, and one whose clocks do nothing. */
export const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'America/Sao_Paulo',
  'Asia/Tehran',
  'Antarctica/Troll',
  'America/St_Johns',
  'Asia/Gaza',
  'UTC',
] as const

const DAY_MS = 86_400_000
