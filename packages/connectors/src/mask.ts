/** Replaces secrets in what leaves an attempt as text. A net, not a wall. */
export type Masker = (text: string) => string

/**
 * Finds each secret as it is, in base64 (at each of the three offsets), in hex, and as URLs and JSON
 * write it; of several lines also each line, up to `LINES_MAX` in all. Secrets below five characters
 * are left alone: they would blank ordinary words.
 */
export function createMasker(secrets: readonly string[]): Masker {
  const long = secrets.filter((secret) => secret.length >= SECRET_MIN_LENGTH)
  const lines = new Set(long.flatMap((secret) => secret.split(/\r?\n/, LINES_MAX)))
  const sought = [...long, ...[...lines].slice(0, LINES_MAX)]
  const forms = new Set(
    sought.filter(({ length }) => length >= SECRET_MIN_LENGTH).flatMap((line) => formsOf(line)),
  )
  // Longest first, so that a secret within another does not leave the other's rest.
  const sorted = [...forms].toSorted((a, b) => b.length - a.length)
  return (text) => sorted.reduce((masked, form) => masked.replaceAll(form, '***'), text)
}

const SECRET_MIN_LENGTH = 5
// A key of 16,384 bits has 200. Each is sought in ten forms in every text, which must not take long.
const LINES_MAX = 256

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    ...[0, 1, 2].flatMap((offset) => base64Core(bytes, offset)),
  ].filter((form) => form.length >= SECRET_MIN_LENGTH)
}

/** The characters of base64 that depend on the secret alone when `offset` bytes precede it. */
function base64Core(secret: Buffer, offset: number): string[] {
  const text = Buffer.concat([Buffer.alloc(offset), secret])
    .toString('base64')
    .replace(/[=]+$/, '')
  const head = Math.ceil((offset * 8) / 6)
  const tail = Math.floor(((offset + secret.length) * 8) / 6)
  const core = text.slice(head, tail)
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
}

/** Every string of `value` that the schema marks `x-secret`. */
export function collectSecrets(schema: unknown, value: unknown): string[] {
  if (!isObject(schema) || value === undefined || value === null) return []
  if (schema['x-secret'] === true) return typeof value === 'string' ? [value] : []
  const found: string[] = []
  if (isObject(schema['properties']) && isObject(value))
    for (const [key, inner] of Object.entries(schema['properties']))
      found.push(...collectSecrets(inner, value[key]))
  if (Array.isArray(value))
    for (const item of value) found.push(...collectSecrets(schema['items'], item))
  if (Array.isArray(schema['oneOf']))
    for (const branch of schema['oneOf']) found.push(...collectSecrets(branch, value))
  return found
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
