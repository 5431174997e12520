import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type Doors, item, useDoors } from '../harness.ts'

/** The path of an enabled webhook of a flow with this body. */
async function hook({ rig, client }: Doors, body: string, fields: object = {}): Promise<string> {
  const name = `hook-${newId()}`
  await rig.flow(name, body)
  const made = await client.webhooks.create({ name, flow_name: name, is_enabled: true, ...fields })
  return made.call_path.slice('/api/latest'.length)
}

const SECRET = 'a secret of this test'

const github = (body: string, id: string): Record<string, string> => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  'x-github-delivery': id,
})

const contentOf = (name: string, more = '') =>
  `/file/${encodeURIComponent(name)}/content?by=name${more}`

describe('decisions about webhooks and files', { concurrency: 3, timeout: 180_000 }, () => {
  useDoors()

  item('D81', 'who may not call is told why, and of a disabled one nothing', async (doors) => {
    const disabled = await hook(doors, 'return 1', { is_enabled: false })
    const unknown = await doors.rest('POST', '/webhook/nobody-has-this/call')
    const closed = await doors.rest('POST', disabled)
    assert.deepEqual([unknown.status, closed.status], [404, 404])
    assert.equal(unknown.json['detail'], closed.json['detail'])
    const signature = { preset: 'github', secrets: [SECRET] }
    const cases: [object, number, string][] = [
      [{ key: 'a long key' }, 401, 'key_missing'],
      [{ signature }, 401, 'signature_missing'],
      [{ allow_from: ['192.0.2.1'] }, 403, 'address_not_allowed'],
      [{ methods: ['GET'] }, 405, 'method_not_allowed'],
    ]
    for (const [fields, status, reason] of cases) {
      const reply = await doors.rest('POST', await hook(doors, 'return 1', fields), {})
      assert.deepEqual([reply.status, reply.json['reason']], [status, reason])
      assert.ok(!reply.text.includes(SECRET))
    }
  })

  item(
    'D82',
    'the content type says what the payload is; credentials are left out',
    async (doors) => {
      const path = await hook(doors, 'return inputs')
      const sent = async (type: string, body: string) => {
        const headers = { 'content-type': type, cookie: 'a=b' }
        const { json } = await doors.rest('POST', path, body, headers)
        const input = json['output_value'] as Record<string, Record<string, unknown>>
        assert.equal(input['headers']?.['cookie'], undefined)
        assert.equal(input['headers']?.['authorization'], undefined)
        return input['payload']
      }
      const json = '{"a":1}'
      assert.deepEqual((await sent('application/json', json))?.['json'], { a: 1 })
      assert.deepEqual((await sent('text/plain', json))?.['text'], json)
      const form = await sent('application/x-www-form-urlencoded', 'a=1&a=2&b=3')
      assert.deepEqual(form?.['form'], { a: ['1', '2'], b: '3' })
      const other = await sent('application/octet-stream', json)
      assert.equal(other?.['base64'], Buffer.from(json).toString('base64'))
    },
  )

  item('D83', 'the result, an answer of its own, 500 without a reason, or 202', async (doors) => {
    const done = await doors.rest('POST', await hook(doors, 'return { a: 1 }'))
    assert.equal(done.status, 200)
    assert.deepEqual(Object.keys(done.json).toSorted(), [
      'execution_id',
      'message',
      'output_value',
      'status',
    ])
    const own = `return { response: { status: 202, json: [1] } }`
    const custom = await doors.rest('POST', await hook(doors, own))
    assert.deepEqual([custom.status, custom.text], [202, '[1]'])
    const failed = await doors.rest('POST', await hook(doors, `self.error('inside')`))
    assert.equal(failed.status, 500)
    assert.ok(failed.json['execution_id'])
    assert.ok(!failed.text.includes('inside'))
    const late = await hook(doors, `await gate(self, 'hold')`, { wait_seconds: 1 })
    const slow = await doors.rest('POST', late)
    assert.equal(slow.status, 202)
    await doors.client.executions.cancel(String(slow.json['execution_id']))
  })

  item('D84', 'a delivery that comes again is answered with the first run', async (doors) => {
    const fields = { signature: { preset: 'github', secrets: [SECRET] } }
    const path = await hook(doors, 'return 1', fields)
    const come = (id: string) => doors.rest('POST', path, '{}', github('{}', id))
    const [first, again, other] = [await come('a'), await come('a'), await come('b')]
    assert.equal(first.json['output_value'], 1)
    assert.deepEqual(
      [again.status, again.json['execution_id'], again.json['is_repeated']],
      [200, first.json['execution_id'], true],
    )
    assert.notEqual(other.json['execution_id'], first.json['execution_id'])
  })

  item(
    'D85',
    'calls above the rate are 429; addresses outside of the ranges 403',
    async (doors) => {
      const fields = { rate_limit: { calls: 2, per_seconds: 3_600 }, allow_from: ['127.0.0.0/8'] }
      const path = await hook(doors, 'return 1', fields)
      const replies = [await doors.rest('POST', path), await doors.rest('POST', path)]
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200, 200],
      )
      const over = await doors.rest('POST', path)
      assert.equal(over.status, 429)
      assert.ok(Number(over.headers.get('retry-after')) > 0)
      const elsewhere = await hook(doors, 'return 1', { allow_from: ['2001:db8::/32'] })
      assert.equal((await doors.rest('POST', elsewhere)).status, 403)
    },
  )

  item('D85', 'a body of more than 25 MiB is 413', async (doors) => {
    const path = await hook(doors, 'return inputs.payload.text.length')
    const send = (bytes: number) =>
      doors.rest('POST', path, 'x'.repeat(bytes), { 'content-type': 'text/plain' })
    assert.equal((await send(25 * 1024 * 1024 + 1)).status, 413)
    assert.equal((await send(1_000)).json['output_value'], 1_000)
  })

  item('8.6.1', 'text, bytes and base64 are read and written by flows', async ({ rig, client }) => {
    const name = `files/${newId()}`
    const output = await rig.output(
      `
      const file = system.file(inputs.name)
      await file.setText('grüße')
      const text = [await file.getText(), await file.getBase64(), [...(await file.getBytes())].length]
      await file.setBytes(new Uint8Array([1, 2, 3]))
      const bytes = await file.getBase64()
      await file.setBase64('BAUG')
      return [...text, bytes, [...await file.getBytes()]]`,
      { name },
    )
    assert.deepEqual(output, ['grüße', 'Z3LDvMOfZQ==', 7, 'AQID', [4, 5, 6]])
    assert.equal((await client.files.get(name, { by: 'name' })).size, 3)
  })

  item('8.6.2', 'the name of a file is a path, for flows and for others', async (doors) => {
    const name = `reports/${newId()}/a b.csv`
    const made = await doors.rest('PUT', contentOf(name), 'a;b', { 'content-type': 'text/csv' })
    assert.deepEqual([made.status, made.json['name']], [201, name])
    assert.equal(
      await doors.rig.output(`return system.file(inputs.name).getText()`, { name }),
      'a;b',
    )
    assert.equal((await doors.rest('PUT', contentOf('../a'), 'x')).status, 422)
    const run = await doors.rig.run(`system.file('a//b')`)
    assert.match(run.message ?? '', /InvalidInputError/)
  })

  item('D69', 'a file is replaced whole; what is not UTF-8 is no text', async (doors) => {
    const name = `files/${newId()}`
    const headers = { 'content-type': 'application/octet-stream' }
    const old = 'old '.repeat(200_000)
    const fresh = 'new '.repeat(200_000)
    await doors.rest('PUT', contentOf(name), old, headers)
    const reads = Array.from({ length: 6 }, () => doors.rest('GET', contentOf(name)))
    const [, ...texts] = await Promise.all([
      doors.rest('PUT', contentOf(name), fresh, headers),
      ...reads,
    ])
    for (const { text } of texts) assert.ok(text === old || text === fresh)
    assert.equal((await doors.rest('GET', contentOf(name))).text, fresh)
    await doors.rest('PUT', contentOf(name, '&as=base64'), '/wA=', headers)
    assert.equal((await doors.rest('GET', contentOf(name, '&as=text'))).status, 422)
    const run = await doors.rig.run(`await system.file(inputs.name).getText()`, { name })
    assert.match(run.message ?? '', /InvalidInputError.*not UTF-8/s)
  })
})
