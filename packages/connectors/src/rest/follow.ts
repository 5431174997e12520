import type { Agent } from 'undici'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { digestAuthorization, digestChallenge } from './digest.ts'
import type { EncodedBody } from './encode-body.ts'
import {
  type ExchangeLimits,
  type HttpRequest,
  type HttpResponse,
  type ResponseHead,
  exchange,
} from './exchange.ts'
import { headersOf } from './rest-headers.ts'
import type { RestInput } from './rest-input.ts'
import { storeAnswer } from './store-answer.ts'

export interface Followed {
  readonly response: HttpResponse
  readonly url: URL
  /** The addresses that redirected, in order. */
  readonly redirects: readonly string[]
}

/** The request and whatever it takes until an answer counts: one digest challenge, redirects. */
export async function follow(
  agent: Agent,
  first: { readonly url: URL; readonly body: EncodedBody | null },
  input: RestInput,
  limits: ExchangeLimits,
  attempt: Attempt,
): Promise<Followed> {
  let hop: Hop = {
    url: first.url,
    method: input.mode.mode_name.toUpperCase(),
    body: first.body,
    isForeign: false,
  }
  const cookies = new Map<string, string>()
  const redirects: string[] = []
  for (;;) {
    const response = await answered(agent, hop, { input, limits, attempt, cookies })
    const location = response.headers.find(({ name }) => name === 'location')?.value
    if (!input.allow_redirects || location === undefined || !REDIRECTS.has(response.status))
      return { response, url: hop.url, redirects }
    if (!input.follow_body && hop.body !== null && response.status >= 307)
      return { response, url: hop.url, redirects }
    if (redirects.length >= input.max_redirects)
      throw new ConnectionFailure(
        'REJECTED',
        `The server redirected more than ${input.max_redirects} times. Check the address, or raise max_redirects.`,
        { outcome: 'known', nativeCode: `http: ${response.status}` },
      )
    redirects.push(hop.url.href)
    const next = nextHop(hop, response.status, location, first.url)
    // Answered by "look there": what was asked has been done, whatever becomes of the looking.
    if (response.status < 307 && !isSafe(hop.method)) attempt.markEffect()
    if (next.url.origin !== hop.url.origin) cookies.clear()
    else for (const [name, value] of setCookies(response)) cookies.set(name, value)
    hop = next
  }
}

interface Hop {
  readonly url: URL
  readonly method: string
  readonly body: EncodedBody | null
  /** Of another origin than the first: nothing secret goes there. */
  readonly isForeign: boolean
}

interface HopContext {
  readonly input: RestInput
  readonly limits: ExchangeLimits
  readonly attempt: Attempt
  readonly cookies: ReadonlyMap<string, string>
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const isSafe = (method: string): boolean =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

async function answered(agent: Agent, hop: Hop, context: HopContext): Promise<HttpResponse> {
  const { input, limits, attempt, cookies } = context
  const send = (authorization: string | null): Promise<HttpResponse> =>
    exchange(
      agent,
      {
        method: hop.method,
        url: hop.url,
        headers: headersOf(input, {
          ...hop,
          authorization,
          cookies,
          idempotencyKey: attempt.idempotencyKey,
        }),
        body: hop.body,
        store: (head) => storeOf(head, context),
      },
      limits,
      attempt,
    )
  const response = await send(null)
  const auth = input.authentication
  if (response.status !== 401 || auth.authentication_method !== 'digest' || hop.isForeign)
    return response
  const challenge = digestChallenge(
    response.headers.filter(({ name }) => name === 'www-authenticate').map(({ value }) => value),
  )
  if (challenge === null) return response
  const uri = hop.url.pathname + hop.url.search
  return send(
    digestAuthorization(challenge, {
      method: hop.method,
      uri,
      username: auth.username,
      password: auth.password,
    }),
  )
}

/** Where the answer goes that counts, when the inputs want it as a file. */
function storeOf(
  head: ResponseHead,
  { input, attempt }: HopContext,
): ReturnType<HttpRequest['store']> {
  const name = input.destination?.destination_file_name
  if (name === undefined || !input.expected_status_code.includes(head.status)) return null
  if (input.allow_redirects && REDIRECTS.has(head.status)) return null
  return (body) => storeAnswer(head, body, { name, files: attempt.files })
}

function nextHop(hop: Hop, status: number, location: string, first: URL): Hop {
  const url = URL.parse(location, hop.url)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new ConnectionFailure(
      'PROTOCOL',
      'The server redirected to something that is not an http address.',
      {
        outcome: 'known',
        peerText: location,
      },
    )
  // User info in a redirect would become somebody else's credentials.
  url.username = ''
  url.password = ''
  url.hash = ''
  const keeps = status >= 307 || isSafe(hop.method)
  return {
    url,
    method: keeps ? hop.method : 'GET',
    body: keeps ? hop.body : null,
    isForeign: hop.isForeign || url.origin !== first.origin,
  }
}

function setCookies(response: HttpResponse): [string, string][] {
  return response.headers
    .filter(({ name }) => name === 'set-cookie')
    .map(({ value }) => /^\s*([^=;\s]+)=([^;]*)/.exec(value))
    .filter((match) => match !== null)
    .map((match) => [match[1] ?? '', (match[2] ?? '').trim()])
}
