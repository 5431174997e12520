import type { EncodedBody } from './encode-body.ts'
import type { RestInput } from './rest-input.ts'

export interface HeaderContext {
  readonly body: EncodedBody | null
  readonly isForeign: boolean
  /** Answer to a challenge; takes the place of what the inputs say. */
  readonly authorization: string | null
  /** Set by earlier answers of this origin. */
  readonly cookies: ReadonlyMap<string, string>
  readonly idempotencyKey: string
}

/** The headers of one request as a flat list. What is secret goes to the first origin only. */
export function headersOf(input: RestInput, context: HeaderContext): string[] {
  const given = input.headers
    .filter(({ name }) => !(context.isForeign && SECRET_NAME.test(name)))
    .map(({ name, value }) => [name, String(value)] as const)
  const names = new Set(given.map(([name]) => name.toLowerCase()))
  const own: [string, string][] = []
  const add = (name: string, value: string | null | undefined): void => {
    if (value !== null && value !== undefined && !names.has(name.toLowerCase()))
      own.push([name, value])
  }
  add('accept', '*/*')
  add('accept-encoding', 'gzip, deflate, br')
  add('user-agent', 'millrace')
  add('content-type', context.body?.contentType)
  if (input.idempotency_key_header !== undefined)
    add(input.idempotency_key_header, context.idempotencyKey)
  if (!context.isForeign) {
    const secret = authorizationOf(input, context.authorization)
    if (secret !== null) add(secret[0], secret[1])
  }
  const cookies = new Map(context.isForeign ? [] : Object.entries(input.cookies))
  for (const [name, value] of context.cookies) cookies.set(name, value)
  add(
    'cookie',
    cookies.size === 0 ? null : [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  )
  return [...own, ...given].flat()
}

const SECRET_NAME =
  /^(authorization|cookie)$|auth|token|secret|api[-_]?key|session|password|signature/i

function authorizationOf(input: RestInput, answer: string | null): [string, string] | null {
  const auth = input.authentication
  switch (auth.authentication_method) {
    case 'basic':
      return [
        'authorization',
        `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`,
      ]
    case 'bearer':
      return ['authorization', `Bearer ${auth.token}`]
    case 'digest':
      return answer === null ? null : ['authorization', answer]
    case 'api_key':
      return auth.in === 'header' ? [auth.name, auth.value] : null
    default:
      return null
  }
}
