import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ServiceError } from '@millrace/runtime'
import type { AttemptResult } from '../run-attempt.ts'
import { attempt, verdict } from '../testing/attempts.ts'
import { bodyOf, serveHttp, type TestHttpServer } from '../testing/http-server.ts'
import type { WorkspaceFiles } from '../workspace-files.ts'

const LARGE = Buffer.alloc(3 * 1_048_576, 'large ')

let server: TestHttpServer
before(async () => {
  server = await serveHttp(
    (request, response) => void route(request, response).catch(() => response.destroy()),
  )
})
after(() => server[Symbol.asyncDispose]())

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const head = { 'content-type': 'application/x-report' }
  switch (request.url) {
    case '/large':
      return void response.writeHead(200, head).end(LARGE)
    case '/packed':
      return void response
        .writeHead(200, { ...head, 'content-encoding': 'gzip' })
        .end(gzipSync('packed text'))
    case '/bomb':
      return void response
        .writeHead(200, { ...head, 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(64 * 1_048_576)))
    case '/to':
      return void response.writeHead(302, { location: '/large' }).end('look there')
    case '/again':
      await bodyOf(request)
      return void response.writeHead(307, { location: '/echo' }).end()
    case '/no':
      return void response.writeHead(500, head).end('broken')
    case '/cut':
      response.writeHead(200, { ...head, 'content-length': '1000' }).write('half')
      return void setImmediate(() => response.destroy())
    default:
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ headers: request.headers, body: await bodyOf(request) }))
  }
}

/** Files in memory; `opened` counts how often one was read. */
function memoryFiles(given: Readonly<Record<string, string>> = {}) {
  const stored = new Map<string, { bytes: Buffer; contentType: string | null }>()
  const opened = { count: 0 }
  const files: WorkspaceFiles = {
    maxBytes: Infinity,
    find(name) {
      const text = given[name]
      if (text === undefined) return Promise.resolve(null)
      const bytes = Buffer.from(text)
      return Promise.resolve({
        name,
        size: bytes.length,
        contentType: 'text/x-given',
        async *read() {
          opened.count += 1
          for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3)
        },
      })
    },
    async save({ name, bytes, contentType }) {
      const all = Buffer.concat(await Array.fromAsync(bytes))
      stored.set(name, { bytes: all, contentType })
      return { size: all.length, hash: createHash('sha256').update(all).digest('hex') }
    },
  }
  return { files, stored, opened }
}

const outputOf = (result: AttemptResult): Record<string, unknown> => {
  assert.ok(result.ok, JSON.stringify(result))
  return result.output
}
const errorOf = (result: AttemptResult): Record<string, unknown> => {
  assert.ok(!result.ok)
  return { ...result.error }
}

const toFile = (path: string, more: object = {}) => {
  const memory = memoryFiles()
  const destination = { destination_file_name: 'in/answer' }
  const input = { url: `${server.url}${path}`, destination, max_output_size: 65_536, ...more }
  return { ...memory, done: attempt('REST', input, { files: memory.files }) }
}

suite('an answer that becomes a file', () => {
  test('is stored as it arrives, however large an answer in memory may be', async () => {
    const { done, stored } = toFile('/large')
    const { file, status_code } = outputOf(await done)
    const hash = createHash('sha256').update(LARGE).digest('hex')
    const content_type = 'application/x-report'
    assert.equal(status_code, 200)
    assert.deepEqual(file, { name: 'in/answer', size: LARGE.length, hash, content_type })
    assert.deepEqual(stored.get('in/answer'), { bytes: LARGE, contentType: content_type })
  })

  test('is that of the last hop, unpacked', async () => {
    const last = toFile('/to')
    await last.done
    assert.equal(last.stored.get('in/answer')?.bytes.length, LARGE.length)
    const packed = toFile('/packed')
    await packed.done
    assert.equal(packed.stored.get('in/answer')?.bytes.toString(), 'packed text')
  })

  test('is none when the status is not expected, the body breaks off or grows too much', async () => {
    for (const [path, code] of [
      ['/no', 'REJECTED'],
      ['/cut', 'PROTOCOL'],
      ['/bomb', 'PROTOCOL'],
    ]) {
      const { done, stored } = toFile(path ?? '')
      const error = errorOf(await done)
      assert.equal(error['code'], code, JSON.stringify(error))
      assert.equal(stored.size, 0)
    }
  })
})

