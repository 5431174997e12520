import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { after, before, test } from 'node:test'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { executionService, type pb } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

// What comes over a connection is written here by hand: what a message announces, and no more of it.
let gateway: GatewayFixture
let session: ClientHttp2Session
const MIB = 1_048_576

before(async () => {
  gateway = await startGateway({ admission: { bodyBytes: 4 * MIB } })
  session = connect(`http://127.0.0.1:${gateway.gateway.grpcPort}`)
  await once(session, 'remoteSettings')
})
after(async () => {
  session.destroy()
  await gateway[Symbol.asyncDispose]()
})

const CREATE = 'ExecutionService/Create'
const known = () => ({ authorization: `Bearer ${gateway.admin.apiKey}` })

interface Begun {
  readonly stream: ClientHttp2Stream
  /** The status, as its number and text; of one that waits for the rest of its message after a minute: 4. */
  readonly status: Promise<{ code: number; message: string }>
}

/** Calls a method of millrace.v1 (a full path as it is), and sends the head of a message of that many bytes. */
function begin(method: string, bytes: number, headers: object = {}, flag = 0): Begun {
  const stream = session.request({
    ':method': 'POST',
    ':path': method.startsWith('/') ? method : `/millrace.v1.${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '60S',
    ...headers,
  })
  const { promise: status, resolve } = Promise.withResolvers<{ code: number; message: string }>()
  const read = (fields: Record<string, unknown>): void => {
    if (fields['grpc-status'] === undefined) return
    const message = decodeURIComponent(String(fields['grpc-message'] ?? ''))
    resolve({ code: Number(fields['grpc-status']), message })
  }
  stream.on('response', read).on('trailers', read)
  stream.on('error', () => resolve({ code: -1, message: 'the stream was cut' }))
  stream.resume()
  const head = Buffer.alloc(5)
  head.writeUInt8(flag)
  head.writeUInt32BE(bytes, 1)
  stream.write(head)
  return { stream, status }
}

test('of a stranger nothing is read, however much it announces', async () => {
  const { code, message } = await begin(CREATE, 60 * MIB).status
  assert.equal(code, 16, message)
  const wrong = { authorization: 'Bearer mrk_nobody' }
  assert.equal((await begin(CREATE, 60 * MIB, wrong).status).code, 16)
})

test('what is open to strangers reads no more than REST does', async () => {
  const { code, message } = await begin('MessageService/ReplyByLink', 2 * MIB + 1).status
  assert.equal(code, 8)
  assert.match(message, /2 MiB/)
  // A small one is read and answered.
  const { stream, status } = begin('MessageService/ReadLink', 0)
  stream.end()
  assert.equal((await status).code, 3)
})

test('strangers together hold a bounded amount', async () => {
  const open = Array.from({ length: 16 }, () => begin('MessageService/ReplyByLink', 2 * MIB))
  const { code, message } = await begin('MessageService/ReplyByLink', 2 * MIB).status
  assert.equal(code, 8, message)
  for (const { stream } of open) stream.close()
})

test('messages that are being read count together by the size that they announce', async () => {
  const first = begin(CREATE, 3 * MIB, known())
  const { code, message } = await begin('RecordService/Create', 2 * MIB, known()).status
  assert.equal(code, 8, message)
  assert.match(message, /more than 4 MiB/)
  assert.equal((await begin(CREATE, 2 * MIB, known()).status).code, 8)
  // What starts nothing and is small is no matter of it.
  const small = begin('ExecutionService/List', 0, known())
  small.stream.end()
  assert.equal((await small.status).code, 0)
  first.stream.close()
  await once(first.stream, 'close')
  const executions = createGrpcClient(executionService, `127.0.0.1:${gateway.gateway.grpcPort}`)
  const request: pb.ExecutionServiceCreateRequest = {
    target: { $case: 'script', value: 'export default () => 1' },
    inputValue: 'x'.repeat(2 * MIB),
    tags: [],
    wrappers: [],
  }
  const { execution } = await executions.create(request, { metadata: known() })
  executions.close()
  assert.ok(execution)
})

test('a compressed message is refused before it is unpacked', async () => {
  const headers = { ...known(), 'grpc-encoding': 'gzip' }
  const { code, message } = await begin(CREATE, 70_000, headers, 1).status
  assert.equal(code, 3)
  assert.match(message, /compress/)
})

test('a second message of a call is refused at its head', async () => {
  const { stream, status } = begin(CREATE, 0, known())
  stream.write(Buffer.from([0, 4, 0, 0, 0]))
  assert.equal((await status).code, 3)
})

test('health and reflection are open, for small messages', async () => {
  const health = begin('/grpc.health.v1.Health/Check', 0)
  health.stream.end()
  assert.equal((await health.status).code, 0)
  const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const list = [0x3a, 0x00]
  const { stream, status } = begin(reflection, list.length)
  stream.end(Buffer.from([...list, 0, 0, 0, 0, list.length, ...list]))
  assert.equal((await status).code, 0)
  assert.equal((await begin(reflection, 4_097).status).code, 8)
})

test('a connection has a bounded number of calls', () => {
  assert.equal(session.remoteSettings.maxConcurrentStreams, 8_192)
})
