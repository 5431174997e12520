/** A JSON Schema. `x-secret`, `x-multiline`, `x-file` and `x-order` tell a form how to show a value. */
export type Schema = Readonly<Record<string, unknown>>

/** An object that accepts these keys and no other. */
export const strictObject = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
  more: Schema = {},
): Schema => ({ type: 'object', properties, required, additionalProperties: false, ...more })

/** One of several objects, told apart by the constant under `key`. */
export const choice = (
  key: string,
  branches: Readonly<
    Record<
      string,
      {
        properties: Readonly<Record<string, Schema>>
        required?: readonly string[]
        description?: string
      }
    >
  >,
  more: Schema = {},
): Schema => ({
  type: 'object',
  required: [key],
  discriminator: { propertyName: key },
  oneOf: Object.entries(branches).map(([name, branch]) =>
    strictObject(
      { [key]: { const: name }, ...branch.properties },
      [key, ...(branch.required ?? [])],
      {
        ...(branch.description !== undefined && { description: branch.description }),
      },
    ),
  ),
  ...more,
})

export const text = (more: Schema = {}): Schema => ({ type: 'string', ...more })
export const secret = (more: Schema = {}): Schema => ({ type: 'string', 'x-secret': true, ...more })
export const flag = (byDefault?: boolean, more: Schema = {}): Schema => ({
  type: 'boolean',
  ...(byDefault !== undefined && { default: byDefault }),
  ...more,
})
export const seconds = (byDefault: number): Schema => ({
  type: 'number',
  exclusiveMinimum: 0,
  maximum: 86_400,
  default: byDefault,
})
export const list = (items: Schema, more: Schema = {}): Schema => ({
  type: 'array',
  items,
  ...more,
})

/** Any JSON value. */
export const anything: Schema = {}
