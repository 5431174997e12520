import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, suite, test } from 'node:test'
import { createAttempt } from '../attempt.ts'
import { failureOf } from '../failure-of.ts'
import { createMasker } from '../mask.ts'
import { attempt, verdict } from '../testing/attempts.ts'
import { type TestHttpServer, serveHttp } from '../testing/http-server.ts'
import { type Listener, listen } from '../testing/listener.ts'
import { dialTls } from './dial-tls.ts'
import { type Policy, type PolicyOptions, createPolicy } from './policy.ts'
import { withWall } from './wall.ts'

const REFUSED = { code: 'REFUSED_BY_POLICY', outcome: 'none', repeatable: false }

/** Answers each question with the next list: a name that changes between two looks. */
function rebinding(...answers: string[][]): NonNullable<PolicyOptions['resolve']> {
  let asked = 0
  return () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)] ?? [])
}

const CASES: readonly { name: string; host: string; resolve?: PolicyOptions['resolve'] }[] = [
  { name: 'a private literal', host: '127.0.0.1' },
  { name: 'an IPv6 loopback literal', host: '::1' },
  { name: 'an IPv4-mapped literal', host: '::ffff:127.0.0.1' },
  { name: '0.0.0.0', host: '0.0.0.0' },
  { name: 'the metadata address', host: '169.254.169.254' },
  { name: 'localhost', host: 'localhost' },
  { name: 'a name of localhost', host: 'x.localhost' },
  {
    name: 'a name with a private address',
    host: 'inside.example',
    resolve: () => Promise.resolve(['127.0.0.1']),
  },
  {
    name: 'a name with a mapped address',
    host: 'inside.example',
    resolve: () => Promise.resolve(['::ffff:7f00:1']),
  },
  {
    name: 'a name that rebinds to private addresses',
    host: 'rebind.example',
    resolve: rebinding(['127.0.0.1', '::1'], ['0.0.0.0'], ['127.0.0.1']),
  },
]

suite('nothing reaches what the policy refuses', () => {
  let listener: Listener
  before(async () => {
    listener = await listen()
  })
  after(() => listener[Symbol.asyncDispose]())
  const url = (host: string): string => (host.includes(':') ? `[${host}]` : host)

  const ways: Record<string, (host: string, policy: Policy) => Promise<Record<string, unknown>>> = {
    REST: async (host, policy) =>
      verdict(await attempt('REST', { url: `http://${url(host)}:${listener.port}/` }, { policy })),
    'REST over TLS': async (host, policy) =>
      verdict(await attempt('REST', { url: `https://${url(host)}:${listener.port}/` }, { policy })),
    SQLPG: async (host, policy) =>
      verdict(
        await attempt(
          'SQLPG',
          {
            host,
            port: listener.port,
            authentication: {
              authentication_method: 'username_password',
              username: 'u',
              password: 'p',
            },
            fetchval: 'SELECT 1',
          },
          { policy },
        ),
      ),
    dialTls: (host, policy) =>
      bare(policy, (one) => dialTls({ host, port: listener.port }, {}, one)),
    'a library that dials by itself': (host, policy) =>
      bare(policy, (one) =>
        withWall(
          one,
          () =>
            new Promise((resolve, reject) => {
              net
                .connect({ host, port: listener.port })
                .once('connect', resolve)
                .once('error', reject)
            }),
        ),
      ),
  }
  for (const [way, go] of Object.entries(ways))
    for (const { name, host, resolve } of CASES)
      test(`${way}: ${name}`, async () => {
        const policy = createPolicy(resolve === undefined ? {} : { resolve })
        const { phase: _phase, ...rest } = await go(host, policy)
        assert.deepEqual(rest, REFUSED)
        assert.deepEqual([listener.connections, listener.bytes], [0, 0])
      })

  test('a unix socket is refused', async () => {
    for (const dial of [
      () => net.connect('/tmp/none.sock'),
      () => net.connect({ path: '/tmp/none.sock' }),
    ]) {
      const result = await bare(createPolicy({ allowedRanges: ['127.0.0.0/8'] }), (one) =>
        withWall(
          one,
          () =>
            new Promise(
              (resolve, reject) => void dial().once('connect', resolve).once('error', reject),
            ),
        ),
      )
      assert.equal(result['code'], 'REFUSED_BY_POLICY')
    }
  })

  test('outside an attempt sockets connect as ever', async () => {
    const target = await listen()
    await new Promise((resolve, reject) => {
      const socket = net.connect(target.port, '127.0.0.1', () => resolve(socket.destroy()))
      socket.once('error', reject)
    })
    await target[Symbol.asyncDispose]()
  })
})

suite('redirects', () => {
  let inside: Listener
  let front: TestHttpServer
  before(async () => {
    inside = await listen()
    front = await serveHttp((request, response) => {
      const target = request.url === '/name' ? 'inside.example' : (request.url ?? '').slice(1)
      response.writeHead(302, { location: `http://${target}:${inside.port}/secret` }).end()
    })
  })
  after(async () => {
    await front[Symbol.asyncDispose]()
    await inside[Symbol.asyncDispose]()
  })

  for (const target of ['127.0.0.2', 'name', '[::ffff:127.0.0.2]', '169.254.169.254', '2130706434'])
    test(`from an allowed server to ${target} is refused`, async () => {
      const policy = createPolicy({
        allowedRanges: ['127.0.0.1'],
        resolve: () => Promise.resolve(['127.0.0.2']),
      })
      const result = await attempt('REST', { url: `${front.url}/${target}` }, { policy })
      const { phase: _phase, ...rest } = verdict(result)
      assert.deepEqual(rest, REFUSED)
      assert.equal(inside.connections, 0)
    })
})

test('of several addresses the refused ones are dropped and noted', async () => {
  const target = await serveHttp((_request, response) => response.end('ok'))
  const policy = createPolicy({
    allowedRanges: ['127.0.0.1'],
    resolve: () => Promise.resolve(['10.0.0.1', '127.0.0.1']),
  })
  const result = await attempt('REST', { url: `http://mixed.example:${target.port}/` }, { policy })
  assert.equal(result.ok, true)
  assert.deepEqual(
    result.details.dialled?.map(({ address }) => address),
    ['127.0.0.1'],
  )
  assert.match(result.details.refused?.[0] ?? '', /10\.0\.0\.1/)
  await target[Symbol.asyncDispose]()
})

test('localhost is reached when 127.0.0.0/8 is allowed', async () => {
  const target = await serveHttp((_request, response) => response.end('ok'))
  const policy = createPolicy({ allowedRanges: ['127.0.0.0/8'] })
  const result = await attempt('REST', { url: `http://localhost:${target.port}/` }, { policy })
  assert.equal(result.ok, true)
  await target[Symbol.asyncDispose]()
})

async function bare(
  policy: Policy,
  run: (one: ReturnType<typeof createAttempt>) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const one = createAttempt({
    policy,
    signal: new AbortController().signal,
    totalTimeoutMs: 5_000,
    idempotencyKey: 'k',
    mask: createMasker([]),
  })
  try {
    await run(one)
    return { ok: true }
  } catch (error) {
    const { error: shown, repeatable } = failureOf(error, one, 'never')
    return { code: shown.code, phase: shown.phase, outcome: shown.outcome, repeatable }
  } finally {
    one.dispose()
  }
}
