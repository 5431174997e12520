import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { AttemptResult } from '../run-attempt.ts'
import { attempt } from '../testing/attempts.ts'
import { makeCertificates } from '../testing/certificates.ts'
import { type TestHttpServer, bodyOf, serveHttp } from '../testing/http-server.ts'

let server: TestHttpServer
let other: TestHttpServer

before(async () => {
  server = await serveHttp((request, response) => void route(request, response))
  other = await serveHttp((request, response) => void echo(request, response))
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request)
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
  )
}

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://x')
  const answer = ANSWERS[url.pathname]
  if (answer !== undefined) return answer(response)
  if (url.pathname.startsWith('/status/')) {
    response.writeHead(Number(url.pathname.slice(8)), {
      'retry-after': '7',
      'content-type': 'text/plain',
    })
    return void response.end('no: s3cret-token')
  }
  if (url.pathname.startsWith('/to/')) {
    response.writeHead(Number(url.pathname.slice(4)), {
      location: url.searchParams.get('at') ?? '/echo',
      'set-cookie': 'hop=1; Path=/',
    })
    return void response.end()
  }
  if (url.pathname === '/digest') return digest(request, response)
  return echo(request, response)
}

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  '/loop': (response) => void response.writeHead(302, { location: '/loop' }).end(),
  '/text': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' })
      .end(Buffer.from('grüße', 'latin1')),
  '/bom': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/plain' })
      .end(Buffer.from('\uFEFFhé', 'utf16le')),
  '/bytes': (response) =>
    void response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([0, 1, 255])),
  '/untyped': (response) => void response.end('plain'),
  '/big': (response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"id": 9007199254740993, "n": 5, "d": 1.5}'),
  '/broken': (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
  '/empty': (response) => void response.writeHead(204).end(),
  '/cookies': (response) =>
    void response.writeHead(200, { 'set-cookie': ['a=1; HttpOnly', 'b=2'] }).end(),
  '/gzip': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
      .end(gzipSync('packed')),
  '/br': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'br' })
      .end(brotliCompressSync('packed')),
  '/deflate': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'deflate' })
      .end(deflateSync('packed')),
  '/bomb': (response) =>
    void response
      .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
      .end(gzipSync(Buffer.alloc(5_000_000))),
  '/long': (response) =>
    void response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(200_000)),
}

function digest(request: IncomingMessage, response: ServerResponse): void {
  const given = request.headers.authorization
  if (given === undefined) {
    response.writeHead(401, {
      'www-authenticate': [
        'Digest realm="r", nonce="n1", qop="auth", algorithm=MD5',
        'Digest realm="r, x", nonce="n2", qop="auth,auth-int", algorithm=SHA-256, opaque="o"',
      ],
    })
    return void response.end()
  }
  const field = (name: string): string => new RegExp(`${name}="?([^",]+)`).exec(given)?.[1] ?? ''
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  const expected = hash(
    `${hash('ann:r, x:pw-of-ann')}:n2:00000001:${field('cnonce')}:auth:${hash(`GET:${request.url}`)}`,
  )
  response.writeHead(field('response') === expected ? 200 : 401).end(given)
}

const get = (path: string, more: object = {}): Promise<AttemptResult> =>
  attempt('REST', { url: server.url + path, ...more })
const send = (mode_name: string, body: unknown, more: object = {}): Promise<AttemptResult> =>
  attempt('REST', { url: `${server.url}/echo`, mode: { mode_name, body }, ...more })
interface Echo {
  method: string
  url: string
  body: string
  headers: Record<string, string>
}
const echoed = (result: AttemptResult): Echo => outputOf(result)['json'] as Echo
function outputOf(result: AttemptResult): Record<string, unknown> {
  if (!result.ok) assert.fail(JSON.stringify(result.error))
  return result.output
}
function errorOf(result: AttemptResult): Record<string, unknown> {
  if (result.ok) assert.fail('it should have failed')
  return result.error
}

