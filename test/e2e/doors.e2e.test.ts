import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runCommand, until, useStack } from '../stack/index.ts'

const SECRET = 'a secret of this test'

describe('webhooks and files', { concurrency: 4, timeout: 180_000 }, () => {
  const at = useStack(async ({ rig }) => {
    await rig.flow('echo', 'return inputs')
    await rig.flow(
      'page',
      `return { response: { status: 201, headers: { 'x-made-by': 'a flow', 'content-type': 'text/html' }, body: '<p>' + inputs.payload.json.name } }`,
    )
    await rig.flow('fails', `self.error('the reason is ours')`)
    await rig.flow('waits', `await self.sleep(3600)`)
    await rig.flow('lasts', `await self.sleep(1); return inputs.payload.json`)
  })

  async function hook(name: string, flow: string, more: object = {}): Promise<string> {
    const fields = { name, flow_name: flow, is_enabled: true, ...more }
    const { call_path: path } = await at.rig.client.webhooks.create(fields)
    return `${at.stack.url}${path}`
  }

  const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  test('a call waits for its flow and gets the result', async () => {
    const url = await hook('echo', 'echo')
    for (let n = 0; n < 3; n += 1) {
      const reply = await post(`${url}/below?x=1`, { n })
      assert.equal(reply.status, 200)
      const body = (await reply.json()) as {
        execution_id: string
        status: string
        output_value: { method: string; path: string; query: object; payload: object }
      }
      assert.equal(body.status, 'ENDED_SUCCESS')
      const { method, path, query, payload } = body.output_value
      assert.deepEqual(
        { method, path, query, payload },
        {
          method: 'POST',
          path: '/below',
          query: { x: '1' },
          payload: { json: { n }, content_type: 'application/json' },
        },
      )
      const run = await at.rig.client.executions.get(body.execution_id)
      assert.ok(run.webhook_id)
    }
  })

  test('a flow makes its own answer', async () => {
    const reply = await post(await hook('page', 'page'), { name: 'Ann' })
    assert.equal(reply.status, 201)
    assert.equal(reply.headers.get('x-made-by'), 'a flow')
    assert.match(reply.headers.get('content-security-policy') ?? '', /^sandbox/)
    assert.equal(await reply.text(), '<p>Ann')
  })

  test('a flow that fails is 500 without its reason', async () => {
    const reply = await post(await hook('fails', 'fails'), {})
    assert.equal(reply.status, 500)
    const body = (await reply.json()) as Record<string, unknown>
    assert.equal(body['execution_status'], 'ENDED_ERROR')
    assert.ok(!JSON.stringify(body).includes('the reason'))
  })

  test('async, and a wait that is over, are 202, and the flow goes on', async () => {
    const url = await hook('waits', 'waits', { wait_seconds: 1 })
    for (const [query, isSlow] of [
      ['?async=1', false],
      ['', true],
    ] as const) {
      const reply = await post(`${url}${query}`, {})
      assert.equal(reply.status, 202, String(isSlow))
      const { execution_id: id } = (await reply.json()) as { execution_id: string }
      await at.rig.reaches(id, 'SCHEDULED')
      await at.rig.client.executions.cancel(id)
    }
  })

  test('a signed delivery that comes again while it runs, and later, is one run', async () => {
    const url = await hook('signed', 'lasts', {
      signature: { preset: 'github', secrets: [SECRET] },
    })
    const body = '{"n":1}'
    const headers = {
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      'x-github-delivery': 'one',
    }
    const replies = await Promise.all(Array.from({ length: 4 }, () => post(url, body, headers)))
    replies.push(await post(url, body, headers))
    const answers = await Promise.all(
      replies.map(async (reply) => (await reply.json()) as Record<string, unknown>),
    )
    assert.equal(new Set(answers.map((answer) => answer['execution_id'])).size, 1)
    assert.equal(answers.filter((answer) => answer['is_repeated'] === true).length, 4)
    assert.equal(
      answers.filter((answer) => JSON.stringify(answer['output_value']) === body).length,
      1,
    )
    const noted = await until(
      async () => {
        const page = await at.rig.client.webhooks.deliveries('signed', { by: 'name' })
        return page.items.length === 5 ? page.items : null
      },
      { what: 'five deliveries are noted' },
    )
    assert.equal(noted.filter(({ outcome }) => outcome === 'repeated').length, 4)
  })

  test('flows write and read files, and others read them over HTTP', async () => {
    const output = await at.rig.output(`
      const text = system.file('e2e/text')
      await text.setText('grüße')
      const own = await text.getText()
      await system.file('e2e/bytes').setBytes(new Uint8Array([0, 255]))
      await self.sleep(0)
      const bytes = system.file('e2e/bytes')
      return [own, (await text.getFacts()).size, await bytes.getBase64(), [...await bytes.getBytes()], await system.file('e2e/none').exists()]`)
    assert.deepEqual(output, ['grüße', 7, 'AP8=', [0, 255], false])
    const { files } = at.rig.client
    assert.equal(await files.readText('e2e/text', { by: 'name' }), 'grüße')
    await files.write('e2e/up', Buffer.alloc(400_000, 'x'), { by: 'name' })
    const facts = await at.rig.output(`return (await system.file('e2e/up').getText()).length`)
    assert.equal(facts, 400_000)
    const missing = await at.rig.run(`await system.file('e2e/none').getText()`)
    assert.match(missing.message ?? '', /no file named "e2e\/none"/)
    const binary = await at.rig.run(`await system.file('e2e/bytes').getText()`)
    assert.match(binary.message ?? '', /not UTF-8/)
  })

  test('a connection stores an answer as a file and sends it on', async () => {
    const received: Buffer[] = []
    const target = createServer((request, response) => {
      if (request.method === 'GET') return void response.end(Buffer.alloc(1_000_000, 'data '))
      request.on('data', (part: Buffer) => received.push(part))
      request.on('end', () => response.end('taken'))
    })
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`
    try {
      const output = await at.rig.output(
        `
        const down = await self.connect({
          connector_type: 'REST', url: inputs.url, destination: { destination_file_name: 'e2e/moved' },
        })
        await self.connect({
          connector_type: 'REST',
          url: inputs.url,
          mode: { mode_name: 'post', body: { body_type: 'file', source_file_name: 'e2e/moved' } },
        })
        return down.output.result.size`,
        { url },
      )
      assert.equal(output, 1_000_000)
      assert.equal(Buffer.concat(received).toString('utf8', 0, 10), 'data data ')
      assert.equal(Buffer.concat(received).length, 1_000_000)
    } finally {
      target.closeAllConnections()
      target.close()
    }
  })

  test('the command line sets webhooks up and moves files', async () => {
    const { home } = at.stack
    const millrace = (...argv: string[]) => runCommand(home, argv)
    assert.equal((await millrace('webhook', 'set', 'cli')).exitCode, 2)
    const made = await millrace('webhook', 'set', 'cli', '{"wait_seconds":5}', '--flow', 'echo')
    assert.match(made.out, /disabled[\s\S]*after 5 s/, made.err)
    assert.match((await millrace('webhook', 'enable', 'cli')).out, /webhook\/cli\/call/)
    assert.equal((await post(`${at.stack.url}/api/latest/webhook/cli/call`, {})).status, 200)
    await until(
      async () => (await millrace('webhook', 'deliveries', 'cli')).out.includes('started'),
      {
        what: 'the call is noted',
      },
    )
    assert.match((await millrace('webhook', 'list')).out, /cli +echo +enabled/)

    const [here, back] = [join(home, 'up.txt'), join(home, 'down.txt')]
    await writeFile(here, 'from here')
    const put = await millrace('file', 'put', here, 'cli/up.txt', '--type', 'text/plain')
    assert.match(put.out, /^cli\/up\.txt {2}9 bytes/, put.err)
    assert.equal((await millrace('file', 'get', 'cli/up.txt')).out.trim(), 'from here')
    await millrace('file', 'get', 'cli/up.txt', '--to', back)
    assert.equal(await readFile(back, 'utf8'), 'from here')
    assert.match((await millrace('file', 'list', 'cli/')).out, /cli\/up\.txt +9 +text\/plain/)
    assert.equal((await millrace('file', 'put', join(home, 'none'))).exitCode, 2)
    assert.equal((await millrace('file', 'get', 'cli/none')).exitCode, 4)
  })
})
