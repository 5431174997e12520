import {
  type Button,
  type Checked,
  type Field,
  type FieldError,
  type Form,
  isField,
  isObject,
  type Item,
  type JsonSchema,
} from './form.ts'
import { readProperty, readRequired } from './read-property.ts'
import { createCheck } from './schema-check.ts'
import { findSchemaProblems } from './schema-problems.ts'

/** What a message says and asks, as its author wrote it. */
export interface MessageContent {
  /** Its title, one line. */
  readonly subject?: string | null
  /** Markdown. Alone it asks for an OK; with one of the others it stands above. */
  readonly message?: string | null
  /** Asks for one text, which is answered under `string`. */
  readonly request?: string | null
  /** A JSON schema of an object, each of whose properties is a field, a text or a button. */
  readonly body?: JsonSchema | null
}

/** What is too much for one message. */
export const CONTENT_LIMITS = {
  subjectChars: 256,
  textChars: 65_536,
  bodyChars: 65_536,
  items: 100,
  buttons: 10,
} as const

/** The form of a message, or what is wrong with its content. Ask it before the message is stored. */
export function readContent(content: MessageContent): Checked<Form> {
  const errors: FieldError[] = [...textErrors(content)]
  const subject = content.subject ?? null
  const text = content.message ?? null
  const request = content.request ?? null
  const body = content.body ?? null
  if (text === null && request === null && body === null)
    errors.push({ pointer: '', message: 'needs one of message, request and body' })
  if (request !== null && body !== null)
    errors.push({ pointer: '/request', message: 'and body are both given; give one of them' })
  if (errors.length > 0) return { ok: false, errors }

  if (body !== null) return readBody(body, subject, text)
  const items = request === null ? [OK] : [requestField(request), OK]
  const required = request === null ? [] : ['string']
  return { ok: true, value: { subject, text, items, required, rules: {} } }
}

const OK: Button = { element: 'submit', name: null, label: 'OK', required: null }

const requestField = (label: string): Field => ({
  element: 'string',
  name: 'string',
  label,
  description: null,
  is_required: true,
  is_secret: false,
  format: null,
  options: null,
  schema: { type: 'string' },
})

function textErrors(content: MessageContent): FieldError[] {
  const { subjectChars, textChars } = CONTENT_LIMITS
  const limits = { subject: subjectChars, message: textChars, request: textChars }
  return Object.entries(limits).flatMap(([name, max]) => {
    const value: unknown = content[name as keyof typeof limits]
    const pointer = `/${name}`
    if (value === undefined || value === null) return []
    if (typeof value !== 'string') return [{ pointer, message: 'must be text' }]
    if (value.trim() === '') return [{ pointer, message: 'is empty; leave it out' }]
    if (value.length > max)
      return [{ pointer, message: `has ${value.length} characters; ${max} are accepted` }]
    return name === 'subject' && /[\r\n]/.test(value)
      ? [{ pointer, message: 'must be one line; say more in message' }]
      : []
  })
}

function readBody(body: unknown, subject: string | null, text: string | null): Checked<Form> {
  const at = '/body'
  const fail = (pointer: string, message: string): Checked<Form> => ({
    ok: false,
    errors: [{ pointer, message }],
  })
  if (!isObject(body)) return fail(at, 'must be a JSON schema of an object')
  // Depth first: what is nested without end cannot even be measured.
  const problems = findSchemaProblems(body, at)
  if (problems.length > 0) return { ok: false, errors: problems }
  const chars = JSON.stringify(body).length
  if (chars > CONTENT_LIMITS.bodyChars)
    return fail(at, `has ${chars} characters as JSON; ${CONTENT_LIMITS.bodyChars} are accepted`)
  if (body['type'] !== undefined && body['type'] !== 'object')
    return fail(`${at}/type`, 'must be "object"; each property of it is one item of the form')
  const properties = body['properties'] ?? {}
  if (!isObject(properties)) return fail(`${at}/properties`, 'must be an object')

  const errors: FieldError[] = []
  const required = readRequired(body['required'], Object.keys(properties), `${at}/required`, errors)
  const items = readItems(properties, required, errors)
  if (errors.length > 0) return { ok: false, errors }
  const form: Form = {
    subject: subject ?? titleOf(body['title']),
    text: text ?? textOf(body['description']),
    items: items.some(({ element }) => element === 'submit') ? items : [...items, OK],
    required: required.filter((name) => items.some((item) => item.name === name && isField(item))),
    rules: Object.fromEntries(
      RULES.filter((rule) => rule in body).map((rule) => [rule, body[rule]]),
    ),
  }
  return checkDefaults(form)
}

/** Keywords that look at several fields at once. */
const RULES = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
]

function readItems(
  properties: JsonSchema,
  required: readonly string[],
  errors: FieldError[],
): readonly Item[] {
  const names = Object.keys(properties)
  const { items: itemsMax, buttons: buttonsMax } = CONTENT_LIMITS
  if (names.length > itemsMax)
    errors.push({
      pointer: '/body/properties',
      message: `has ${names.length} entries; ${itemsMax} are accepted`,
    })
  const placed = names.slice(0, itemsMax).flatMap((name) => {
    const property = properties[name]
    const item = readProperty(name, property, {
      names,
      isRequired: required.includes(name),
      errors,
    })
    const order =
      isObject(property) && typeof property['order'] === 'number' ? property['order'] : null
    return item === null ? [] : [{ item, order: order ?? Number.MAX_VALUE }]
  })
  // Equal ones stay as they were written.
  const fields = new Set(placed.flatMap(({ item }) => (isField(item) ? [item.name] : [])))
  const items = placed
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => (item.element === 'submit' ? requiringOnly(fields, item) : item))
  if (items.filter(({ element }) => element === 'submit').length > buttonsMax)
    errors.push({
      pointer: '/body/properties',
      message: `has more than ${buttonsMax} submit elements`,
    })
  return items
}

/** A button cannot require what is no value: a text, or another button. */
const requiringOnly = (fields: ReadonlySet<string>, button: Button): Button => ({
  ...button,
  required: button.required?.filter((name) => fields.has(name)) ?? null,
})

/** A default that the form itself would refuse could never be answered with. */
function checkDefaults(form: Form): Checked<Form> {
  const check = createCheck({ ...form, rules: {} }, [])
  if (!check.ok) return check
  const defaults = Object.fromEntries(
    form.items
      .filter(isField)
      .flatMap((field) => ('default' in field ? [[field.name, field.default]] : [])),
  )
  const errors = check.value(defaults).map(({ pointer, message }) => ({
    pointer: `/body/properties/${pointer.split('/')[1] ?? ''}/default`,
    message,
  }))
  if (errors.length > 0) return { ok: false, errors }
  if (Object.keys(form.rules).length === 0) return { ok: true, value: form }
  // Compiled as well, so that rules which are none are found now and not by who answers.
  const whole = createCheck(form, form.required)
  return whole.ok ? { ok: true, value: form } : whole
}

const titleOf = (value: unknown): string | null =>
  textOf(value)
    ?.split(/[\r\n]/, 1)[0]
    ?.slice(0, CONTENT_LIMITS.subjectChars) ?? null

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value : null
