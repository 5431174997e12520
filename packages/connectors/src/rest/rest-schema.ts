import { COMMON_PROPERTIES, tlsSchema } from '../inputs/common-schema.ts'
import {
  type Schema,
  anything,
  choice,
  flag,
  list,
  seconds,
  secret,
  strictObject,
  text,
} from '../inputs/schema.ts'

const scalar: Schema = { type: ['string', 'number', 'boolean'] }
const nameValues = list(
  strictObject({ name: text({ minLength: 1 }), value: scalar }, ['name', 'value']),
)

const authentication = choice(
  'authentication_method',
  {
    none: { properties: {} },
    basic: {
      properties: { username: text(), password: secret() },
      required: ['username', 'password'],
    },
    digest: {
      properties: { username: text(), password: secret() },
      required: ['username', 'password'],
    },
    bearer: { properties: { token: secret() }, required: ['token'] },
    api_key: {
      properties: {
        in: { enum: ['header', 'query'], default: 'header' },
        name: text({ minLength: 1 }),
        value: secret(),
      },
      required: ['name', 'value'],
    },
    client_certificate: { properties: {}, description: 'Presents tls.client_certificate.' },
    oauth2: {
      properties: {
        grant: { enum: ['client_credentials', 'refresh_token', 'jwt_bearer'] },
        token_url: text(),
        client_id: text(),
        client_secret: secret(),
        refresh_token: secret(),
        scope: text(),
      },
      required: ['grant', 'token_url'],
      description: 'Not available yet.',
    },
    aws_sigv4: {
      properties: {
        access_key_id: text(),
        secret_access_key: secret(),
        session_token: secret(),
        region: text(),
        service: text(),
      },
      required: ['access_key_id', 'secret_access_key', 'region', 'service'],
      description: 'Not available yet.',
    },
  },
  { default: { authentication_method: 'none' } },
)

const multipartPart = strictObject(
  {
    name: text({ minLength: 1 }),
    value: { oneOf: [scalar, strictObject({ $base64: text() }, ['$base64'])] },
    source_file_name: text({ 'x-file': true }),
    filename: text(),
    content_type: text(),
  },
  ['name'],
)

const body = choice('body_type', {
  none: { properties: {} },
  json: { properties: { json: anything }, required: ['json'] },
  text: {
    properties: { text: text({ 'x-multiline': true }), content_type: text() },
    required: ['text'],
  },
  urlencoded: { properties: { fields: nameValues }, required: ['fields'] },
  multipart: { properties: { parts: list(multipartPart) }, required: ['parts'] },
  file: {
    properties: { source_file_name: text({ 'x-file': true }) },
    required: ['source_file_name'],
  },
})

const withBody = { properties: { body } }
const mode = choice(
  'mode_name',
  {
    get: { properties: {} },
    head: { properties: {} },
    options: { properties: {} },
    delete: withBody,
    post: withBody,
    put: withBody,
    patch: withBody,
  },
  { default: { mode_name: 'get' } },
)

export const REST_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'REST',
  ...strictObject({
    ...COMMON_PROPERTIES,
    authentication,
    url: text({
      description: 'The whole address; wins over scheme, host, port, base_path and path.',
    }),
    scheme: { enum: ['https', 'http'], default: 'https' },
    host: text(),
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    base_path: text(),
    path: text(),
    query: { ...nameValues, default: [] },
    headers: { ...nameValues, default: [] },
    cookies: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
    mode,
    expected_status_code: list(
      { type: 'integer', minimum: 100, maximum: 599 },
      { minItems: 1, default: [200, 201, 202, 204], description: 'Any other status is an error.' },
    ),
    allow_redirects: flag(true),
    max_redirects: { type: 'integer', minimum: 0, maximum: 50, default: 10 },
    follow_body: flag(true, { description: 'Keep method and body on 307 and 308.' }),
    read_timeout: { ...seconds(30), description: 'Seconds of silence at most.' },
    parse: { enum: ['auto', 'json', 'text', 'base64'], default: 'auto' },
    json_big_numbers: {
      enum: ['number', 'string'],
      default: 'number',
      description: 'string keeps integers beyond ±2^53 exact.',
    },
    idempotency_key_header: text({
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      description:
        'A header that is filled with a key of this connection; makes the call repeatable.',
    }),
    destination: strictObject({ destination_file_name: text({ 'x-file': true }) }, [
      'destination_file_name',
    ]),
    tls: tlsSchema(null, null),
  }),
}
