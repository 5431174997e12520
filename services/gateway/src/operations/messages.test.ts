import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Script } from 'node:vm'
import { readContent } from '@millrace/form'
import { newId } from '@millrace/runtime'
import { insertMessages, type NewMessage } from '@millrace/store'
import { runSql, seedRows } from '@millrace/testkit'
import { type GatewayFixture, type Reply, send, startGateway } from '../gateway-fixture.ts'
import { createWorkspaceFor } from '../workspace-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
})
after(() => gateway[Symbol.asyncDispose]())

const BODY = {
  type: 'object',
  required: ['reason'],
  properties: {
    reason: { type: 'string', label: 'Why' },
    pin: { type: 'string', element: 'password' },
    yes: { element: 'submit', label: 'Yes' },
    no: { element: 'submit', label: 'No', required: [] },
  },
}
const YES = { response: { reason: 'because', pin: '1234', yes: true } }

/** A message with an execution that waits for it. */
async function ask(over: Partial<NewMessage> = {}): Promise<NewMessage> {
  const { workspaceId } = gateway.admin
  const form = readContent({ subject: 'Go?', body: BODY })
  assert.ok(form.ok)
  const [id, executionId] = [newId(), newId()]
  const message: NewMessage = {
    workspaceId,
    id,
    executionId,
    generation: 1,
    seq: 3,
    isAwaited: true,
    title: 'Go?',
    form: JSON.stringify(form.value),
    assignees: [],
    allowsLinks: false,
    plan: null,
    nextAt: null,
    dueAt: null,
    ...over,
  }
  const row = { workspace_id: workspaceId, type: 'FLOW', top_execution_id: executionId }
  const parked = { status: 'WAITING_RESPONSE', started_at: new Date(), name: 'asks' }
  await seedRows(gateway.databaseUrl, 'execution', [{ ...row, id: executionId, ...parked }])
  await insertMessages(gateway.db, [message])
  if (message.isAwaited) await wait(message, executionId, 3)
  return message
}

const wait = (message: NewMessage, executionId: string, seq: number): Promise<void> =>
  seedRows(gateway.databaseUrl, 'wait', [
    {
      workspace_id: message.workspaceId,
      execution_id: executionId,
      generation: 1,
      seq,
      kind: 'RESPONSE',
      ref: message.id,
      subject: message.title,
    },
  ])

const reply = (message: NewMessage, body: unknown, headers: object = {}): Promise<Reply> =>
  gateway.request('POST', `message/${message.id}/reply`, body, headers)

const outcomes = (executionId: string) =>
  runSql<{ outcome: { value: { v: { response: unknown; answered_by: string } } } }>(
    gateway.databaseUrl,
    'SELECT outcome FROM answer WHERE execution_id = $1 ORDER BY position',
    [executionId],
  )

/** Another user of the first workspace. */
async function userOf(name: string): Promise<{ authorization: string; id: string }> {
  const user = await gateway.request('POST', 'user', { name, password: 'a password' })
  const login = await gateway.request('POST', 'auth/login', {
    user_name: name,
    password: 'a password',
  })
  return {
    authorization: `Bearer ${String(login.json['token'])}`,
    id: String(user.json['id']),
  }
}

test('a reply answers whoever waits, and the record masks what is secret', async () => {
  const message = await ask()
  const other = newId()
  const { workspaceId } = gateway.admin
  await seedRows(gateway.databaseUrl, 'execution', [
    {
      workspace_id: workspaceId,
      id: other,
      type: 'FLOW',
      status: 'WAITING_RESPONSE',
      top_execution_id: other,
    },
  ])
  await wait(message, other, 1)
  const answered = await reply(message, YES)
  assert.equal(answered.status, 200, answered.text)
  const { json } = answered
  assert.deepEqual(
    [json['status'], json['button'], json['answered_by'], json['response']],
    ['ANSWERED', 'yes', 'admin', { reason: 'because', pin: '***', yes: true, no: false }],
  )
  for (const id of [message.executionId, other]) {
    const execution = await gateway.request('GET', `execution/${id}`)
    assert.equal(execution.json['status'], 'WAITING_ENGINE')
    const [one, ...more] = await outcomes(id)
    assert.equal(more.length, 0)
    assert.deepEqual(one?.outcome.value.v.response, {
      reason: 'because',
      pin: '1234',
      yes: true,
      no: false,
    })
  }
})