suite('requests', () => {
  test('an answer carries status, headers, cookies, body and where it came from', async () => {
    const output = outputOf(await get('/cookies'))
    assert.equal(output['status_code'], 200)
    assert.equal(output['reason'], 'OK')
    assert.deepEqual(output['cookies'], { a: '1', b: '2' })
    assert.equal(output['url'], `${server.url}/cookies`)
    assert.equal(output['result'], null)
  })

  for (const mode_name of ['get', 'head', 'options', 'delete', 'post', 'put', 'patch'])
    test(`mode ${mode_name} sends that method`, async () => {
      const output = outputOf(
        await attempt('REST', { url: `${server.url}/echo`, mode: { mode_name } }),
      )
      if (mode_name === 'head') assert.equal(output['result'], null)
      else assert.equal((output['json'] as Echo).method, mode_name.toUpperCase())
    })

  test('parts of an address are joined by one slash, and query values are appended', async () => {
    const output = outputOf(
      await attempt('REST', {
        scheme: 'http',
        host: '127.0.0.1',
        port: server.port,
        base_path: '/api/',
        path: '/v1/x?a=1',
        query: [
          { name: 'b', value: 'ä b' },
          { name: 'b', value: 2 },
        ],
      }),
    )
    assert.equal((output['json'] as Echo).url, '/api/v1/x?a=1&b=%C3%A4+b&b=2')
  })

  test('headers may repeat, cookies are joined, and the agent names itself', async () => {
    const { headers } = echoed(
      await get('/echo', {
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'X-A', value: true },
        ],
        cookies: { a: 'b', c: 'd' },
      }),
    )
    assert.equal(headers['x-a'], '1, true')
    assert.equal(headers['cookie'], 'a=b; c=d')
    assert.equal(headers['user-agent'], 'millrace')
  })

  test('every kind of body arrives', async () => {
    const json = echoed(await send('post', { body_type: 'json', json: { a: [1, 'ü'] } }))
    assert.deepEqual(
      [json.headers['content-type'], Buffer.from(json.body, 'latin1').toString()],
      ['application/json', '{"a":[1,"ü"]}'],
    )
    const text = echoed(
      await send('put', { body_type: 'text', text: 'hi', content_type: 'text/x' }),
    )
    assert.deepEqual([text.headers['content-type'], text.body], ['text/x', 'hi'])
    const form = echoed(
      await send('patch', {
        body_type: 'urlencoded',
        fields: [
          { name: 'a', value: '1&2' },
          { name: 'a', value: 3 },
        ],
      }),
    )
    assert.deepEqual(
      [form.headers['content-type'], form.body],
      ['application/x-www-form-urlencoded', 'a=1%262&a=3'],
    )
    const none = echoed(await send('post', { body_type: 'none' }))
    assert.deepEqual([none.headers['content-length'], none.body], ['0', ''])
  })

  test('multipart is framed so that names cannot break out', async () => {
    const parts = [
      { name: 'a"\r\nX: y', value: 1 },
      { name: 'f', value: { $base64: 'AAH/' }, filename: 'x.bin', content_type: 'image/png' },
    ]
    const { body, headers } = echoed(await send('post', { body_type: 'multipart', parts }))
    const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? ''
    const sections = body.split(`--${boundary}`)
    assert.equal(sections.length, 4)
    assert.equal(
      sections[1],
      '\r\nContent-Disposition: form-data; name="a%22%0D%0AX: y"\r\n\r\n1\r\n',
    )
    assert.equal(
      sections[2],
      '\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\nContent-Type: image/png\r\n\r\n\u0000\u0001ÿ\r\n',
    )
  })

  test('the idempotency key is the same for every attempt', async () => {
    const { headers } = echoed(
      await send('post', { body_type: 'none' }, { idempotency_key_header: 'Idempotency-Key' }),
    )
    assert.equal(headers['idempotency-key'], 'key-of-this-test')
  })
})

suite('authentication', () => {
  const sent = async (authentication: object): Promise<Echo> =>
    echoed(await get('/echo', { authentication }))
  test('basic, bearer and API keys', async () => {
    assert.equal(
      (await sent({ authentication_method: 'basic', username: 'ä', password: 'b:c' })).headers[
        'authorization'
      ],
      `Basic ${Buffer.from('ä:b:c').toString('base64')}`,
    )
    assert.equal(
      (await sent({ authentication_method: 'bearer', token: 'tok' })).headers['authorization'],
      'Bearer tok',
    )
    assert.equal(
      (await sent({ authentication_method: 'api_key', name: 'X-Key', value: 'v' })).headers[
        'x-key'
      ],
      'v',
    )
    assert.equal(
      (await sent({ authentication_method: 'api_key', in: 'query', name: 'k', value: 'v w' })).url,
      '/echo?k=v+w',
    )
  })
  test('an API key in the address does not come back in the output', async () => {
    const output = outputOf(
      await get('/cookies', {
        authentication: {
          authentication_method: 'api_key',
          in: 'query',
          name: 'k',
          value: 'secret-key',
        },
      }),
    )
    assert.doesNotMatch(JSON.stringify(output), /secret-key/)
  })
  test('digest answers the stronger challenge', async () => {
    const ann = { authentication_method: 'digest', username: 'ann', password: 'pw-of-ann' }
    assert.equal(outputOf(await get('/digest?q=1', { authentication: ann }))['status_code'], 200)
    const refused = errorOf(
      await get('/digest', { authentication: { ...ann, password: 'wrong-one' } }),
    )
    assert.deepEqual(
      [refused['code'], refused['native_code']],
      ['AUTHENTICATION_FAILED', 'http: 401'],
    )
  })
  test('what is not available yet says so', async () => {
    const error = errorOf(
      await get('/', {
        authentication: {
          authentication_method: 'oauth2',
          grant: 'client_credentials',
          token_url: 'https://a',
        },
      }),
    )
    assert.deepEqual([error['code'], error['name']], ['INPUT', 'InvalidInputError'])
    assert.match(String(error['message']), /not available yet/)
  })
})

