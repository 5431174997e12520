import { ALGORITHMS, ENCODINGS } from './mac.ts'
import { TIMESTAMP_FORMATS, TOLERANCE_SECONDS } from './signature-config.ts'
import { EXECUTION_LOCATIONS, METHODS } from './webhook.ts'

/** A JSON schema (2020-12). `x-secret` marks values that are never shown again. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What a secret is shown as. */
export const MASK = '***'

const nullable = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema['type'], 'null'] })
const closed = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

const NAME: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]+$',
}
const ID: JsonSchema = { type: 'string', format: 'uuid' }
const HEADER_NAME: JsonSchema = {
  type: 'string',
  pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$",
  description: 'The name of a header, in any case of letters.',
}

const SECRETS: JsonSchema = {
  type: 'array',
  minItems: 1,
  maxItems: 5,
  description: 'Any of them is accepted: add the new one, change the sender, drop the old one.',
  items: { type: 'string', minLength: 8, maxLength: 1_024, 'x-secret': true },
}
const TOLERANCE: JsonSchema = {
  type: 'integer',
  minimum: 1,
  maximum: 3_600,
  default: TOLERANCE_SECONDS,
  description: 'Seconds that the time of signing may differ from ours.',
}

const SIGNATURE: JsonSchema = {
  type: ['object', 'null'],
  required: ['preset'],
  discriminator: { propertyName: 'preset' },
  description: 'How calls are signed; null: they are not.',
  oneOf: [
    closed({ preset: { const: 'github' }, secrets: SECRETS }, ['preset', 'secrets']),
    closed(
      {
        preset: { enum: ['stripe', 'slack', 'standard_webhooks'] },
        secrets: SECRETS,
        tolerance_seconds: TOLERANCE,
      },
      ['preset', 'secrets'],
    ),
    closed(
      {
        preset: { const: 'generic' },
        secrets: SECRETS,
        header: HEADER_NAME,
        algorithm: { enum: ALGORITHMS, default: 'sha256' },
        encoding: { enum: ENCODINGS, default: 'hex' },
        prefix: { type: 'string', maxLength: 64, default: '' },
        timestamp_header: { ...nullable(HEADER_NAME), default: null },
        timestamp_format: { enum: TIMESTAMP_FORMATS, default: 'unix_seconds' },
        id_header: { ...nullable(HEADER_NAME), default: null },
        signed_content: {
          type: 'string',
          maxLength: 1_024,
          default: '{body}',
          description: 'What is signed: text with {body}, {timestamp} and {id}.',
        },
        tolerance_seconds: TOLERANCE,
      },
      ['preset', 'secrets', 'header'],
    ),
  ],
}

const RATE_LIMIT: JsonSchema = {
  ...closed(
    {
      calls: { type: 'integer', minimum: 1, maximum: 1_000_000 },
      per_seconds: { type: 'integer', minimum: 1, maximum: 86_400 },
      burst: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        description: 'So many at once after a rest; default as many as calls.',
      },
    },
    ['calls', 'per_seconds'],
  ),
  type: ['object', 'null'],
  description: 'How often it may start something; null: no limit of its own.',
}

const FIELDS: Readonly<Record<string, JsonSchema>> = {
  name: NAME,
  description: { type: ['string', 'null'], maxLength: 65_536, default: null },
  project_id: { ...nullable(ID), default: null },
  project_name: { ...nullable(NAME), default: null },
  flow_id: { ...nullable(ID), default: null },
  flow_name: { ...nullable(NAME), default: null },
  execution_location: {
    enum: EXECUTION_LOCATIONS,
    default: 'flow',
    description: 'Whose project executions live in.',
  },
  is_enabled: { type: 'boolean', default: false },
  is_productive: { type: 'boolean', default: true },
  key: {
    type: ['string', 'null'],
    minLength: 8,
    maxLength: 256,
    default: null,
    'x-secret': true,
    description: 'Has to come with each call, as key in the query or in a JSON body.',
  },
  key_header: {
    ...nullable(HEADER_NAME),
    default: null,
    description: 'A header that may hold the key instead, such as x-gitlab-token.',
  },
  signature: { ...SIGNATURE, default: null },
  allow_from: {
    type: 'array',
    maxItems: 100,
    items: { type: 'string', maxLength: 64 },
    default: [],
    description: 'Addresses and CIDRs that may call; empty: all.',
  },
  rate_limit: { ...RATE_LIMIT, default: null },
  replay_window_seconds: {
    type: 'integer',
    minimum: 60,
    maximum: 2_592_000,
    default: 86_400,
    description: 'How long a delivery is known again. Stripe tries for three days: 259200.',
  },
  methods: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { enum: METHODS },
    default: METHODS,
  },
  is_async: {
    type: 'boolean',
    default: false,
    description: 'Whether a call without async= in its query is answered at once, with 202.',
  },
  wait_seconds: {
    type: 'integer',
    minimum: 1,
    maximum: 300,
    default: 60,
    description: 'How long a call waits for the result before it is answered with 202.',
  },
}

/** Of the body that creates a webhook; what is left out has its default. The validator's. */
export const NEW_WEBHOOK_SCHEMA: JsonSchema = closed(FIELDS, ['name'])

/** Of the body that changes one; what is left out stays. Objects are replaced whole. */
export const WEBHOOK_PATCH_SCHEMA: JsonSchema = closed(
  Object.fromEntries(
    Object.entries(FIELDS).map(([name, { default: _, ...field }]) => [name, field]),
  ),
  [],
)

/** The same for whoever reads schemas as the standard has them, where a discriminator decides nothing. */
export const WEBHOOK_DOCUMENTS: { readonly create: JsonSchema; readonly update: JsonSchema } = {
  create: documented(NEW_WEBHOOK_SCHEMA),
  update: documented(WEBHOOK_PATCH_SCHEMA),
}

function documented(schema: JsonSchema): JsonSchema {
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>>
  const { signature = {} } = properties
  const oneOf = [...(signature['oneOf'] as readonly JsonSchema[]), { type: 'null' }]
  const { required: _, ...rest } = signature
  return { ...schema, properties: { ...properties, signature: { ...rest, oneOf } } }
}