test('of many answers at once one counts, and the others are told whose', async () => {
  const message = await ask()
  const replies = await Promise.all(Array.from({ length: 8 }, () => reply(message, YES)))
  const statuses = replies.map(({ status }) => status).toSorted()
  assert.deepEqual(statuses, [200, ...Array.from({ length: 7 }, () => 409)])
  const refused = replies.find(({ status }) => status === 409)
  assert.match(refused?.text ?? '', /admin has answered this message/)
  assert.equal(refused?.json['answered_by'], 'admin')
  assert.equal((await outcomes(message.executionId)).length, 1)
})

test('an answer that does not match the form is 422 with pointers, and answers nobody', async () => {
  const message = await ask()
  for (const [response, pointers] of [
    [{ yes: true }, ['/response/reason']],
    [{ reason: 3, yes: true }, ['/response/reason']],
    [{ reason: 'x' }, ['/response']],
    [{ reason: 'x', yes: true, extra: 1 }, ['/response/extra']],
    ['text', ['/response']],
  ] as const) {
    const { status, json, text } = await reply(message, { response })
    assert.equal(status, 422, text)
    const errors = json['errors'] as { pointer: string }[]
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      pointers,
    )
  }
  assert.equal((await outcomes(message.executionId)).length, 0)
  assert.equal((await reply(message, { response: { no: true } })).status, 200)
})

test('a reply with an Idempotency-Key is answered the same again', async () => {
  const message = await ask()
  const key = { 'idempotency-key': newId() }
  const first = await reply(message, YES, key)
  const again = await reply(message, YES, key)
  assert.deepEqual([first.status, again.status, again.text], [200, 200, first.text])
})

test('a message whose execution waits no more is closed: 409 that says why', async () => {
  const message = await ask()
  await runSql(gateway.databaseUrl, 'DELETE FROM wait WHERE execution_id = $1', [
    message.executionId,
  ])
  const { json } = await gateway.request('GET', `message/${message.id}`)
  assert.deepEqual([json['status'], json['closed_why']], ['CLOSED', 'TIMEOUT'])
  const refused = await reply(message, YES)
  assert.equal(refused.status, 409)
  assert.match(String(refused.json['detail']), /the time to answer is over/)
})

test('assignees answer, others may not, and are listed what they may', async () => {
  const anna = await userOf('anna')
  const ben = await userOf('ben')
  const message = await ask({ assignees: ['anna'], title: 'For Anna' })
  const by = (user: { authorization: string }, method: string, path: string, body?: unknown) =>
    send(gateway.url, method, path, body, { authorization: user.authorization })
  const path = `message/${message.id}/reply`
  assert.equal((await by(ben, 'POST', path, YES)).status, 403)
  const mine = async (user: { authorization: string }): Promise<boolean> => {
    const { json } = await by(user, 'GET', 'message?for_me=true&limit=1000')
    return (json['items'] as { id: string }[]).some(({ id }) => id === message.id)
  }
  assert.deepEqual([await mine(anna), await mine(ben)], [true, false])
  const answered = await by(anna, 'POST', path, YES)
  assert.deepEqual([answered.status, answered.json['answered_by_id']], [200, anna.id])
  const byId = await ask({ assignees: [ben.id] })
  assert.equal((await by(ben, 'POST', `message/${byId.id}/reply`, YES)).status, 200)
})

test('another workspace sees no message of this one', async () => {
  const message = await ask()
  const other = await createWorkspaceFor(gateway, `w-${newId()}`)
  assert.equal((await other('GET', `message/${message.id}`)).status, 404)
  assert.equal((await other('POST', `message/${message.id}/reply`, YES)).status, 404)
  assert.deepEqual((await other('GET', 'message')).json['items'], [])
  assert.equal((await gateway.request('GET', 'message/nonsense')).status, 404)
})

