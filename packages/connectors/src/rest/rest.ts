import { now } from '@millrace/runtime'
import type { Attempt } from '../attempt.ts'
import type { ConnectorType, ModeInfo } from '../connector-type.ts'
import { ConnectionFailure } from '../failure.ts'
import type { RepeatClass } from '../repeat-class.ts'
import type { Target } from '../way-out/dial.ts'
import { createDispatcher } from '../way-out/dispatcher.ts'
import type { TlsInput } from '../way-out/tls-options.ts'
import { checkRest } from './check-rest.ts'
import { type DecodedBody, decodeBody } from './decode.ts'
import { encodeBody } from './encode-body.ts'
import { follow } from './follow.ts'
import { statusFailure } from './judge.ts'
import type { RestInput, RestModeName } from './rest-input.ts'
import { REST_SCHEMA } from './rest-schema.ts'
import { restUrl } from './rest-url.ts'
import type { StoredAnswer } from './store-answer.ts'

const CLASSES: Readonly<Record<RestModeName, RepeatClass>> = {
  get: 'safe',
  head: 'safe',
  options: 'safe',
  put: 'idem',
  delete: 'idem',
  post: 'never',
  patch: 'never',
}

/** HTTP and HTTPS requests. */
export const REST: ConnectorType<RestInput> = {
  type: 'REST',
  title: 'HTTP request',
  schema: REST_SCHEMA,
  modes: (Object.entries(CLASSES) as [RestModeName, RepeatClass][]).map(
    ([name, repeatClass]): ModeInfo => ({
      name,
      description: `HTTP ${name.toUpperCase()}`,
      repeatClass,
      available: true,
    }),
  ),
  probe: (value) => ({ ...value, mode: { mode_name: 'head' }, allow_redirects: false }),
  check: checkRest,
  modeName: (input) => input.mode.mode_name,
  repeatClass(input) {
    const own = CLASSES[input.mode.mode_name]
    return own === 'never' && input.idempotency_key_header !== undefined ? 'keyed' : own
  },
  run: runRest,
}

async function runRest(input: RestInput, attempt: Attempt): Promise<Record<string, unknown>> {
  const url = restUrl(input)
  if (!(url instanceof URL)) throw new ConnectionFailure('INPUT', url.message)
  const agent = createDispatcher(attempt, {
    connectTimeoutMs: input.connect_timeout * 1_000,
    tlsOf: (target) =>
      isHostOf(url, target) ? (input.tls ?? {}) : withoutIdentity(input.tls ?? {}),
  })
  const limits = { readTimeoutMs: input.read_timeout * 1_000, maxBytes: input.max_output_size }
  try {
    const done = await follow(
      agent,
      { url, body: await encodeBody(input.mode.body, attempt.files) },
      input,
      limits,
      attempt,
    )
    if (!input.expected_status_code.includes(done.response.status)) {
      // A body that cannot be read must not hide the status.
      const body = await decodeBody(done.response, input).catch(() => ({}))
      throw statusFailure(done.response, body, done.url, now())
    }
    const { stored } = done.response
    const body = stored === null ? await decodeBody(done.response, input) : { file: stored }
    return {
      result: resultOf(body),
      status_code: done.response.status,
      reason: done.response.reason,
      headers: done.response.headers,
      cookies: cookiesOf(done.response.headers),
      ...body,
      url: withoutKey(done.url, input),
      redirects: done.redirects.map((address) => withoutKey(new URL(address), input)),
      http_version: '1.1',
    }
  } finally {
    await agent.destroy().catch(() => undefined)
  }
}

function resultOf(body: DecodedBody | { readonly file: StoredAnswer }): unknown {
  if ('file' in body) return body.file
  if ('json' in body) return body.json
  if ('text' in body) return body.text
  return '$base64' in body ? body : null
}

/** What is shown to a host that the inputs do not name: no client certificate. */
const withoutIdentity = (tls: TlsInput): TlsInput =>
  Object.fromEntries(Object.entries(tls).filter(([key]) => !key.startsWith('client_')))

const isHostOf = (url: URL, { host, port }: Target): boolean =>
  url.hostname.replaceAll(/^\[|\]$/g, '') === host &&
  Number(url.port === '' ? 443 : url.port) === port

function cookiesOf(headers: readonly { name: string; value: string }[]): Record<string, string> {
  const cookies = headers
    .filter(({ name }) => name === 'set-cookie')
    .map(({ value }) => /^\s*([^=;\s]+)=([^;]*)/.exec(value))
    .filter((match) => match !== null)
    .map((match) => [match[1] ?? '', (match[2] ?? '').trim()])
  return Object.fromEntries(cookies) as Record<string, string>
}

/** The address without the API key that was put into it. */
function withoutKey(url: URL, { authentication: auth }: RestInput): string {
  if (auth.authentication_method !== 'api_key' || auth.in !== 'query') return url.href
  const shown = new URL(url)
  shown.searchParams.delete(auth.name)
  return shown.href
}
