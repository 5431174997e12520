import { cronRule } from './cron-rule.ts'
import { recurrenceCalendar } from './recurrence-calendar.ts'
import { INTERVAL_SECONDS_MAX } from './timing.ts'
import { zoneOf } from './zone.ts'

/** One thing wrong with an input: where, by JSON pointer, and what; the message follows the place. */
export interface Problem {
  readonly pointer: string
  readonly message: string
}

/** What is wrong with a timing, all of it at once. None: it is a `Timing`, and it fires. */
export function checkTiming(value: unknown): readonly Problem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ pointer: '', message: `must be an object with one of ${KINDS.join(', ')}` }]
  const timing = value as Readonly<Record<string, unknown>>
  const problems: Problem[] = Object.keys(timing)
    .filter((key) => !KNOWN.has(key))
    .map((key) => ({ pointer: `/${escaped(key)}`, message: 'is not known' }))
  const kinds = KINDS.filter((kind) => timing[kind] !== undefined)
  if (kinds.length !== 1) {
    const has = kinds.length === 0 ? 'none' : kinds.join(' and ')
    problems.push({
      pointer: '',
      message: `must have exactly one of ${KINDS.join(', ')}; it has ${has}`,
    })
  }
  const add = (name: string, message: string | null): void => {
    if (message !== null) problems.push({ pointer: `/${name}`, message })
  }
  const zoneProblem = checkZone(timing['time_zone'])
  add('time_zone', zoneProblem)
  add('cron', checkText(timing['cron'], cronRule))
  // The rules of a recurrence read differently in another zone: one fault at a time.
  if (zoneProblem === null) {
    const timeZone = timing['time_zone'] as string | undefined
    add(
      'rrule',
      checkText(timing['rrule'], (text) => recurrenceCalendar(text, timeZone)),
    )
  }
  add('interval_seconds', checkInterval(timing['interval_seconds']))
  add('anchor', checkAnchor(timing['anchor'], timing['interval_seconds']))
  return problems
}

const KINDS = ['cron', 'interval_seconds', 'rrule']
const KNOWN: ReadonlySet<string> = new Set([...KINDS, 'anchor', 'time_zone'])

function checkText(value: unknown, read: (text: string) => unknown): string | null {
  if (value === undefined) return null
  if (typeof value !== 'string') return 'must be string'
  try {
    read(value)
    return null
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

function checkZone(value: unknown): string | null {
  const says = 'an IANA name such as Europe/Berlin or UTC'
  if (value === undefined) return null
  if (typeof value !== 'string') return `must be ${says}`
  try {
    zoneOf(value)
    return null
  } catch {
    return `must be ${says}; ${JSON.stringify(value.slice(0, 64))} is not in the database`
  }
}

function checkInterval(value: unknown): string | null {
  const isGood =
    value === undefined ||
    (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= INTERVAL_SECONDS_MAX)
  return isGood ? null : `must be a whole number from 1 to ${INTERVAL_SECONDS_MAX}`
}

function checkAnchor(value: unknown, interval: unknown): string | null {
  if (value === undefined) return null
  if (value !== 'start' && value !== 'end') return 'must be one of "start", "end"'
  return interval === undefined ? 'goes with interval_seconds only; leave it out' : null
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
