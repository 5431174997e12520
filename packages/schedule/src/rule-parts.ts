/** The parts of an RRULE by name, in capitals. */
export type RuleParts = ReadonlyMap<string, string>

/**
 * What is wrong with a rule by RFC 5545, section 3.3.10; null when nothing is. Libraries take what
 * they can make sense of, and a rule that is half understood fires at times that nobody meant.
 */
export function checkRuleParts(parts: RuleParts): string | null {
  for (const [name, value] of parts) {
    const form = FORMS[name]
    if (form === undefined)
      return name === 'RSCALE' || name === 'SKIP'
        ? `has ${name}, which is not supported: rules are Gregorian`
        : `has the unknown part ${name === '' ? '(empty)' : name}`
    if (
      !value.split(',').every((item) => form.isGood(item)) ||
      (!form.isList && value.includes(','))
    )
      return `has ${name}=${value.slice(0, 40)}; it must be ${form.says}`
  }
  const freq = parts.get('FREQ')
  if (freq === undefined) return 'must have FREQ, such as FREQ=DAILY'
  return CONFLICTS.find(([, isWrong]) => isWrong(parts, freq))?.[0] ?? null
}

interface Form {
  readonly says: string
  readonly isList: boolean
  readonly isGood: (item: string) => boolean
}

/**
 * Readings that the COUNTs of one recurrence may number together: one after the other, all that have
 * passed are found again whenever its calendar is made, at up to a tenth of a millisecond each as a rule.
 */
export const COUNT_MAX = 2_000

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY']

const FORMS: Readonly<Record<string, Form>> = {
  FREQ: oneOf(FREQUENCIES),
  WKST: oneOf(WEEKDAYS),
  UNTIL: { says: 'a date', isList: false, isGood: () => true },
  INTERVAL: number(1, 100_000),
  COUNT: number(1, COUNT_MAX),
  BYSECOND: numbers(0, 59),
  BYMINUTE: numbers(0, 59),
  BYHOUR: numbers(0, 23),
  BYMONTH: numbers(1, 12),
  BYMONTHDAY: fromEnd(31),
  BYYEARDAY: fromEnd(366),
  BYWEEKNO: fromEnd(53),
  BYSETPOS: fromEnd(366),
  BYDAY: {
    says: 'weekdays such as MO,FR or, in a month or year, 1MO,-1FR',
    isList: true,
    isGood: (item) => {
      const match = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item)
      if (match === null) return false
      const ordinal = match[1]
      return ordinal === undefined || (Number(ordinal) !== 0 && Math.abs(Number(ordinal)) <= 53)
    },
  },
}

type Conflict = readonly [says: string, isWrong: (parts: RuleParts, freq: string) => boolean]

const CONFLICTS: readonly Conflict[] = [
  ['has COUNT and UNTIL; keep one of them', (parts) => parts.has('COUNT') && parts.has('UNTIL')],
  [
    'has BYWEEKNO, which needs FREQ=YEARLY',
    (parts, freq) => parts.has('BYWEEKNO') && freq !== 'YEARLY',
  ],
  [
    'has BYYEARDAY, which does not go with FREQ=DAILY, WEEKLY or MONTHLY',
    (parts, freq) => parts.has('BYYEARDAY') && ['DAILY', 'WEEKLY', 'MONTHLY'].includes(freq),
  ],
  [
    'has BYMONTHDAY, which does not go with FREQ=WEEKLY',
    (parts, freq) => parts.has('BYMONTHDAY') && freq === 'WEEKLY',
  ],
  [
    'has a number before a weekday, which needs FREQ=MONTHLY, or YEARLY without BYWEEKNO',
    (parts, freq) =>
      /\d/.test(parts.get('BYDAY') ?? '') &&
      !(freq === 'MONTHLY' || (freq === 'YEARLY' && !parts.has('BYWEEKNO'))),
  ],
  [
    'has BYSETPOS, which needs another BY… part to choose from',
    (parts) =>
      parts.has('BYSETPOS') &&
      ![...parts.keys()].some((name) => name.startsWith('BY') && name !== 'BYSETPOS'),
  ],
]

function oneOf(words: readonly string[]): Form {
  return {
    says: `one of ${words.join(', ')}`,
    isList: false,
    isGood: (item) => words.includes(item),
  }
}

function number(low: number, high: number): Form {
  return { ...numbers(low, high), says: `${low} to ${high}`, isList: false }
}

function numbers(low: number, high: number): Form {
  return {
    says: `numbers from ${low} to ${high}`,
    isList: true,
    isGood: (item) => /^\d{1,6}$/.test(item) && Number(item) >= low && Number(item) <= high,
  }
}

function fromEnd(high: number): Form {
  return {
    says: `numbers from 1 to ${high}, or -${high} to -1 from the end`,
    isList: true,
    isGood: (item) =>
      /^[+-]?\d{1,3}$/.test(item) && Number(item) !== 0 && Math.abs(Number(item)) <= high,
  }
}
