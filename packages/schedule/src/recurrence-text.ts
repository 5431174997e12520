import { instantOf } from './instant-of.ts'
import { checkRuleParts, COUNT_MAX, type RuleParts } from './rule-parts.ts'
import { type Zone, zoneOf } from './zone.ts'

/** What a recurrence in the words of RFC 5545 says. */
export interface Recurrence {
  readonly zone: Zone
  /** DTSTART as a reading of the zone's clocks. */
  readonly startReading: number
  readonly rules: readonly { readonly parts: RuleParts; readonly untilMs: number | null }[]
  readonly addedMs: readonly number[]
  readonly excludedMs: readonly number[]
}

/**
 * Reads DTSTART, RRULE, RDATE and EXDATE lines. Throws a RangeError that names the line and the way
 * out. `timeZone` is for a DTSTART without a zone of its own; absent, that is UTC.
 */
export function readRecurrence(text: string, timeZone: string | undefined): Recurrence {
  if (text.length > CHARS_MAX) throw new RangeError(`is longer than ${CHARS_MAX} characters`)
  const lines = linesOf(text)
  const starts = lines.filter(({ name }) => name === 'DTSTART')
  const [start] = starts
  if (start === undefined || starts.length > 1)
    throw new RangeError(
      'must have one DTSTART line, such as DTSTART;TZID=Europe/Berlin:20260105T090000',
    )
  const [first, ...others] = datesOf(start)
  if (first === undefined || others.length > 0) throw start.error('must have one date')
  const zone = zoneFor(start, first, timeZone)
  const dates = (name: string): number[] =>
    lines
      .filter((line) => line.name === name)
      .flatMap((line) => datesOf(line, first).map((date) => momentOf(date, line.zone ?? zone)))
  const ruleLines = lines.filter(({ name }) => name === 'RRULE')
  const recurrence = {
    zone,
    startReading: first.reading,
    rules: ruleLines.map((line) => {
      const parts = partsOf(line)
      return { parts, untilMs: untilOf(line, parts, zone) }
    }),
    addedMs: dates('RDATE').toSorted((a, b) => a - b),
    excludedMs: dates('EXDATE'),
  }
  if (ruleLines.length > RULES_MAX) throw new RangeError(`has more than ${RULES_MAX} RRULE lines`)
  const times = recurrence.rules.reduce(
    (sum, { parts }) => sum + Number(parts.get('COUNT') ?? 0),
    0,
  )
  if (times > COUNT_MAX)
    throw new RangeError(
      `has rules that COUNT ${times} times together; ${COUNT_MAX} are accepted. Count less, or end them with UNTIL`,
    )
  if (ruleLines.length === 0 && recurrence.addedMs.length === 0)
    throw new RangeError('must have an RRULE or RDATE line, such as RRULE:FREQ=WEEKLY;BYDAY=MO')
  if (recurrence.addedMs.length + recurrence.excludedMs.length > DATES_MAX)
    throw new RangeError(`has more than ${DATES_MAX} dates in RDATE and EXDATE`)
  return recurrence
}

interface Line {
  readonly name: string
  /** Of TZID. */
  readonly zone: Zone | null
  readonly isDate: boolean
  readonly value: string
  readonly error: (message: string) => RangeError
}

interface DateText {
  readonly reading: number
  readonly isUtc: boolean
  readonly isDate: boolean
}

function linesOf(text: string): readonly Line[] {
  // A line that begins with white space goes on the one before it.
  const lines = text.replaceAll(/\r?\n[ \t]/g, '').split(/\r?\n/)
  return lines.map((line) => line.trim()).flatMap((line) => (line === '' ? [] : [lineOf(line)]))
}

