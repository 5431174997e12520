import {
  ELEMENT_FORMATS,
  ELEMENT_TYPES,
  elementOf,
  ELEMENTS,
  optionsOf,
  typeOf,
} from './elements.ts'
import {
  type Button,
  escapePointer,
  type Field,
  type FieldElement,
  type FieldError,
  isObject,
  type Item,
  type JsonSchema,
  type TextItem,
} from './form.ts'

/** What a property is read among. Problems are added to `errors`. */
export interface PropertyContext {
  /** The names of all properties. */
  readonly names: readonly string[]
  readonly isRequired: boolean
  readonly errors: FieldError[]
}

/** One property of a body as an item of the form; null when it is none. */
export function readProperty(
  name: string,
  property: unknown,
  context: PropertyContext,
): Item | null {
  const { errors } = context
  const at = `/body/properties/${escapePointer(name)}`
  if (!NAME.test(name) || name === '__proto__') {
    errors.push({ pointer: at, message: 'must have a name of 1 to 128 characters on one line' })
    return null
  }
  if (!isObject(property)) {
    errors.push({ pointer: at, message: 'must be an object' })
    return null
  }
  errors.push(...annotationErrors(property, at))
  const element = property['element'] ?? elementOf(property)
  if (element === 'markdown') return readText(name, property, at, errors)
  if (element === 'submit') return readButton(name, property, at, context)
  if (typeof element === 'string' && Object.hasOwn(ELEMENT_TYPES, element))
    return readField(name, property, element as FieldElement, at, context)
  errors.push({
    pointer: `${at}/element`,
    message: `is not known; known are ${ELEMENTS.join(', ')}`,
  })
  return null
}

/** No control characters: a name has to fit on a line. */
const NAME = /^[^\u0000-\u001f\u007f]{1,128}$/
const LABEL_MAX_CHARS = 1_024

/** Names in `required`, of the form or of a button. */
export function readRequired(
  value: unknown,
  names: readonly string[],
  pointer: string,
  errors: FieldError[],
): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    errors.push({ pointer, message: 'must be a list of names of properties' })
    return []
  }
  return value.flatMap((name: unknown, index) => {
    if (typeof name === 'string' && names.includes(name)) return [name]
    errors.push({ pointer: `${pointer}/${index}`, message: 'names no property of the form' })
    return []
  })
}

function annotationErrors(property: JsonSchema, at: string): FieldError[] {
  const { label, description, order } = property
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries({ label, description }))
    if (value !== undefined && value !== null && typeof value !== 'string')
      errors.push({ pointer: `${at}/${key}`, message: 'must be text' })
  if (typeof label === 'string' && label.length > LABEL_MAX_CHARS)
    errors.push({
      pointer: `${at}/label`,
      message: `has ${label.length} characters; ${LABEL_MAX_CHARS} are accepted. Say more in description`,
    })
  if (order !== undefined && order !== null && typeof order !== 'number')
    errors.push({ pointer: `${at}/order`, message: 'must be a number' })
  return errors
}

/** The text is where authors have put it: in the description, or in what other elements show. */
function readText(
  name: string,
  property: JsonSchema,
  at: string,
  errors: FieldError[],
): TextItem | null {
  const text = [property['description'], property['example'], property['label'], property['title']]
    .filter((value) => typeof value === 'string')
    .find((value) => value.trim() !== '')
  if (text !== undefined) return { element: 'markdown', name, text }
  errors.push({ pointer: `${at}/description`, message: 'is missing; it is the text that is shown' })
  return null
}

function readButton(
  name: string,
  property: JsonSchema,
  at: string,
  { names, errors }: PropertyContext,
): Button {
  const { type, required } = property
  if (type !== undefined && typeOf(property) !== 'boolean')
    errors.push({ pointer: `${at}/type`, message: 'must be "boolean" for the element submit' })
  return {
    element: 'submit',
    name,
    label: labelOf(name, property),
    required:
      required === undefined || required === null
        ? null
        : readRequired(required, names, `${at}/required`, errors),
  }
}

function readField(
  name: string,
  property: JsonSchema,
  element: FieldElement,
  at: string,
  { isRequired, errors }: PropertyContext,
): Field {
  const own = typeErrors(property, element, at)
  const choices = element === 'multiselect' ? property['items'] : property
  const options = isObject(choices) ? optionsOf(choices) : null
  if ((element === 'select' || element === 'multiselect') && options === null)
    own.push({
      pointer: element === 'select' ? `${at}/enum` : `${at}/items/enum`,
      message: 'is missing; it lists what there is to choose from',
    })
  errors.push(...own)
  const format = property['format'] ?? ELEMENT_FORMATS[element]
  const fallback = property['default']
  const hasDefault =
    fallback !== undefined && (fallback !== null || [property['type']].flat().includes('null'))
  const example = property['example'] ?? [property['examples']].flat()[0]
  return {
    element,
    name,
    label: labelOf(name, property),
    description: typeof property['description'] === 'string' ? property['description'] : null,
    is_required: isRequired,
    is_secret: isSecret(property, element),
    // What an author's code leaves null is left out: None and undefined come as the same JSON.
    ...(hasDefault && { default: fallback }),
    ...(example !== undefined && example !== null && { example }),
    format: typeof format === 'string' ? format : null,
    options,
    schema: schemaOf(property, element, format),
  }
}

function typeErrors(property: JsonSchema, element: FieldElement, at: string): FieldError[] {
  const errors: FieldError[] = []
  const accepted = ELEMENT_TYPES[element]
  const { type, format, required } = property
  const types = [type].flat().filter((one) => one !== undefined && one !== 'null')
  if (types.some((one) => typeof one !== 'string' || !accepted.includes(one)))
    errors.push({
      pointer: `${at}/type`,
      message: `must be ${accepted.map((one) => `"${one}"`).join(' or ')} for the element ${element}`,
    })
  const implied = ELEMENT_FORMATS[element]
  if (implied !== undefined && format !== undefined && format !== implied)
    errors.push({
      pointer: `${at}/format`,
      message: `must be "${implied}" for the element ${element}`,
    })
  if (typeof required === 'boolean')
    errors.push({
      pointer: `${at}/required`,
      message: 'is said for the whole form: list the names under required of the body',
    })
  return errors
}

const isSecret = (property: JsonSchema, element: FieldElement): boolean =>
  element === 'password' ||
  property['format'] === 'password' ||
  property['writeOnly'] === true ||
  property['x-secret'] === true

/** The property without what is only shown, and with the type and format that its element implies. */
function schemaOf(property: JsonSchema, element: FieldElement, format: unknown): JsonSchema {
  const kept = Object.entries(property).filter(([key]) => !SHOWN.has(key))
  const schema = Object.fromEntries(kept)
  const [implied] = ELEMENT_TYPES[element]
  return {
    ...schema,
    ...(schema['type'] === undefined &&
      element !== 'json' &&
      element !== 'select' && { type: implied }),
    ...(typeof format === 'string' && { format }),
    ...(element === 'multiselect' && { uniqueItems: true }),
  }
}

const SHOWN: ReadonlySet<string> = new Set([
  'default',
  'description',
  'element',
  'example',
  'examples',
  'label',
  'order',
  'title',
  'writeOnly',
  'x-secret',
])

function labelOf(name: string, property: JsonSchema): string {
  const label = property['label'] ?? property['title']
  return typeof label === 'string' && label.trim() !== '' ? label : name
}
