/** A JSON schema (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>

/** How a value is asked for. */
export type FieldElement =
  | 'string'
  | 'text'
  | 'password'
  | 'number'
  | 'toggle'
  | 'time'
  | 'date'
  | 'datetime'
  | 'select'
  | 'multiselect'
  | 'json'

/**
 * What a message asks of people: one shape, whichever way its author wrote it. Plain JSON, so that it
 * can be stored with the message and drawn by anybody.
 */
export interface Form {
  readonly subject: string | null
  /** Markdown above the items. */
  readonly text: string | null
  /** In the order in which they are shown. At least one of them is a button. */
  readonly items: readonly Item[]
  /** Names of fields that have to be given, unless the pressed button says otherwise. */
  readonly required: readonly string[]
  /** What JSON Schema demands of the fields together (`dependentRequired`, `allOf`, `if`, …). */
  readonly rules: JsonSchema
}

export type Item = Field | TextItem | Button

export interface Field {
  readonly element: FieldElement
  /** The key of the value in the response. */
  readonly name: string
  readonly label: string
  readonly description: string | null
  readonly is_required: boolean
  /** Masked wherever responses are shown. */
  readonly is_secret: boolean
  /** What is given when nothing is said. Absent: nothing. */
  readonly default?: unknown
  /** Shown while nothing is there; never a value. */
  readonly example?: unknown
  readonly format: string | null
  /** What there is to choose from. */
  readonly options: readonly Option[] | null
  /** What the value has to match. */
  readonly schema: JsonSchema
}

export interface Option {
  readonly value: unknown
  readonly label: string
}

/** Markdown between the fields. */
export interface TextItem {
  readonly element: 'markdown'
  readonly name: string
  readonly text: string
}

export interface Button {
  readonly element: 'submit'
  /** Its key in the response, true when it was pressed; null for an OK that says nothing else. */
  readonly name: string | null
  readonly label: string
  /** What has to be given to press this one; null: what the form requires. */
  readonly required: readonly string[] | null
}

/** Which part of a value is wrong. The message goes on after the pointer's name. */
export interface FieldError {
  readonly pointer: string
  readonly message: string
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly FieldError[] }

export const isField = (item: Item): item is Field =>
  item.element !== 'markdown' && item.element !== 'submit'

export const isButton = (item: Item): item is Button => item.element === 'submit'

/** Whether answers may say which time zone their times are meant in, under `timezone`. */
export const asksForTime = (form: Form): boolean =>
  form.items.some(({ element }) => element === 'time' || element === 'datetime') &&
  !form.items.some(({ name }) => name === 'timezone')

export const escapePointer = (key: string): string =>
  key.replaceAll('~', '~0').replaceAll('/', '~1')

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
