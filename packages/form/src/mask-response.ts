import { type Form, isField } from './form.ts'

/** A response as it may be logged and shown: secret fields are `***`, whatever they hold. */
export function maskResponse(
  form: Form,
  response: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const secret = new Set(secretFields(form))
  return Object.fromEntries(
    Object.entries(response).map(([name, value]) => [name, secret.has(name) ? MASK : value]),
  )
}

/** The texts in a response that a masker has to find elsewhere: in logs, messages and outputs. */
export function secretsOf(
  form: Form,
  response: Readonly<Record<string, unknown>>,
): readonly string[] {
  return secretFields(form).flatMap((name) =>
    Object.hasOwn(response, name) ? textsOf(response[name]) : [],
  )
}

const MASK = '***'

const secretFields = (form: Form): readonly string[] =>
  form.items.filter(isField).flatMap(({ name, is_secret }) => (is_secret ? [name] : []))

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}