test('a link shows the form and answers once, without a login', async () => {
  const message = await ask({ allowsLinks: true })
  const made = await gateway.request('POST', `message/${message.id}/link`, {
    recipient: 'cleo@example.com',
  })
  assert.equal(made.status, 201, made.text)
  const token = String(made.json['token'])
  assert.equal(made.json['url'], `${gateway.url}/answer#${token}`)
  const link = (path: string, body: unknown) =>
    send(gateway.url, 'POST', `message/link/${path}`, body, {})
  const form = await link('form', { token })
  assert.equal(form.status, 200, form.text)
  assert.deepEqual(Object.keys(form.json).toSorted(), ['expires_at', 'form', 'recipient'])
  assert.equal((await link('reply', { token, response: { yes: true } })).status, 422)
  assert.deepEqual((await link('reply', { token, ...YES })).json, { status: 'ANSWERED' })
  const { json } = await gateway.request('GET', `message/${message.id}`)
  assert.deepEqual([json['answered_by'], json['answered_by_id']], ['cleo@example.com', null])
  const again = await link('reply', { token, ...YES })
  assert.equal(again.status, 409)
  assert.doesNotMatch(again.text, /cleo/)
  assert.equal((await link('form', { token })).status, 409)
})

test('a link that was changed, or that nobody allowed, is worth nothing', async () => {
  const message = await ask({ allowsLinks: true })
  const path = `message/${message.id}/link`
  const { json } = await gateway.request('POST', path, { recipient: 'x', expires_after: 1 })
  const token = String(json['token'])
  const form = (given: string) =>
    send(gateway.url, 'POST', 'message/link/form', { token: given }, {})
  assert.equal((await form(`${token.slice(0, -2)}AA`)).status, 401)
  assert.equal((await form('nonsense')).status, 401)
  const closed = await ask()
  const refused = await gateway.request('POST', `message/${closed.id}/link`, { recipient: 'x' })
  assert.equal(refused.status, 409)
  assert.equal((await gateway.request('POST', path, { recipient: ' ' })).status, 422)
  await runSql(gateway.databaseUrl, 'UPDATE message SET allows_links = false WHERE id = $1', [
    message.id,
  ])
  assert.equal((await form(token)).status, 403)
})

test('of who has no login no more is read than the largest answer takes', async () => {
  const body = { token: 'x', response: 'x'.repeat(3 * 1_048_576) }
  const refused = await send(gateway.url, 'POST', 'message/link/reply', body, {})
  assert.deepEqual([refused.status, refused.text.includes('2 MiB')], [413, true])
})

test('the page behind a link is the same for everybody and may load nothing from elsewhere', async () => {
  const page = await fetch(`${gateway.url}/answer`)
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
  const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(await page.text()) ?? []
  assert.doesNotThrow(() => new Script(script), 'its script parses')
})

test('why names the message, who may answer, and the request that answers', async () => {
  const message = await ask({ assignees: ['anna', 'ben'], dueAt: Date.UTC(2030, 0, 1) })
  const { json } = await gateway.request('GET', `execution/${message.executionId}/why`)
  assert.match(
    String(json['reason']),
    /^It waits for anna or ben to answer the message 'Go\?'\. An answer is expected by 2030-01-01 00:00:00 UTC\./,
  )
  const [first] = json['waits'] as { ref: string; unblock: unknown }[]
  assert.equal(first?.ref, message.id)
  assert.deepEqual(first?.unblock, [
    { action: 'reply', href: `/api/latest/message/${message.id}/reply` },
  ])
  const record = await gateway.request('GET', `execution/${message.executionId}`)
  assert.equal(record.json['message_id'], message.id)
})

test('the list takes filters, fields, pages and a count', async () => {
  const message = await ask({ title: 'Only this one' })
  const filter = JSON.stringify({ field: 'subject', op: 'eq', value: 'Only this one' })
  const list = await gateway.request(
    'GET',
    `message?filter=${encodeURIComponent(filter)}&fields=id,status&count=true`,
  )
  assert.deepEqual(list.json['items'], [{ id: message.id, status: 'OPEN' }])
  assert.equal(list.json['total'], 1)
  const bad = encodeURIComponent('{"and":3}')
  assert.equal((await gateway.request('GET', `message?filter=${bad}`)).status, 422)
  assert.equal((await gateway.request('GET', 'message?fields=nonsense')).status, 422)
})
