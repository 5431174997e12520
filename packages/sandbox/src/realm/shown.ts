import { ChildExecution } from './child-execution.ts'
import { SelfExecution } from './self-execution.ts'
import { System } from './system.ts'

/** What may be shown of one stop and of one value, in characters of JSON. */
const TOTAL_CHARS = 64 * 1024
const VALUE_CHARS = 16 * 1024
const TEXT_CHARS = 1_000
const ITEMS = 50
const LEVELS = 5
/** A larger number is not written out: that takes time with the square of its length. */
const BIGINT_MAX = 2n ** 1024n

/** Room that is left for what is shown. */
export interface Room {
  left: number
  cut: boolean
}

export function newRoom(): Room {
  return { left: TOTAL_CHARS, cut: false }
}

/**
 * The author's value as the members `type`, `value` and `cut` of a JSON object, as text. Runs no code
 * of the author's: accessors are named, not called, and whatever a proxy calls throws at its first
 * line, because the execution counts as stopped by now.
 */
export function shownText(value: unknown, room: Room): string {
  const own: Room = { left: Math.min(VALUE_CHARS, room.left), cut: false }
  const before = own.left
  const type = attempt(() => typeOf(value), 'object')
  const text = valueText(value, { room: own, path: [] })
  room.left -= before - own.left
  return `"type":${JSON.stringify(type)},"value":${text}${own.cut ? ',"cut":true' : ''}`
}

/** The objects that every flow is given: they would be shown at every stop. */
export function isGiven(value: unknown): boolean {
  return attempt(() => value instanceof System || value instanceof SelfExecution, false)
}

/** Where a value is: how much room there is, and inside of what. */
interface Within {
  readonly room: Room
  readonly path: readonly object[]
}

function valueText(value: unknown, within: Within): string {
  const { room } = within
  switch (typeof value) {
    case 'string':
      return stringText(value, room)
    case 'number':
      return Number.isFinite(value) ? spent(String(value), room) : said(String(value), room)
    case 'boolean':
      return spent(String(value), room)
    case 'bigint':
      return said(value > BIGINT_MAX || value < -BIGINT_MAX ? '[large bigint]' : `${value}n`, room)
    case 'function':
      return said(`[function ${attempt(() => ownText(value, 'name'), null) ?? ''}]`, room)
    case 'undefined':
      return said('[undefined]', room)
    case 'symbol':
      return said(Symbol.prototype.toString.call(value), room)
    default:
      return value === null ? spent('null', room) : objectText(value as object, within)
  }
}

function objectText(value: object, { room, path }: Within): string {
  if (path.includes(value)) return said('[circular]', room)
  if (path.length >= LEVELS) return cutAt('[too deep]', room)
  if (room.left <= 0) return cutAt('[…]', room)
  const inner: Within = { room, path: [...path, value] }
  const text = attempt(() => {
    if (value instanceof System) return said('[system]', room)
    if (value instanceof SelfExecution) return said('[self]', room)
    if (ChildExecution.isChild(value))
      return recordText(ChildExecution.prototype.toJSON.call(value) as object, inner)
    if (Array.isArray(value))
      return listText(value.length, (i) => propertyText(value, i, inner), room)
    return specialText(value, inner) ?? recordText(value, inner)
  }, null)
  return text ?? cutAt('[cannot be shown]', room)
}

/** What has its own idea of what it holds. Each kind is known by what only it can be asked. */
function specialText(value: object, within: Within): string | null {
  const { room } = within
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView) return said('[DataView]', room)
    const items = value as unknown as Record<number, unknown>
    return listText(VIEW_LENGTH.call(value), (i) => valueText(items[i], within), room)
  }
  const time = attempt(() => Date.prototype.getTime.call(value), null)
  if (time !== null)
    return said(Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString(), room)
  const pairs = attempt(() => MAP_SIZE.call(value), null)
  if (pairs !== null) {
    const list = firstOf(Map.prototype.entries.call(value as Map<unknown, unknown>))
    return listText(pairs, (i) => valueText(list[i], within), room)
  }
  const members = attempt(() => SET_SIZE.call(value), null)
  if (members !== null) {
    const list = firstOf(Set.prototype.values.call(value as Set<unknown>))
    return listText(members, (i) => valueText(list[i], within), room)
  }
  const pattern = attempt(() => REGEXP_SOURCE.call(value), null)
  if (pattern !== null) return said(`/${pattern}/`, room)
  if (value instanceof Promise) return said('[promise]', room)
  if (value instanceof ArrayBuffer) return said('[ArrayBuffer]', room)
  if (!(value instanceof Error)) return null
  const message = ownText(value, 'message')
  const name = ownText(value, 'name') ?? nameOfClass(value)
  return said(message === null || message === '' ? name : `${name}: ${message}`, room)
}

