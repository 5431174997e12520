import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sha256Hex } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { openSql } from '@millrace/testkit'
import { fileService, webhookService } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
})
after(() => gateway[Symbol.asyncDispose]())

const at = (name: string, more = '') => `file/${encodeURIComponent(name)}/content?by=name${more}`
const binary = { 'content-type': 'application/octet-stream' }

async function bytesOf(path: string, headers: object = {}): Promise<Buffer> {
  const response = await fetch(`${gateway.url}/api/latest/${path}`, {
    headers: { authorization: `Bearer ${gateway.admin.apiKey}`, ...headers },
  })
  return Buffer.from(await response.arrayBuffer())
}

test('an upload makes the file, the next one replaces it, and a download is what was sent', async () => {
  const content = Buffer.alloc(700_000, 'piece by piece ')
  const type = { 'content-type': 'application/x-data' }
  const made = await gateway.request('PUT', at('a/b.bin'), content, type)
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(
    [made.json['name'], made.json['size'], made.json['hash'], made.json['content_type']],
    ['a/b.bin', content.length, sha256Hex(content), 'application/x-data'],
  )
  assert.deepEqual(await bytesOf(at('a/b.bin')), content)
  const second = await gateway.request('PUT', at('a/b.bin'), Buffer.from('other'), binary)
  assert.deepEqual([second.status, second.json['id']], [200, made.json['id']])
  assert.equal((await bytesOf(String(second.json['content_path']).slice(12))).toString(), 'other')
})

test('the head says what a page of a flow could not: type, size, hash, and no page of ours', async () => {
  await gateway.request('PUT', at('page.html'), '<b>', { 'content-type': 'text/html' })
  const { status, headers, text } = await gateway.request('GET', at('page.html'))
  assert.deepEqual([status, text], [200, '<b>'])
  assert.equal(headers.get('content-length'), '3')
  assert.equal(headers.get('content-security-policy'), 'sandbox')
  assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="page\.html"/)
  const etag = `"${sha256Hex('<b>')}"`
  assert.equal(headers.get('etag'), etag)
  const head = await gateway.request('HEAD', at('page.html'))
  assert.deepEqual([head.status, head.headers.get('etag')], [200, etag])
  const spared = await gateway.request('GET', at('page.html'), undefined, { 'if-none-match': etag })
  assert.deepEqual([spared.status, spared.text], [304, ''])
})

