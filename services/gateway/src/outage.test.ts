import assert from 'node:assert/strict'
import { createServer, connect, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { createLogger, freePort, newId } from '@millrace/runtime'
import { createDatabase, migrate } from '@millrace/store'
import { createTestDatabase, startPostgres } from '@millrace/testkit'
import { send } from './gateway-fixture.ts'
import { foundWorkspace } from './operations/people.ts'
import { createGateway, type Gateway } from './service.ts'

/** A wire to Postgres that can go dead without a word, as a network or a stopped process does. */
interface Wire {
  readonly port: number
  dead: boolean
  cut(): void
  readonly server: Server
}

const stack = new AsyncDisposableStack()
let gateway: Gateway
let wire: Wire
let authorization: string

before(async () => {
  const server = stack.use(await startPostgres())
  const database = stack.use(await createTestDatabase({ server: server.url, migrate }))
  const db = createDatabase({ url: database.url, application: 'test', profile: 'api' })
  stack.defer(() => db.close())
  const input = { name: 'default', userName: 'admin', password: null, isAdmin: true }
  authorization = `Bearer ${(await foundWorkspace(db, input))?.apiKey ?? ''}`
  wire = await startWire(new URL(database.url))
  const postgresUrl = new URL(database.url)
  postgresUrl.host = `127.0.0.1:${wire.port}`
  const local = { host: '127.0.0.1', port: 0 }
  const config = {
    postgresUrl: postgresUrl.href,
    // Nobody listens: NATS is away from the start.
    natsUrl: `nats://127.0.0.1:${await freePort()}`,
    http: local,
    grpc: local,
    hotConnections: 1,
    apiConnections: 2,
  }
  const log = createLogger('gateway', { level: 'silent' })
  gateway = await createGateway(config, { log, processId: newId() })
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  wire.cut()
  wire.server.close()
  await stack.disposeAsync()
})

const ask = (method: string, path: string, body?: unknown) =>
  send(`http://127.0.0.1:${gateway.httpPort}`, method, path, body, { authorization })

test('without NATS executions are accepted', async () => {
  const script = 'export default () => 1'
  assert.equal((await ask('POST', 'execution', { script })).status, 201)
})

test('a Postgres that is silent, and one that is gone, are a 503 within 2 s, and then all is well', async () => {
  for (const how of ['silent', 'gone'] as const) {
    wire.dead = true
    if (how === 'gone') wire.cut()
    const begun = performance.now()
    const replies = await Promise.all([
      ask('GET', 'execution'),
      ask('POST', 'execution', { script: 'export default () => 1' }),
    ])
    assert.ok(performance.now() - begun < 6_000, how)
    for (const { status, headers } of replies) {
      assert.equal(status, 503, how)
      assert.ok(Number(headers.get('retry-after')) >= 1)
    }
    assert.equal((await ask('GET', '/alive')).status, 200)
    assert.equal((await ask('GET', '/ready')).status, 503)

    wire.dead = false
    wire.cut()
    const deadline = performance.now() + 15_000
    let status = 0
    while (status !== 200 && performance.now() < deadline)
      ({ status } = await ask('GET', 'execution'))
    assert.equal(status, 200, how)
  }
})

async function startWire(target: URL): Promise<Wire> {
  const sockets = new Set<Socket>()
  const state = { dead: false }
  const server = createServer((inner) => {
    const outer = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('data', (bytes) => {
        if (!state.dead) to.write(bytes)
      })
    }
  })
  const port = await freePort()
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    port,
    server,
    get dead() {
      return state.dead
    },
    set dead(dead) {
      state.dead = dead
    },
    cut: () => sockets.forEach((socket) => void socket.destroy()),
  }
}
