import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ApiError, type Message } from '@millrace/client'
import { callGrpc, connectGrpc, runCommand, until, useStack } from '../stack/index.ts'

const APPROVE = {
  type: 'object',
  required: ['reason'],
  properties: {
    reason: { type: 'string', label: 'Why' },
    pin: { type: 'string', element: 'password', label: 'PIN' },
    approve: { element: 'submit', label: 'Approve' },
    reject: { element: 'submit', label: 'Reject' },
  },
}

describe('messages', { concurrency: 4, timeout: 240_000 }, () => {
  const at = useStack()

  /** The newest message of an execution. */
  const messageOf = (executionId: string): Promise<Message> =>
    until(
      async () => {
        const filter = { field: 'execution_id', op: 'eq', value: executionId } as const
        const [message] = (await at.stack.client.messages.list({ filter })).items
        return message ?? null
      },
      { what: `a message of ${executionId}` },
    )

  /** Starts what asks, and gives it with its message. */
  const asks = async (body: string, input: object = {}) => {
    const { id } = await at.rig.start(body, { ...input })
    await at.rig.reaches(id, 'WAITING_RESPONSE')
    return { id, message: await messageOf(id) }
  }

  const FORM = `const answer = await self.message({ subject: 'Release 12?', body: inputs.body })
    return [answer.response, answer.button, answer.status, await answer.get('answered_by')]`

  test('a flow asks with a form, a person answers, and the flow reads what was answered', async () => {
    const { id, message } = await asks(FORM, { body: APPROVE })
    assert.deepEqual([message.subject, message.status], ['Release 12?', 'OPEN'])
    const record = await at.stack.client.executions.get(id)
    assert.equal(record.message_id, message.id)
    const response = { reason: 'tested', pin: '1234', approve: true }
    const answered = await at.stack.client.messages.reply(message.id, response)
    assert.deepEqual(answered.response, { ...response, pin: '***', reject: false })
    const ended = await at.rig.ended(id)
    assert.deepEqual(ended.output_value, [
      { ...response, reject: false },
      'approve',
      'ANSWERED',
      at.stack.credentials.user_name,
    ])
  })

  test('of twenty answers at once one counts, and the flow goes on once', async () => {
    const { id, message } = await asks(
      `const { response } = await self.message({ request: 'Who?' }); self.log('went on'); return response`,
    )
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        at.stack.client.messages.reply(message.id, { string: `number ${n}` }),
      ),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') {
        assert.ok(outcome.reason instanceof ApiError)
        assert.equal(outcome.reason.status, 409)
      }
    await at.rig.ended(id)
    assert.deepEqual(await at.rig.logs(id), ['went on'])
  })

  test('nobody answers in time: the flow gets MessageResponseTimeoutError, the message is closed', async () => {
    const started = await at.rig.start(
      `try { await self.message({ message: 'Hello?', timeout: 0.5 }) }
       catch (error) { return [error.name, error instanceof TimeoutExceededError] }`,
    )
    const ended = await at.rig.ended(started.id)
    assert.deepEqual(ended.output_value, ['MessageResponseTimeoutError', true])
    const message = await messageOf(started.id)
    assert.deepEqual([message.status, message.closed_why !== null], ['CLOSED', true])
    await assert.rejects(at.stack.client.messages.reply(message.id), { status: 409 })
  })

  test('a message that nobody waits for is passed on by its id, and another execution waits', async () => {
    const asking = await at.rig.run(
      `const message = await self.message({ subject: 'For later', message: 'OK?', wait: false })
       return message.id`,
    )
    const id = String(asking.output_value)
    const waiting = await at.rig.start(
      `const message = await system.message(inputs.id).wait(); return [message.status, message.response]`,
      { id },
    )
    await at.rig.reaches(waiting.id, 'WAITING_RESPONSE')
    await at.stack.client.messages.reply(id)
    assert.deepEqual((await at.rig.ended(waiting.id)).output_value, ['ANSWERED', {}])
    const late = await at.rig.output(`return (await system.message(inputs.id).wait()).status`, {
      id,
    })
    assert.equal(late, 'ANSWERED')
  })

  test('going back keeps what was answered before the savepoint, and asks again what came after', async () => {
    const { id, message: first } = await asks(
      `const first = await self.message({ message: 'First?' })
       await self.savepoint('between')
       const second = await self.message({ message: 'Second?' })
       return [first.id, second.id]`,
    )
    const answerNext = async (before: Message): Promise<Message> => {
      const next = await until(
        async () => {
          const newest = await messageOf(id)
          return newest.id === before.id ? null : newest
        },
        { what: 'it asks the next' },
      )
      await at.stack.client.messages.reply(next.id)
      return next
    }
    await at.stack.client.messages.reply(first.id)
    const second = await answerNext(first)
    assert.deepEqual((await at.rig.ended(id)).output_value, [first.id, second.id])
    await at.stack.client.executions.revert(id, { name: 'between' })
    const third = await answerNext(second)
    assert.deepEqual((await at.rig.ended(id)).output_value, [first.id, third.id])
  })

  test('going back to an open question asks it anew, and what is cut away takes no answer', async () => {
    const { client } = at.stack
    const { id, message } = await asks(
      `const { response } = await self.message({ request: 'Who?' }); return response`,
    )
    await client.executions.revert(id, { seq: 1 })
    const again = await until(
      async () => {
        const { generation, status } = await client.executions.get(id)
        return generation === 2 && status === 'WAITING_RESPONSE' ? await messageOf(id) : null
      },
      { what: 'it is asked anew' },
    )
    assert.deepEqual([again.id, again.status], [message.id, 'OPEN'])
    await client.executions.revert(id, { seq: 0 })
    const other = await until(
      async () => {
        const newest = await messageOf(id)
        return newest.id === message.id ? null : newest
      },
      { what: 'the next life asks' },
    )
    await assert.rejects(client.messages.reply(message.id, { string: 'late' }), { status: 409 })
    const closed = await client.messages.get(message.id)
    assert.deepEqual([closed.status, closed.closed_why], ['CLOSED', 'WITHDRAWN'])
    await client.messages.reply(other.id, { string: 'me' })
    assert.deepEqual((await at.rig.ended(id)).output_value, { string: 'me' })
  })

  test('a link answers without a login, once', async () => {
    const started = await at.rig.start(
      `const message = await self.message({ message: 'Go?', allows_links: true, wait: false })
       self.setOutput('link', await message.link('cleo@example.com'))
       await message.wait({ timeout: 60 })
       self.setOutput('by', await message.load('answered_by'))`,
    )
    await at.rig.reaches(started.id, 'WAITING_RESPONSE')
    const { link } = (await at.stack.client.executions.get(started.id)).output_value as {
      link: { url: string; token: string }
    }
    assert.ok(link.url.startsWith(`${at.stack.url}/answer#`), link.url)
    const post = (path: string, body: object) =>
      fetch(`${at.stack.url}/api/latest/message/link/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    assert.equal((await post('form', { token: link.token })).status, 200)
    assert.equal((await post('reply', { token: link.token, response: {} })).status, 200)
    assert.equal((await post('reply', { token: link.token, response: {} })).status, 409)
    const output = (await at.rig.ended(started.id)).output_value as { by: string }
    assert.equal(output.by, 'cleo@example.com')
  })

  test('what nobody answers is due, reminds, and starts the flow that does something about it', async () => {
    await at.rig.flow(
      'ask-the-boss',
      `const { message, note } = inputs
       return [note, message.step, message.subject, message.assignees]`,
    )
    const { id, message } = await asks(
      `await self.message({ subject: 'Urgent', message: 'Now', assignees: ['nobody-yet'], due_after: 1,
         escalate_after: 1, escalate_flow: 'ask-the-boss', escalate_input: { note: 'please' },
         escalate_assignees: [inputs.me] })
       return 'went on'`,
      { me: at.stack.credentials.user_name },
    )
    const child = await until(async () => (await at.rig.children(id))[0] ?? null, {
      what: 'the escalation',
    })
    const escalated = await at.rig.ended(child.id)
    assert.deepEqual(escalated.output_value, [
      'please',
      'escalate',
      'Urgent',
      ['nobody-yet', at.stack.credentials.user_name],
    ])
    assert.equal(child.orphan, true)
    const shown = await at.stack.client.messages.get(message.id)
    assert.deepEqual(
      [shown.is_due, shown.escalated_at !== null, shown.status],
      [true, true, 'OPEN'],
    )
    await at.stack.client.messages.reply(message.id)
    assert.equal((await at.rig.ended(id)).output_value, 'went on')
  })

  test('the command line lists, shows and answers', async () => {
    const { id, message } = await asks(FORM, { body: APPROVE })
    const millrace = (...argv: string[]) => runCommand(at.stack.home, argv)
    assert.match((await millrace('message', 'list', '--mine')).out, new RegExp(message.id))
    const why = await millrace('execution', 'why', id)
    assert.match(why.out, new RegExp(`to free it: millrace message reply ${message.id}`))
    assert.match((await millrace('message', 'show', message.id)).out, /\[approve\] Approve/)
    const wrong = await millrace('message', 'reply', message.id, '-b', 'approve')
    assert.equal(wrong.exitCode, 2, wrong.err)
    const reply = ['message', 'reply', message.id, '-b', 'approve', '-f', 'reason=fine']
    const right = await millrace(...reply)
    assert.equal(right.exitCode, 0, right.err)
    assert.equal((await millrace(...reply)).exitCode, 4)
    assert.equal((await at.rig.ended(id)).status, 'ENDED_SUCCESS')
  })

  test('gRPC lists, reads and answers the same messages', async () => {
    const { id, message } = await asks(`return (await self.message({ request: 'Who?' })).response`)
    const { api_key: apiKey } = at.stack.credentials
    const grpc = connectGrpc({ url: at.stack.grpcUrl, apiKey })
    try {
      const call = (method: string, request: object) =>
        callGrpc<Record<string, never>>(grpc.messages, method, request)
      const read: { message?: { subject: string } } = await call('Get', { id: message.id })
      assert.equal(read.message?.subject, message.subject)
      const string = { stringValue: 'me' }
      const replied: { message?: { status: string } } = await call('Reply', {
        id: message.id,
        response: { fields: { string } },
      })
      assert.equal(replied.message?.status, 'ANSWERED')
      await assert.rejects(call('Reply', { id: message.id, response: { fields: { string } } }))
    } finally {
      grpc.close()
    }
    assert.deepEqual((await at.rig.ended(id)).output_value, { string: 'me' })
  })

  test('the stream of an execution tells what it asks and who has answered', async () => {
    const { id, message } = await asks(`await self.message({ subject: 'Seen?', message: 'x' })`)
    const seen: string[] = []
    for await (const event of at.stack.client.executions.stream(id)) {
      if (event.type !== 'message') continue
      const [newest] = (event.data as { messages: { status: string }[] }).messages
      seen.push(newest?.status ?? '')
      if (newest?.status === 'OPEN') await at.stack.client.messages.reply(message.id)
    }
    assert.deepEqual(seen, ['OPEN', 'ANSWERED'])
  })
})