test('a part is a part, also across the pieces in which it is stored', async () => {
  const content = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251))
  await gateway.request('PUT', at('parts'), content, binary)
  for (const [range, from, to] of [
    ['bytes=262143-262145', 262_143, 262_146],
    ['bytes=-10', 599_990, 600_000],
    ['bytes=524288-', 524_288, 600_000],
  ] as const) {
    const part = await gateway.request('GET', at('parts'), undefined, { range })
    assert.equal(part.status, 206)
    assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/600000`)
    assert.deepEqual(await bytesOf(at('parts'), { range }), content.subarray(from, to))
  }
  const none = await gateway.request('GET', at('parts'), undefined, { range: 'bytes=600000-' })
  assert.deepEqual([none.status, none.headers.get('content-range')], [416, 'bytes */600000'])
})

test('text and base64 are other clothes of the same bytes', async () => {
  await gateway.request('PUT', at('t', '&as=base64'), Buffer.from('grüße').toString('base64'), {
    'content-type': 'text/plain',
  })
  assert.equal((await gateway.request('GET', at('t', '&as=text'))).text, 'grüße')
  await gateway.request('PUT', at('b'), Buffer.from([255, 0]), binary)
  assert.equal((await gateway.request('GET', at('b', '&as=base64'))).text, '/wA=')
  const refused = await gateway.request('GET', at('b', '&as=text'))
  assert.equal(refused.status, 422)
  assert.match(String(refused.json['detail']), /not UTF-8/)
  const notText = await gateway.request('PUT', at('b', '&as=text'), Buffer.from([255]), binary)
  assert.equal(notText.status, 422)
  assert.equal((await gateway.request('GET', at('b', '&as=base64'))).text, '/wA=')
})

test('a small file is made in one request, and its record is one as any', async () => {
  const made = await gateway.request('POST', 'file', { name: 'note', text: 'hello' })
  assert.equal(made.status, 201, made.text)
  assert.equal((await gateway.request('GET', at('note'))).text, 'hello')
  assert.equal((await gateway.request('POST', 'file', { name: 'note' })).status, 409)
  const id = String(made.json['id'])
  const patch = { name: 'notes/1', description: 'd', content_type: null }
  assert.equal((await gateway.request('PATCH', `file/${id}`, patch)).json['name'], 'notes/1')
  const list = await gateway.request(
    'GET',
    `file?filter=${encodeURIComponent('{"field":"name","op":"like","value":"notes/%"}')}`,
  )
  assert.equal((list.json['items'] as object[]).length, 1)
  await gateway.request('DELETE', `file/${id}`)
  assert.equal((await gateway.request('GET', at('notes/1'))).status, 404)
  await gateway.request('POST', `file/${id}/restore`)
  assert.equal((await gateway.request('GET', at('notes/1'))).text, 'hello')
})

test('blanks around a name are dropped, however it comes', async () => {
  const put = await gateway.request('PUT', at('  blank/a b '), 'x', binary)
  assert.deepEqual([put.status, put.json['name']], [201, 'blank/a b'])
  assert.equal((await gateway.request('PUT', at('blank/a b'), 'y', binary)).status, 200)
  assert.equal((await gateway.request('GET', at(' blank/a b'))).text, 'y')
  const nothing = await gateway.request('PUT', at(' '), 'x', binary)
  assert.equal(nothing.status, 422)
  assert.match(String(nothing.json['detail']), /blank/)
  assert.equal((await gateway.request('POST', 'file', { name: ' blank/a b ' })).status, 409)
})

test('a HEAD tells of the whole, whatever range it names', async () => {
  await gateway.request('PUT', at('head'), 'whole', binary)
  const part = { range: 'bytes=0-1' }
  const get = await gateway.request('GET', at('head'), undefined, part)
  assert.deepEqual([get.status, get.text], [206, 'wh'])
  assert.equal((await gateway.request('HEAD', at('head'), undefined, part)).status, 200)
  const past = await gateway.request('HEAD', at('head'), undefined, { range: 'bytes=9-' })
  assert.equal(past.status, 200)
})

test('what is no path, no content and no file is refused with the reason', async () => {
  for (const name of ['../a', 'a//b', '/a'])
    assert.equal((await gateway.request('PUT', at(name), 'x', binary)).status, 422, name)
  const both = await gateway.request('POST', 'file', { name: 'x', text: 'a', base64: 'YQ==' })
  assert.equal(both.status, 422)
  assert.equal((await gateway.request('POST', 'file', { name: 'x', base64: '~' })).status, 422)
  assert.equal((await gateway.request('GET', at('none'))).status, 404)
  const anonymous = await fetch(`${gateway.url}/api/latest/${at('a')}`, {
    method: 'PUT',
    body: 'x',
  })
  assert.equal(anonymous.status, 401)
})

test('an upload that breaks off changes nothing', async () => {
  await gateway.request('PUT', at('kept'), 'whole', binary)
  const abort = new AbortController()
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(300_000, 'x')
    abort.abort()
    yield Buffer.from('never')
  }
  const upload = fetch(`${gateway.url}/api/latest/${at('kept')}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${gateway.admin.apiKey}`, ...binary },
    body: broken(),
    duplex: 'half',
    signal: abort.signal,
  })
  await assert.rejects(upload)
  assert.equal((await gateway.request('GET', at('kept'))).text, 'whole')
})

/** Uploads by id, and does something while half of the content has come. */
async function uploadDuring(id: string, meanwhile: () => Promise<unknown>): Promise<Response> {
  await using session = await openSql(gateway.databaseUrl)
  const contents = async (): Promise<number> =>
    (await session.run<{ n: number }>('SELECT count(*)::int AS n FROM file_content'))[0]?.n ?? 0
  const before = await contents()
  async function* halves(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('by ')
    // From here on the gateway has looked for the file.
    while ((await contents()) === before);
    await meanwhile()
    yield Buffer.from('id')
  }
  return await fetch(`${gateway.url}/api/latest/file/${id}/content`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${gateway.admin.apiKey}`, ...binary },
    body: halves(),
    duplex: 'half',
  })
}

test('an upload by id is for that file, whatever it and others are called meanwhile', async () => {
  const made = await gateway.request('PUT', at('moving'), 'old', binary)
  const id = String(made.json['id'])
  const upload = await uploadDuring(id, async () => {
    await gateway.request('PATCH', `file/${id}`, { name: 'moved' })
    await gateway.request('PUT', at('moving'), 'another', binary)
  })
  const { name } = (await upload.json()) as { name: string }
  assert.deepEqual([upload.status, name], [200, 'moved'])
  assert.equal((await gateway.request('GET', at('moved'))).text, 'by id')
  assert.equal((await gateway.request('GET', at('moving'))).text, 'another')
})

test('an upload by id is refused when its file was removed meanwhile', async () => {
  const made = await gateway.request('PUT', at('going'), 'old', binary)
  const id = String(made.json['id'])
  const upload = await uploadDuring(id, () => gateway.request('DELETE', `file/${id}`))
  assert.equal(upload.status, 404)
  assert.equal((await gateway.request('GET', at('going'))).status, 404)
  await gateway.request('POST', `file/${id}/restore`)
  assert.equal((await gateway.request('GET', at('going'))).text, 'old')
})

test('gRPC reads and writes the same contents, and lists deliveries', async () => {
  const address = `127.0.0.1:${gateway.gateway.grpcPort}`
  const files = createGrpcClient(fileService, address)
  const webhooks = createGrpcClient(webhookService, address)
  const options = { metadata: { authorization: `Bearer ${gateway.admin.apiKey}` } }
  try {
    const key = { $case: 'name', value: 'grpc/a' } as const
    const content = Buffer.alloc(300_000, 'g')
    const written = await files.writeContent({ key, content }, options)
    assert.deepEqual([written.size, written.isNew], [300_000n, true])
    const pieces: Uint8Array[] = []
    for await (const { piece } of files.readContent({ key }, options)) pieces.push(piece)
    assert.deepEqual(Buffer.concat(pieces), content)
    assert.ok(pieces.length > 1)
    const unknown = { key: { $case: 'name', value: 'none' } as const, count: false }
    await assert.rejects(webhooks.listDeliveries(unknown, options), { code: 'notFound' })
  } finally {
    files.close()
    webhooks.close()
  }
})