suite('a body made of files', () => {
  const send = (path: string, body: object, files: WorkspaceFiles) =>
    attempt('REST', { url: `${server.url}${path}`, mode: { mode_name: 'post', body } }, { files })

  test('is sent with its length and type, and again after a redirect', async () => {
    const { files, opened } = memoryFiles({ 'out/report': 'the report' })
    const body = { body_type: 'file', source_file_name: 'out/report' }
    const { json } = outputOf(await send('/echo', body, files)) as {
      json: { headers: Record<string, string>; body: string }
    }
    assert.equal(json.body, 'the report')
    assert.equal(json.headers['content-length'], '10')
    assert.equal(json.headers['content-type'], 'text/x-given')
    assert.equal(opened.count, 1)
    const again = outputOf(await send('/again', body, files)) as { json: { body: string } }
    assert.equal(again.json.body, 'the report')
    assert.equal(opened.count, 3)
  })

  test('may be one part of several', async () => {
    const { files } = memoryFiles({ 'out/a.txt': 'from a file' })
    const parts = [
      { name: 'note', value: 'hello' },
      { name: 'upload', source_file_name: 'out/a.txt' },
    ]
    const output = outputOf(await send('/echo', { body_type: 'multipart', parts }, files))
    const { body, headers } = output['json'] as { body: string; headers: Record<string, string> }
    assert.match(body, /name="note"\r\n\r\nhello\r\n/)
    assert.match(
      body,
      /name="upload"; filename="a\.txt"\r\nContent-Type: text\/x-given\r\n\r\nfrom a file\r\n/,
    )
    assert.equal(Number(headers['content-length']), Buffer.byteLength(body))
  })

  test('that is not there is an error before anything is sent', async () => {
    const { files } = memoryFiles()
    const body = { body_type: 'file', source_file_name: 'none' }
    const error = errorOf(await send('/echo', body, files))
    assert.deepEqual([error['code'], error['outcome']], ['INPUT', 'none'])
    assert.match(String(error['message']), /no file named "none"/)
  })
})

suite('our own files, when what keeps them is away for a moment,', () => {
  const away = (): ServiceError => new ServiceError('unavailable', 'readChunk: Postgres is away')
  const { files } = memoryFiles({ report: 'the report' })
  const unfound: WorkspaceFiles = { ...files, find: () => Promise.reject(away()) }
  const unread: WorkspaceFiles = {
    ...files,
    async find(name) {
      const file = await files.find(name)
      assert.ok(file)
      return {
        ...file,
        async *read() {
          for await (const piece of file.read()) {
            yield piece
            throw away()
          }
        },
      }
    },
  }
  const unsaved: WorkspaceFiles = {
    ...files,
    async save({ bytes }) {
      for await (const piece of bytes) assert.ok(piece)
      throw away()
    },
  }
  const body = { body_type: 'file', source_file_name: 'report' }
  const destination = { destination_file_name: 'answer' }
  const put = { mode: { mode_name: 'put', body } }
  const post = { mode: { mode_name: 'post', body } }
  const cases: readonly [string, object, WorkspaceFiles, object][] = [
    ['found', post, unfound, { code: 'NOT_REACHABLE', outcome: 'none', repeatable: true }],
    ['read for a put', put, unread, { outcome: 'unknown', repeatable: true }],
    ['read for a post', post, unread, { outcome: 'unknown', repeatable: false }],
    ['stored of a get', { destination }, unsaved, { outcome: 'known', repeatable: true }],
    [
      'stored of a post',
      { ...post, destination },
      unsaved,
      { outcome: 'known', repeatable: false },
    ],
  ]
  for (const [what, input, given, expected] of cases)
    test(`while one is ${what}: what may be repeated is, and the far side is not blamed`, async () => {
      const result = await attempt(
        'REST',
        { url: `${server.url}/echo`, ...input },
        { files: given },
      )
      assert.partialDeepStrictEqual(verdict(result), expected)
      const { message } = errorOf(result)
      assert.match(String(message), /files of this workspace .*readChunk: Postgres is away/)
    })
})
