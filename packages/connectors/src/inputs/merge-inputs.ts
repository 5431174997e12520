/**
 * The inputs of a call over those kept in a connector. Objects merge key by key; everything else of
 * the call replaces. An object whose kind differs (`authentication_method`, `mode_name`, `body_type`)
 * is replaced whole: the keys of one kind mean nothing in another.
 */
export function mergeInputs(connectorValue: unknown, callInputs: unknown): unknown {
  if (callInputs === undefined || callInputs === null) return connectorValue ?? {}
  if (connectorValue === undefined || connectorValue === null) return callInputs
  return merge(connectorValue, callInputs)
}

function merge(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above
  if (KIND_KEYS.some((key) => key in above && key in below && above[key] !== below[key]))
    return above
  // fromEntries defines own properties, so that a key named __proto__ stays a key.
  return Object.fromEntries([
    ...Object.entries(below).filter(([key]) => !Object.hasOwn(above, key)),
    ...Object.entries(above).map(([key, value]): [string, unknown] => [
      key,
      Object.hasOwn(below, key) ? merge(below[key], value) : value,
    ]),
  ])
}

const KIND_KEYS = ['authentication_method', 'mode_name', 'body_type']

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