suite('answers', () => {
  const cases: [string, object, object][] = [
    ['/text', {}, { text: 'grüße', result: 'grüße' }],
    ['/bom', {}, { text: 'hé' }],
    ['/bytes', {}, { $base64: 'AAH/', result: { $base64: 'AAH/' } }],
    ['/untyped', {}, { text: 'plain' }],
    ['/untyped', { parse: 'base64' }, { $base64: Buffer.from('plain').toString('base64') }],
    ['/big', {}, { json: { id: 9007199254740992, n: 5, d: 1.5 } }],
    ['/big', { json_big_numbers: 'string' }, { json: { id: '9007199254740993', n: 5, d: 1.5 } }],
    ['/gzip', {}, { text: 'packed' }],
    ['/br', {}, { text: 'packed' }],
    ['/deflate', {}, { text: 'packed' }],
    ['/broken', { parse: 'text' }, { text: '{' }],
    ['/empty', {}, { result: null, status_code: 204 }],
  ]
  for (const [path, more, expected] of cases)
    test(`${path} ${JSON.stringify(more)} is read`, async () => {
      const output = outputOf(await get(path, more))
      assert.deepEqual(
        Object.fromEntries(Object.keys(expected).map((key) => [key, output[key]])),
        expected,
      )
    })

  const failures: [string, object, string, string, boolean][] = [
    ['/status/404', {}, 'REJECTED', 'known', false],
    ['/status/500', {}, 'REJECTED', 'known', false],
    ['/status/401', {}, 'AUTHENTICATION_FAILED', 'none', false],
    ['/status/403', {}, 'PERMISSION_DENIED', 'none', false],
    ['/status/429', {}, 'LIMITED', 'known', true],
    ['/status/503', {}, 'LIMITED', 'known', true],
    ['/broken', {}, 'PROTOCOL', 'known', false],
    ['/bomb', {}, 'PROTOCOL', 'known', false],
    ['/long', { max_output_size: 100_000 }, 'TOO_LARGE', 'known', false],
    ['/text', { expected_status_code: [404] }, 'REJECTED', 'known', false],
  ]
  for (const [path, more, code, outcome, repeatable] of failures)
    test(`${path} ${JSON.stringify(more)} fails as ${code}`, async () => {
      const result = await get(path, more)
      const error = errorOf(result)
      assert.deepEqual(
        [error['code'], error['outcome'], error['phase']],
        [code, outcome, 'receive'],
      )
      assert.equal(!result.ok && result.repeatable, repeatable)
      assert.ok(String(error['message']).length > 20)
    })

  test('an expected status is no error, and Retry-After is passed on', async () => {
    assert.equal(
      outputOf(await get('/status/404', { expected_status_code: [404] }))['status_code'],
      404,
    )
    const result = await get('/status/429')
    assert.equal(!result.ok && result.retryAfterMs, 7_000)
  })

  test('secrets are masked in what a failure tells', async () => {
    const result = await get('/status/500', {
      authentication: { authentication_method: 'bearer', token: 's3cret-token' },
    })
    assert.doesNotMatch(JSON.stringify(result), /s3cret/)
    assert.equal(errorOf(result)['body'], 'no: ***')
  })
})

