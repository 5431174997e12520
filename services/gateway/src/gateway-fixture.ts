import { createLogger, newId } from '@millrace/runtime'
import { createDatabase, type Database, migrate } from '@millrace/store'
import { createTestDatabase, startNats, startPostgres, type TestNats } from '@millrace/testkit'
import { ADMISSION_DEFAULTS, type AdmissionLimits } from './admission.ts'
import { type FirstUser, foundWorkspace } from './operations/people.ts'
import { createGateway, type Gateway } from './service.ts'

/** A gateway with a database of its own, for tests; nothing runs what it accepts. */
export interface GatewayFixture extends AsyncDisposable {
  readonly gateway: Gateway
  readonly url: string
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly nats: TestNats
  readonly db: Database
  /** The administrator of the first workspace. */
  readonly admin: FirstUser
  request(method: string, path: string, body?: unknown, headers?: object): Promise<Reply>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
}

export async function startGateway(
  options: { readonly admission?: Partial<AdmissionLimits> } = {},
): Promise<GatewayFixture> {
  const [server, nats] = await Promise.all([startPostgres(), startNats()])
  const database = await createTestDatabase({ server: server.url, migrate })
  const db = createDatabase({ url: database.url, application: 'test', profile: 'api' })
  const input = { name: 'default', userName: 'admin', password: 'a password', isAdmin: true }
  const admin = await foundWorkspace(db, input)
  if (admin === null) throw new Error('no workspace')
  const local = { host: '127.0.0.1', port: 0 }
  const gateway = await createGateway(
    {
      postgresUrl: database.url,
      natsUrl: nats.url,
      http: local,
      grpc: local,
      hotConnections: 2,
      apiConnections: 4,
      // A machine that runs many tests stands still for longer than a gateway should.
      admission: { ...ADMISSION_DEFAULTS, busyMs: 60_000, ...options.admission },
    },
    { log: createLogger('gateway', { level: 'silent' }), processId: newId() },
  )
  const url = `http://127.0.0.1:${gateway.httpPort}`
  const authorization = `Bearer ${admin.apiKey}`
  // A machine that compiles all this at once may take its database for dead in the first moment.
  while ((await send(url, 'GET', 'flow', undefined, { authorization })).status === 503);
  return {
    gateway,
    url,
    databaseUrl: database.url,
    natsUrl: nats.url,
    nats,
    db,
    admin,
    request: (method, path, body, headers = {}) =>
      send(url, method, path, body, { authorization, ...headers }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await db.close()
      await database.drop()
      await nats.stop()
      await server.stop()
    },
  }
}

/** A body that is a string or bytes is sent as it is, anything else as JSON. */
export async function send(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: object,
): Promise<Reply> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(`${url}${path.startsWith('/') ? path : `/api/latest/${path}`}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : isRaw ? (body as string) : JSON.stringify(body),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
  const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.status, headers: response.headers, text, json }
}
