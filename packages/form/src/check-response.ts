import { WRITTEN } from './elements.ts'
import {
  asksForTime,
  type Button,
  escapePointer,
  type Field,
  type FieldError,
  type Form,
  isButton,
  isField,
  isObject,
} from './form.ts'
import { createCheck } from './schema-check.ts'
import { isTimeZone } from './time-text.ts'

export type ResponseVerdict =
  AcceptedResponse | { readonly ok: false; readonly errors: readonly FieldError[] }

export interface AcceptedResponse {
  readonly ok: true
  /** What the flow reads: fields in the order of the form, then the buttons, then `timezone`. */
  readonly response: Readonly<Record<string, unknown>>
  /** The one that was pressed; null for an OK without a name. */
  readonly button: string | null
}

/** What is too much for one answer. They bound what any schema can cost to check. */
export const RESPONSE_LIMITS = { chars: 262_144, depth: 16, values: 10_000, list: 1_000 } as const

/**
 * Whether a response answers a form, and what becomes of it:
 * - A field that is not named gets its default, a toggle without one false.
 * - '' in a written field is nothing given, which is how browsers say it, unless `minLength` is 0.
 * - One button is pressed. A form with a single button takes it for pressed.
 * - What is not of the form is refused, but `timezone` where the form asks for times.
 */
export function checkResponse(form: Form, given: unknown): ResponseVerdict {
  if (!isObject(given)) return failed('', 'must be an object of names and values')
  const size = findOversize(given)
  if (size !== null) return failed('', size)

  const fields = form.items.filter(isField)
  const buttons = form.items.filter(isButton)
  const errors: FieldError[] = [...unknownErrors(form, given)]
  const button = pressedButton(buttons, given, errors)
  const timezone = readTimezone(form, given, errors)

  const values: Record<string, unknown> = Object.fromEntries(
    fields.flatMap((field) => {
      const value = valueOf(field, given)
      return value === undefined ? [] : [[field.name, value] as const]
    }),
  )
  for (const { name } of buttons) if (name !== null) values[name] = name === button?.name
  const check = createCheck(form, button?.required ?? form.required)
  // The form was compiled when its message was made; one that does not compile now was changed since.
  if (!check.ok) return check
  errors.push(...check.value(values))
  if (errors.length > 0) return { ok: false, errors }
  return {
    ok: true,
    response: timezone === null ? values : { ...values, timezone },
    button: button?.name ?? null,
  }
}

function valueOf(field: Field, given: Readonly<Record<string, unknown>>): unknown {
  const unnamed = field.element === 'toggle' ? false : undefined
  const fallback = 'default' in field ? field.default : unnamed
  const value = Object.hasOwn(given, field.name) ? given[field.name] : fallback
  return value === '' && WRITTEN.has(field.element) && !takesEmpty(field) ? undefined : value
}

const takesEmpty = ({ schema, options }: Field): boolean =>
  schema['minLength'] === 0 || options?.some(({ value }) => value === '') === true

function unknownErrors(form: Form, given: Readonly<Record<string, unknown>>): FieldError[] {
  const names = form.items.flatMap((item) =>
    item.name === null || item.element === 'markdown' ? [] : [item.name],
  )
  const known = new Set([...names, ...(asksForTime(form) ? ['timezone'] : [])])
  const list = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
  return Object.keys(given)
    .filter((name) => !known.has(name))
    .slice(0, 20)
    .map((name) => ({
      pointer: `/${escapePointer(name)}`,
      message: `is no field of this form; ${list}`,
    }))
}

function pressedButton(
  buttons: readonly Button[],
  given: Readonly<Record<string, unknown>>,
  errors: FieldError[],
): Button | null {
  const named = buttons.flatMap((button) =>
    button.name === null ? [] : [{ ...button, name: button.name }],
  )
  for (const { name } of named)
    if (Object.hasOwn(given, name) && typeof given[name] !== 'boolean')
      errors.push({ pointer: `/${escapePointer(name)}`, message: 'must be true or false' })
  const pressed = named.filter(({ name }) => Object.hasOwn(given, name) && given[name] === true)
  const [first] = pressed
  if (pressed.length > 1)
    errors.push({
      pointer: '',
      message: `presses ${pressed.map(({ name }) => name).join(' and ')}; press one`,
    })
  if (first !== undefined) return first
  if (buttons.length === 1) return refusesOnly(named, given, errors) ? null : (buttons[0] ?? null)
  errors.push({
    pointer: '',
    message: `presses none of ${named.map(({ name }) => name).join(', ')}`,
  })
  return null
}

/** A single button that is said not to be pressed: then nothing was answered. */
function refusesOnly(
  named: readonly { readonly name: string }[],
  given: Readonly<Record<string, unknown>>,
  errors: FieldError[],
): boolean {
  const [only] = named
  if (only === undefined || !Object.hasOwn(given, only.name) || given[only.name] !== false)
    return false
  errors.push({
    pointer: `/${escapePointer(only.name)}`,
    message: 'must be true: it is the only button',
  })
  return true
}

function readTimezone(
  form: Form,
  given: Readonly<Record<string, unknown>>,
  errors: FieldError[],
): string | null {
  if (!asksForTime(form) || !Object.hasOwn(given, 'timezone')) return null
  const { timezone } = given
  if (typeof timezone === 'string' && isTimeZone(timezone)) return timezone
  errors.push({
    pointer: '/timezone',
    message: 'must be a time zone such as Europe/Vienna, UTC or +02:00',
  })
  return null
}

/** Why a response is too large, or null. Counts without recursion that a response could choose. */
function findOversize(given: unknown): string | null {
  let level: unknown[] = [given]
  let values = 0
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > RESPONSE_LIMITS.depth)
      return `is nested deeper than ${RESPONSE_LIMITS.depth} levels`
    const next: unknown[] = []
    for (const value of level) {
      const inner: unknown[] = Array.isArray(value)
        ? value
        : isObject(value)
          ? Object.values(value)
          : []
      if (Array.isArray(value) && inner.length > RESPONSE_LIMITS.list)
        return `has a list of more than ${RESPONSE_LIMITS.list} values`
      values += inner.length
      if (values > RESPONSE_LIMITS.values) return `has more than ${RESPONSE_LIMITS.values} values`
      next.push(...inner)
    }
    level = next
  }
  const chars = JSON.stringify(given).length
  return chars > RESPONSE_LIMITS.chars
    ? `has ${chars} characters as JSON; ${RESPONSE_LIMITS.chars} are accepted`
    : null
}

const failed = (pointer: string, message: string): ResponseVerdict => ({
  ok: false,
  errors: [{ pointer, message }],
})