function lineOf(line: string): Line {
  const colon = line.indexOf(':')
  const [name = '', ...params] = line.slice(0, Math.max(0, colon)).toUpperCase().split(';')
  const error = (message: string): RangeError =>
    new RangeError(`${name === '' ? `"${line.slice(0, 40)}"` : name} ${message}`)
  if (!NAMES.includes(name))
    throw error(
      name === 'EXRULE'
        ? 'is not supported; list the dates in EXDATE'
        : `is not read here; lines begin with ${NAMES.join(', ')}`,
    )
  let zone: Zone | null = null
  let isDate = false
  // A name of a zone keeps its case.
  const asWritten = line.slice(0, colon).split(';').slice(1)
  for (const [index, param] of params.entries()) {
    const value = param.slice(param.indexOf('=') + 1)
    if (param === 'VALUE=DATE') isDate = true
    else if (param.startsWith('TZID='))
      zone = zoneNamed(asWritten[index]?.slice('TZID='.length) ?? '', error)
    else if (param !== 'VALUE=DATE-TIME')
      throw error(`has ${param.split('=')[0]}=${value}, which is not supported`)
  }
  return { name, zone, isDate, value: line.slice(colon + 1).trim(), error }
}

function zoneNamed(text: string, error: Line['error']): Zone {
  const name = text.replaceAll('"', '')
  try {
    return zoneOf(name)
  } catch {
    throw error(`names the time zone ${name}, which is not in the IANA database`)
  }
}

function zoneFor(start: Line, date: DateText, timeZone: string | undefined): Zone {
  const own = start.zone ?? (date.isUtc ? zoneOf('UTC') : null)
  if (own === null) return zoneOf(timeZone ?? 'UTC')
  if (timeZone !== undefined && timeZone.toLowerCase() !== own.name.toLowerCase())
    throw start.error(
      `is in ${own.name} and time_zone is ${timeZone}: leave time_zone out, or write DTSTART;TZID=${timeZone}:…`,
    )
  return own
}

/** The dates of a line; those of RDATE and EXDATE are of the kind that DTSTART is of. */
function datesOf(line: Line, like?: DateText): readonly DateText[] {
  return line.value.split(',').map((text) => {
    const date = dateOf(text.trim())
    if (date === null)
      throw line.error(
        `has "${text.slice(0, 40)}"; dates look like 20260131T090000 or 20260131, from 1900 to 2999`,
      )
    if (line.isDate !== date.isDate && (line.isDate || line.name === 'DTSTART'))
      throw line.error(date.isDate ? 'with a date only needs VALUE=DATE' : 'has a time in a DATE')
    if (date.isUtc && line.zone !== null)
      throw line.error('has both TZID and a time that ends in Z; keep one of them')
    if (like !== undefined && like.isDate !== date.isDate)
      throw line.error(`must have ${like.isDate ? 'dates only' : 'times'}, as DTSTART has`)
    return date
  })
}

function dateOf(text: string): DateText | null {
  const match = DATE.exec(text)
  if (match === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const reading = Date.UTC(year, month - 1, day, hour, minute, second)
  const isReal =
    new Date(reading).toISOString().slice(0, 19).replaceAll(/[-:]/g, '') ===
    `${text.slice(0, 8)}T${match[4] === undefined ? '000000' : text.slice(9, 15)}`
  return isReal && year >= 1900 && year < 3000
    ? { reading, isUtc: match[7] !== undefined, isDate: match[4] === undefined }
    : null
}

const momentOf = (date: DateText, zone: Zone): number =>
  date.isUtc ? date.reading : instantOf(zone, date.reading, 'first')

function partsOf(line: Line): RuleParts {
  const parts = new Map<string, string>()
  for (const part of line.value.toUpperCase().split(';')) {
    const [name = '', value = ''] = part.split('=')
    if (parts.has(name)) throw line.error(`has ${name} twice`)
    parts.set(name, value)
  }
  const problem = checkRuleParts(parts)
  if (problem !== null) throw line.error(problem)
  return parts
}

/** The last moment that UNTIL allows: the whole of its day, and both times of a repeated reading. */
function untilOf(line: Line, parts: RuleParts, zone: Zone): number | null {
  const text = parts.get('UNTIL')
  if (text === undefined) return null
  const date = dateOf(text)
  if (date === null)
    throw line.error(`has UNTIL=${text}; it looks like 20261231T225959Z or 20261231`)
  if (date.isUtc) return date.reading
  return instantOf(zone, date.reading + (date.isDate ? DAY_MS - 1 : 0), 'last')
}

const NAMES = ['DTSTART', 'RRULE', 'RDATE', 'EXDATE']
const DATE = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/
const DAY_MS = 86_400_000
const CHARS_MAX = 32_768
const RULES_MAX = 20
const DATES_MAX = 1_000