function recordText(value: object, within: Within): string {
  const { room } = within
  const names = Object.keys(value)
  let text = ''
  for (const [i, name] of names.entries()) {
    if (i >= ITEMS || room.left <= 0) {
      text += `,"…":${cutAt(`[${names.length - i} more]`, room)}`
      break
    }
    const key = name.length > TEXT_CHARS ? `${name.slice(0, TEXT_CHARS)}…` : name
    text += `,${spent(JSON.stringify(key), room)}:${propertyText(value, name, within)}`
  }
  return `{${text.slice(1)}}`
}

function listText(length: number, itemText: (index: number) => string, room: Room): string {
  let text = ''
  for (let i = 0; i < length; i++) {
    if (i >= ITEMS || room.left <= 0) {
      text += `,${cutAt(`[${length - i} more]`, room)}`
      break
    }
    text += `,${itemText(i)}`
  }
  return `[${text.slice(1)}]`
}

/** A property, without calling its accessor. */
function propertyText(of: object, key: string | number, within: Within): string {
  const found = Object.getOwnPropertyDescriptor(of, key)
  if (found === undefined) return said('[empty]', within.room)
  return 'value' in found ? valueText(found.value, within) : said('[getter]', within.room)
}

function firstOf(values: Iterator<unknown>): unknown[] {
  const list: unknown[] = []
  for (let next = values.next(); next.done !== true && list.length < ITEMS; next = values.next())
    list.push(next.value)
  return list
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return Array.isArray(value) ? 'array' : nameOfClass(value)
}

function nameOfClass(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null || prototype === Object.prototype) return 'object'
  if (ChildExecution.isChild(value)) return 'Execution'
  const known = CLASSES.find((made) => made.prototype === prototype)
  if (known !== undefined) return known.name
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const name = typeof made === 'function' ? ownText(made, 'name') : null
  return name === null || name === '' ? 'object' : name
}

function ownText(of: object, key: string): string | null {
  const value: unknown = Object.getOwnPropertyDescriptor(of, key)?.value
  return typeof value === 'string' ? value : null
}

function stringText(value: string, room: Room): string {
  const most = Math.max(0, Math.min(TEXT_CHARS, room.left))
  if (value.length > most) room.cut = true
  return spent(JSON.stringify(value.length > most ? `${value.slice(0, most)}…` : value), room)
}

function said(text: string, room: Room): string {
  return spent(
    JSON.stringify(text.length > TEXT_CHARS ? `${text.slice(0, TEXT_CHARS)}…` : text),
    room,
  )
}

function cutAt(text: string, room: Room): string {
  room.cut = true
  return said(text, room)
}

function spent(text: string, room: Room): string {
  room.left -= text.length + 1
  return text
}

/** For what a proxy throws, and what the wrong kind of object does. */
function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch {
    return otherwise
  }
}

function getterOf(prototype: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get
}

const MAP_SIZE = getterOf(Map.prototype, 'size') as () => number
const SET_SIZE = getterOf(Set.prototype, 'size') as () => number
const REGEXP_SOURCE = getterOf(RegExp.prototype, 'source') as () => string
const VIEW_LENGTH = getterOf(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  'length',
) as () => number

/** Those whose `constructor` the realm has put behind an accessor. */
const CLASSES: readonly { readonly name: string; readonly prototype: object }[] = [
  Date,
  Map,
  Set,
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
]