suite('redirects', () => {
  const methods: [number, string, string, string][] = [
    [301, 'get', 'GET', ''],
    [302, 'post', 'GET', ''],
    [303, 'put', 'GET', ''],
    [307, 'post', 'POST', 'hi'],
    [308, 'put', 'PUT', 'hi'],
  ]
  for (const [status, mode_name, method, body] of methods)
    test(`${status} after ${mode_name} goes on with ${method}`, async () => {
      const mode =
        mode_name === 'get' ? { mode_name } : { mode_name, body: { body_type: 'text', text: 'hi' } }
      const output = outputOf(await attempt('REST', { url: `${server.url}/to/${status}`, mode }))
      const json = output['json'] as Echo
      assert.deepEqual([json.method, json.body, json.headers['cookie']], [method, body, 'hop=1'])
      assert.deepEqual(output['redirects'], [`${server.url}/to/${status}`])
    })

  test('secrets stay with the first origin', async () => {
    const secret = {
      authentication: { authentication_method: 'api_key', name: 'X-Key', value: 'key-value' },
      cookies: { sid: '1' },
    }
    const headers = [
      { name: 'Authorization', value: 'Bearer t' },
      { name: 'X-Auth-Token', value: 't' },
      { name: 'X-Plain', value: 'p' },
    ]
    const at = encodeURIComponent(`${other.url}/echo`)
    const away = echoed(await get(`/to/302?at=${at}`, { ...secret, headers })).headers
    assert.deepEqual(
      [away['x-key'], away['authorization'], away['cookie'], away['x-auth-token'], away['x-plain']],
      [undefined, undefined, undefined, undefined, 'p'],
    )
    const home = echoed(await get('/to/302', { ...secret, headers })).headers
    assert.deepEqual(
      [home['x-key'], home['authorization'], home['x-auth-token']],
      ['key-value', 'Bearer t', 't'],
    )
  })

  test('limits and refusals', async () => {
    assert.equal(errorOf(await get('/loop', { max_redirects: 3 }))['code'], 'REJECTED')
    assert.equal(
      errorOf(await get('/to/302', { allow_redirects: false }))['native_code'],
      'http: 302',
    )
    assert.equal(errorOf(await get('/to/302?at=file:///etc/passwd'))['code'], 'PROTOCOL')
    assert.equal(
      outputOf(await get('/to/302', { allow_redirects: false, expected_status_code: [302] }))[
        'status_code'
      ],
      302,
    )
  })

  test('a failure after a redirected POST is not taken for one without effect', async () => {
    const dead = await serveHttp(() => undefined)
    await dead[Symbol.asyncDispose]()
    const url = `${server.url}/to/303?at=${encodeURIComponent(dead.url)}`
    const result = await attempt('REST', { url, mode: { mode_name: 'post' } })
    assert.deepEqual(
      [errorOf(result)['outcome'], !result.ok && result.repeatable],
      ['unknown', false],
    )
  })
})

suite('TLS', () => {
  const { ca, server: identity, client } = makeCertificates()
  let secure: TestHttpServer
  let mutual: TestHttpServer
  before(async () => {
    secure = await serveHttp((_request, response) => response.end('ok'), identity)
    mutual = await serveHttp((_request, response) => response.end('ok'), {
      ...identity,
      ca,
      requestCert: true,
    })
  })
  after(async () => {
    await secure[Symbol.asyncDispose]()
    await mutual[Symbol.asyncDispose]()
  })
  const over = (url: string, tls?: object): Promise<AttemptResult> =>
    attempt('REST', { url, ...(tls !== undefined && { tls }) })

  test('trust decides, by authority, name and pin', async () => {
    const code = async (tls?: object): Promise<unknown> => {
      const result = await over(secure.url, tls)
      return result.ok ? 'ok' : `${result.error.code} ${result.error.phase} ${result.error.outcome}`
    }
    assert.equal(await code(), 'TLS_NOT_TRUSTED tls none')
    assert.equal(await code({ ca }), 'ok')
    assert.equal(await code({ ca, ca_only: true }), 'ok')
    assert.equal(await code({ verify: false }), 'ok')
    assert.equal(await code({ ca, server_name: 'other.example' }), 'TLS_NOT_TRUSTED tls none')
    assert.equal(await code({ ca, pinned_sha256: ['0'.repeat(64)] }), 'TLS_NOT_TRUSTED tls none')
    assert.equal(
      await code({ ca: 'no PEM', ca_only: true, client_certificate: 'none' }),
      'INPUT tls none',
    )
  })

  test('a pinned certificate is accepted, and version and fingerprint are recorded', async () => {
    const first = await over(secure.url, { ca })
    const fingerprint = first.details.tls?.fingerprint ?? ''
    assert.match(first.details.tls?.version ?? '', /^TLSv1\.[23]$/)
    assert.equal((await over(secure.url, { ca, pinned_sha256: [fingerprint] })).ok, true)
  })

  test('a client certificate is presented, and its absence is a refusal to log in or an unusable connection', async () => {
    const tls = { ca, client_certificate: client.cert, client_key: client.key }
    assert.equal((await over(mutual.url, tls)).ok, true)
    const without = await over(mutual.url, { ca })
    assert.equal(without.ok, false)
  })

  test('plain HTTP on a TLS port is not reachable, with nothing sent', async () => {
    const result = await over(`https://127.0.0.1:${server.port}`)
    const error = errorOf(result)
    assert.deepEqual(
      [error['code'], error['phase'], error['outcome']],
      ['NOT_REACHABLE', 'tls', 'none'],
    )
  })
})
