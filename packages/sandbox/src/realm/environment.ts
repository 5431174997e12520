import { writeConsole } from './log.ts'
import type { Run } from './run.ts'

/**
 * What the author's code sees instead of the intrinsics that know the time, chance or the outside.
 * Made per execution and handed to the module as parameters, only those whose names it mentions.
 */
export const ENVIRONMENT = [
  'Date',
  'Math',
  'console',
  'crypto',
  'Intl',
  'Temporal',
  'globalThis',
] as const
export type EnvironmentName = (typeof ENVIRONMENT)[number]

const RealDate = Date
const RealIntl = Intl
export const RealTemporal = (globalThis as unknown as { Temporal?: Record<string, unknown> })
  .Temporal
const SafeMath = Object.freeze(withoutRandom())

export function environmentOf(run: Run, name: EnvironmentName): unknown {
  switch (name) {
    case 'Date':
      return dateOf(run)
    case 'Math':
      return Object.freeze(
        Object.create(SafeMath, { random: { value: () => run.draw(), enumerable: false } }),
      )
    case 'console':
      return consoleOf(run)
    case 'crypto':
      return cryptoOf(run)
    case 'Intl':
      return intlOf(run)
    case 'Temporal':
      return temporalOf(run)
    case 'globalThis':
      return globalOf(run)
  }
}

function dateOf(run: Run): unknown {
  const made = function Date(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(run.now).toString()
    return Reflect.construct(RealDate, args.length === 0 ? [run.now] : args, new.target)
  }
  Object.defineProperties(made, {
    prototype: { value: RealDate.prototype },
    now: { value: () => run.now },
    parse: { value: RealDate.parse },
    UTC: { value: RealDate.UTC },
    length: { value: 7 },
  })
  return Object.freeze(made)
}

function withoutRandom(): object {
  const safe: Record<string, unknown> = {}
  for (const key of Object.getOwnPropertyNames(Math)) {
    if (key !== 'random') safe[key] = (Math as unknown as Record<string, unknown>)[key]
  }
  return safe
}

function consoleOf(run: Run): unknown {
  const write = (...values: unknown[]): void => writeConsole(run, values)
  const nothing = (): void => undefined
  const table: Record<string, unknown> = {}
  for (const name of ['log', 'info', 'debug', 'warn', 'error', 'trace', 'dir']) table[name] = write
  for (const name of ['group', 'groupEnd', 'time', 'timeEnd', 'count', 'assert'])
    table[name] = nothing
  return Object.freeze(table)
}

const HEX = '0123456789abcdef'

function cryptoOf(run: Run): unknown {
  const randomUUID = (): string => {
    let text = ''
    for (let i = 0; i < 32; i++) {
      const digit =
        i === 12 ? 4 : i === 16 ? 8 + Math.floor(run.draw() * 4) : Math.floor(run.draw() * 16)
      text += HEX[digit]
      if (i === 7 || i === 11 || i === 15 || i === 19) text += '-'
    }
    return text
  }
  const getRandomValues = (array: unknown): unknown => {
    if (!ArrayBuffer.isView(array) || array instanceof DataView)
      throw new TypeError('crypto.getRandomValues takes an array of integers')
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(run.draw() * 256)
    return array
  }
  return Object.freeze({ randomUUID, getRandomValues })
}

/** Formatting without a date means now. */
function intlOf(run: Run): unknown {
  class DateTimeFormat extends RealIntl.DateTimeFormat {
    override formatToParts(date?: Date | number): Intl.DateTimeFormatPart[] {
      return super.formatToParts(date ?? run.now)
    }
  }
  const format = Object.getOwnPropertyDescriptor(RealIntl.DateTimeFormat.prototype, 'format')?.get
  Object.defineProperty(DateTimeFormat.prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      const inner = format?.call(this) as (date?: Date | number) => string
      return (date?: Date | number) => inner(date ?? run.now)
    },
  })
  Object.freeze(DateTimeFormat.prototype)
  return Object.freeze(
    Object.create(RealIntl, { DateTimeFormat: { value: Object.freeze(DateTimeFormat) } }),
  )
}

interface TemporalInstant {
  toZonedDateTimeISO(zone: string): {
    toPlainDate(): unknown
    toPlainTime(): unknown
    toPlainDateTime(): unknown
  }
}

function temporalOf(run: Run): unknown {
  if (RealTemporal === undefined) return undefined
  const Instant = RealTemporal['Instant'] as { fromEpochMilliseconds(ms: number): TemporalInstant }
  const instant = (): TemporalInstant => Instant.fromEpochMilliseconds(run.now)
  const zoned = (zone = 'UTC') => instant().toZonedDateTimeISO(zone)
  const Now = Object.freeze({
    instant,
    timeZoneId: () => 'UTC',
    zonedDateTimeISO: zoned,
    plainDateISO: (zone?: string) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone?: string) => zoned(zone).toPlainTime(),
    plainDateTimeISO: (zone?: string) => zoned(zone).toPlainDateTime(),
  })
  return Object.freeze(Object.create(RealTemporal, { Now: { value: Now, enumerable: true } }))
}

/** A global object of the execution's own: empty above the shared, frozen one. */
function globalOf(run: Run): unknown {
  const own: Record<string, unknown> = {}
  for (const name of ENVIRONMENT) {
    if (name === 'globalThis') continue
    Object.defineProperty(own, name, { get: () => environmentOf(run, name), configurable: true })
  }
  Object.setPrototypeOf(own, globalThis)
  Object.defineProperty(own, 'globalThis', { value: own })
  return own
}
