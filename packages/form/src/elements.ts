import type { FieldElement, JsonSchema, Option } from './form.ts'
import { isObject } from './form.ts'

/** The JSON types that each element gives; the first is meant when the property names none. */
export const ELEMENT_TYPES: Readonly<Record<FieldElement, readonly string[]>> = {
  string: ['string'],
  text: ['string'],
  password: ['string'],
  number: ['number', 'integer'],
  toggle: ['boolean'],
  time: ['string'],
  date: ['string'],
  datetime: ['string'],
  select: ['string', 'number', 'integer', 'boolean'],
  multiselect: ['array'],
  json: ['object', 'array', 'string', 'number', 'integer', 'boolean'],
}

/** All that a property may say under `element`. */
export const ELEMENTS: readonly string[] = [...Object.keys(ELEMENT_TYPES), 'markdown', 'submit']

/** The format that an element implies. */
export const ELEMENT_FORMATS: Readonly<Partial<Record<FieldElement, string>>> = {
  time: 'time',
  date: 'date',
  datetime: 'date-time',
}

/** Elements whose emptied input is '' and means that nothing is given. */
export const WRITTEN: ReadonlySet<FieldElement> = new Set([
  'string',
  'text',
  'password',
  'time',
  'date',
  'datetime',
  'select',
])

/** How a property is asked for that does not say: by its type, format and choices. */
export function elementOf(property: JsonSchema): FieldElement {
  if (optionsOf(property) !== null) return 'select'
  switch (typeOf(property)) {
    case 'boolean':
      return 'toggle'
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return isObject(property['items']) && optionsOf(property['items']) !== null
        ? 'multiselect'
        : 'json'
    case 'string':
      return ELEMENT_OF_FORMAT[String(property['format'])] ?? 'string'
    default:
      return 'json'
  }
}

const ELEMENT_OF_FORMAT: Readonly<Record<string, FieldElement>> = {
  date: 'date',
  'date-time': 'datetime',
  password: 'password',
  time: 'time',
}

/** The one type of a property apart from null; undefined when it has none or several. */
export function typeOf(property: JsonSchema): string | undefined {
  const types = [property['type']].flat().filter((type) => type !== 'null')
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : undefined
}

/** The choices of a schema: those of `enum`, or of `oneOf` constants with titles. */
export function optionsOf(schema: JsonSchema): readonly Option[] | null {
  const { enum: values, oneOf } = schema
  if (Array.isArray(values))
    return values.map((value: unknown) => ({ value, label: labelOf(value) }))
  if (!Array.isArray(oneOf) || oneOf.length === 0) return null
  const options: Option[] = []
  for (const branch of oneOf as unknown[]) {
    if (!isObject(branch) || !Object.hasOwn(branch, 'const')) return null
    const { const: value, title } = branch
    options.push({ value, label: typeof title === 'string' ? title : labelOf(value) })
  }
  return options
}

const labelOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
