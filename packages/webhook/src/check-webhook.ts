import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { parseAddressRange } from './allowed-addresses.ts'
import type { FieldError } from './http-answer.ts'
import {
  type GenericSignature,
  PRESETS,
  type SignatureConfig,
  standardWebhooksKey,
} from './signature-config.ts'
import type { WebhookFields } from './webhook.ts'
import {
  type JsonSchema,
  MASK,
  NEW_WEBHOOK_SCHEMA,
  WEBHOOK_PATCH_SCHEMA,
} from './webhook-schema.ts'

export type Checked<T> =
  | { readonly ok: true; readonly fields: T }
  | { readonly ok: false; readonly errors: readonly FieldError[] }

/** The body that creates a webhook, with defaults and names of headers in lower case. */
export function checkNewWebhook(body: unknown): Checked<WebhookFields> {
  const checked = check<WebhookFields>(NEW_WEBHOOK_SCHEMA, body)
  if (!checked.ok) return checked
  const { flow_id, flow_name } = checked.fields
  if (flow_id === null && flow_name === null)
    return failed('/flow_id', 'is missing; say which flow to start, by flow_id or flow_name')
  return checked
}

/** The body that changes one: the fields that it names. A patch with both ways to name a flow is refused. */
export function checkWebhookPatch(body: unknown): Checked<Partial<WebhookFields>> {
  const checked = check<Partial<WebhookFields>>(WEBHOOK_PATCH_SCHEMA, body)
  if (!checked.ok) return checked
  const { flow_id, flow_name } = checked.fields
  if (flow_id === null && (flow_name === undefined || flow_name === null))
    return failed('/flow_id', 'cannot be null: a webhook starts a flow; name another one')
  if (flow_name === null && (flow_id === undefined || flow_id === null))
    return failed('/flow_name', 'cannot be null: a webhook starts a flow; name another one')
  return checked
}

/** The record as it is shown: that there are secrets, and how many, but not which. */
export function presentWebhook<T extends Pick<WebhookFields, 'key' | 'signature'>>(
  fields: T,
): Omit<T, 'key' | 'signature'> & {
  readonly key: string | null
  readonly is_key_required: boolean
  readonly signature: SignatureConfig | null
} {
  const { key, signature } = fields
  return {
    ...fields,
    key: key === null ? null : MASK,
    is_key_required: key !== null,
    signature:
      signature === null ? null : { ...signature, secrets: signature.secrets.map(() => MASK) },
  }
}

/** The secrets of a record, for whoever masks logs and stored deliveries. */
export function secretsOf(fields: Pick<WebhookFields, 'key' | 'signature'>): readonly string[] {
  return [...(fields.key === null ? [] : [fields.key]), ...(fields.signature?.secrets ?? [])]
}

function check<T extends Partial<WebhookFields>>(schema: JsonSchema, body: unknown): Checked<T> {
  // Defaults are filled in place, and the body is the caller's.
  const copy = structuredClone(body)
  const masked = maskErrors(copy)
  if (masked.length > 0) return { ok: false, errors: masked }
  if (isObject(copy) && typeof copy['name'] === 'string') copy['name'] = copy['name'].trim()
  const validate = schema === NEW_WEBHOOK_SCHEMA ? validateNew : validatePatch
  if (!validate(copy)) return { ok: false, errors: fieldErrors(validate.errors ?? []) }
  const fields = lowerHeaderNames(copy as T)
  const errors = [...flowErrors(fields), ...secretErrors(fields), ...rangeErrors(fields)]
  return errors.length > 0 ? { ok: false, errors } : { ok: true, fields }
}

const ajv = new Ajv2020({
  allErrors: true,
  discriminator: true,
  useDefaults: true,
  verbose: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
})
  .addVocabulary(['x-secret'])
  .addFormat('uuid', /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i)
const validateNew: ValidateFunction = ajv.compile(NEW_WEBHOOK_SCHEMA)
const validatePatch: ValidateFunction = ajv.compile(WEBHOOK_PATCH_SCHEMA)

function lowerHeaderNames<T extends Partial<WebhookFields>>(fields: T): T {
  const { key_header, signature } = fields
  return {
    ...fields,
    ...(typeof key_header === 'string' && { key_header: key_header.toLowerCase() }),
    ...(signature?.preset === 'generic' && {
      signature: {
        ...signature,
        header: signature.header.toLowerCase(),
        timestamp_header: signature.timestamp_header?.toLowerCase() ?? null,
        id_header: signature.id_header?.toLowerCase() ?? null,
      } satisfies GenericSignature,
    }),
  }
}

function flowErrors({
  flow_id,
  flow_name,
  project_id,
  project_name,
}: Partial<WebhookFields>): FieldError[] {
  const both = (pointer: string, other: string): FieldError => ({
    pointer,
    message: `and ${other} are both given; give one of them`,
  })
  return [
    ...(flow_id && flow_name ? [both('/flow_name', 'flow_id')] : []),
    ...(project_id && project_name ? [both('/project_name', 'project_id')] : []),
  ]
}

function maskErrors(body: unknown): FieldError[] {
  if (!isObject(body)) return []
  const message =
    'is what a secret is shown as; send the secret itself, or leave the field out to keep it'
  const { key, signature } = body
  const secrets = isObject(signature) ? signature['secrets'] : null
  return [
    ...(key === MASK ? [{ pointer: '/key', message }] : []),
    ...(Array.isArray(secrets) ? secrets : []).flatMap((secret, index) =>
      secret === MASK ? [{ pointer: `/signature/secrets/${index}`, message }] : [],
    ),
  ]
}

function secretErrors({ signature }: Partial<WebhookFields>): FieldError[] {
  if (signature?.preset === 'generic') return contentErrors(signature)
  if (signature?.preset !== 'standard_webhooks') return []
  return signature.secrets.flatMap((secret, index) =>
    (standardWebhooksKey(secret)?.length ?? 0) < STANDARD_KEY_MIN_BYTES
      ? [
          {
            pointer: `/signature/secrets/${index}`,
            message: `must be whsec_ and at least ${STANDARD_KEY_MIN_BYTES} bytes in base64, as the sender shows it`,
          },
        ]
      : [],
  )
}

/** The standard asks for 24 to 64; some senders make do with 16. */
const STANDARD_KEY_MIN_BYTES = 16

/** What is sent beside the body protects nothing unless it is signed with it. */
function contentErrors(signature: GenericSignature): FieldError[] {
  const pointer = '/signature/signed_content'
  const content = signature.signed_content ?? '{body}'
  const count = (placeholder: string): number => content.split(placeholder).length - 1
  const errors: FieldError[] = []
  if (count('{body}') !== 1)
    errors.push({ pointer, message: 'must hold {body} once: an unsigned body could be anybody’s' })
  for (const [placeholder, field] of [
    ['{timestamp}', 'timestamp_header'],
    ['{id}', 'id_header'],
  ] as const) {
    const isSigned = count(placeholder) > 0
    const isSent = signature[field] !== null && signature[field] !== undefined
    if (isSigned && !isSent)
      errors.push({
        pointer: `/signature/${field}`,
        message: `is missing; signed_content uses ${placeholder}, so say which header holds it`,
      })
    if (field === 'timestamp_header' && isSent && !isSigned)
      errors.push({
        pointer,
        message: `must hold ${placeholder}: a time that is not signed can be changed by anybody`,
      })
  }
  return errors
}

function rangeErrors({ allow_from }: Partial<WebhookFields>): FieldError[] {
  return (allow_from ?? []).flatMap((text, index) => {
    const range = parseAddressRange(text)
    return typeof range === 'string' ? [{ pointer: `/allow_from/${index}`, message: range }] : []
  })
}

function fieldErrors(errors: readonly ErrorObject[]): FieldError[] {
  const found = new Map<string, FieldError>()
  for (const error of errors) {
    const field = fieldError(error)
    if (!found.has(field.pointer)) found.set(field.pointer, field)
  }
  return [...found.values()].slice(0, 20)
}

function fieldError(error: ErrorObject): FieldError {
  const at = error.instancePath
  const params = error.params as Readonly<Record<string, unknown>>
  switch (error.keyword) {
    case 'required':
      return { pointer: `${at}/${String(params['missingProperty'])}`, message: 'is missing' }
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
      return {
        pointer: `${at}/${escapePointer(String(params['additionalProperty']))}`,
        message: `is not known; known are ${known.join(', ')}`,
      }
    }
    case 'discriminator':
      return {
        pointer: `${at}/preset`,
        message: `must be one of ${JSON.stringify(PRESETS).slice(1, -1)}; it decides which other fields there are`,
      }
    case 'enum':
      return {
        pointer: at,
        message: `must be one of ${JSON.stringify(params['allowedValues']).slice(1, -1)}`,
      }
    default:
      return { pointer: at, message: error.message ?? 'is not accepted' }
  }
}

const failed = (pointer: string, message: string): { ok: false; errors: FieldError[] } => ({
  ok: false,
  errors: [{ pointer, message }],
})

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
