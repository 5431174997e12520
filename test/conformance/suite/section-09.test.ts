import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { ApiError, createClient, type Message } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { type Doors, item, property, useDoors } from '../harness.ts'

/** The newest message of an execution. */
const messageOf = ({ client }: Doors, executionId: string): Promise<Message> =>
  until(
    async () => {
      const filter = { field: 'execution_id', op: 'eq', value: executionId } as const
      return (await client.messages.list({ filter })).items[0] ?? null
    },
    { what: `a message of ${executionId}` },
  )

/** Starts what asks and waits; gives it with its message. */
async function asks(doors: Doors, body: string, input = {}) {
  const { id } = await doors.rig.start(body, input)
  await doors.rig.reaches(id, 'WAITING_RESPONSE')
  return { id, message: await messageOf(doors, id) }
}

const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409

const BODY = {
  type: 'object',
  required: ['when', 'count'],
  properties: {
    yes: { type: 'boolean', element: 'submit', label: 'Yes', order: 9 },
    count: { type: 'integer', label: 'How many', order: 2, default: 3, minimum: 1 },
    when: { type: 'string', element: 'time', label: 'When', order: 1, example: '12:00' },
  },
}

describe('9 Messages and forms', { concurrency: 4, timeout: 180_000 }, () => {
  useDoors()

  item('9.1', 'a message waits for its answer, with wait false it does not', async (doors) => {
    const { id, message } = await asks(
      doors,
      `await self.message({ subject: 'A', message: 'a' }); return 'went on'`,
    )
    assert.equal(message.is_awaited, true)
    await doors.client.messages.reply(message.id)
    assert.equal((await doors.rig.ended(id)).output_value, 'went on')
    const status = await doors.rig.output(
      `return (await self.message({ message: 'a', wait: false })).status`,
    )
    assert.equal(status, 'OPEN')
  })

  item(
    ['9.2a', '9.3'],
    'a text asks for OK, and the run waits until it is pressed',
    async (doors) => {
      const { id, message } = await asks(
        doors,
        `return (await self.message({ message: 'For **your** information' })).response`,
      )
      assert.equal(message.form.text, 'For **your** information')
      assert.deepEqual(
        message.form.items.map(({ element, label }) => [element, label]),
        [['submit', 'OK']],
      )
      assert.equal((await doors.client.executions.get(id)).status, 'WAITING_RESPONSE')
      await doors.client.messages.reply(message.id)
      assert.deepEqual((await doors.rig.ended(id)).output_value, {})
    },
  )

  item('9.2b', 'a request is one text and OK, answered under string', async (doors) => {
    const { id, message } = await asks(
      doors,
      `return (await self.message({ subject: 'Name', request: 'Your name' })).get('response')`,
    )
    assert.equal(message.subject, 'Name')
    assert.deepEqual(
      message.form.items.map(({ element, name }) => [element, name]),
      [
        ['string', 'string'],
        ['submit', null],
      ],
    )
    await doors.client.messages.reply(message.id, { string: 'Ada' })
    assert.deepEqual((await doors.rig.ended(id)).output_value, { string: 'Ada' })
  })

  item(
    ['9.2c', '9.4', '9.5'],
    'a body is a form in its order, and the response is read by the names of its properties',
    async (doors) => {
      const { id, message } = await asks(
        doors,
        `const { response, button } = await self.message({ body: inputs }); return [response.when, response.count, response.timezone, button]`,
        BODY,
      )
      assert.deepEqual(
        message.form.items.map(({ name, element, label }) => [name, element, label]),
        [
          ['when', 'time', 'When'],
          ['count', 'number', 'How many'],
          ['yes', 'submit', 'Yes'],
        ],
      )
      const response = { when: '08:30', timezone: 'Europe/Vienna' }
      await doors.client.messages.reply(message.id, response)
      assert.deepEqual((await doors.rig.ended(id)).output_value, [
        '08:30',
        3,
        'Europe/Vienna',
        'yes',
      ])
    },
  )

  item('9.7', 'those that wait for an answer are listed and counted', async (doors) => {
    const { id, message } = await asks(doors, `await self.message({ message: 'count me' })`)
    const count = async (): Promise<number> => {
      const filter = {
        and: [
          { field: 'status', op: 'eq', value: 'OPEN' },
          { field: 'execution_id', op: 'eq', value: id },
        ],
      }
      const text = encodeURIComponent(JSON.stringify(filter))
      const { json } = await doors.rest('GET', `/message?filter=${text}&count=true&limit=1`)
      return Number(json['total'])
    }
    assert.equal(await count(), 1)
    await doors.client.messages.reply(message.id)
    assert.equal(await count(), 0)
  })

  item('9.8', 'another run waits for a message whose id was passed to it', async (doors) => {
    const asking = await doors.rig.run(
      `return (await self.message({ request: 'What?', wait: false })).id`,
    )
    const id = String(asking.output_value)
    const waits = await doors.rig.start(
      `return (await system.message(inputs.id).wait()).response.string`,
      { id },
    )
    await doors.rig.reaches(waits.id, 'WAITING_RESPONSE')
    await doors.client.messages.reply(id, { string: 'this' })
    assert.equal((await doors.rig.ended(waits.id)).output_value, 'this')
  })

  item('9.9', 'a timeout raises MessageResponseTimeoutError', async (doors) => {
    const output = await doors.rig.output(
      `try { await self.message({ message: 'x', timeout: 0.3 }) }
       catch (error) { return [error.name, error instanceof TimeoutExceededError] }`,
    )
    assert.deepEqual(output, ['MessageResponseTimeoutError', true])
  })

  item(
    ['9.10', 'D70'],
    'the first answer counts; a second is 409 and names who was first',
    async (doors) => {
      const { id, message } = await asks(
        doors,
        `return (await self.message({ request: 'Who?' })).response.string`,
      )
      await doors.client.messages.reply(message.id, { string: 'first' })
      const second = await doors.rest('POST', `/message/${message.id}/reply`, {
        response: { string: 'second' },
      })
      assert.equal(second.status, 409)
      assert.equal(typeof second.json['answered_by'], 'string')
      assert.match(String(second.json['detail']), /has answered this message/)
      assert.equal((await doors.rig.ended(id)).output_value, 'first')
    },
  )

  item(
    'D71',
    'an answer that does not match its form is 422, and nobody goes on',
    async (doors) => {
      const { id, message } = await asks(
        doors,
        `return (await self.message({ body: inputs })).button`,
        BODY,
      )
      const reply = (response: unknown) =>
        doors.rest('POST', `/message/${message.id}/reply`, { response })
      const wrong = await reply({ when: 'noon', count: 0 })
      assert.equal(wrong.status, 422)
      assert.deepEqual(wrong.pointers.toSorted(), ['/response/count', '/response/when'])
      assert.deepEqual((await reply({ when: '', count: 1 })).status, 422, 'emptied is nothing')
      assert.equal((await doors.client.executions.get(id)).status, 'WAITING_RESPONSE')
      assert.equal((await reply({ when: '12:00' })).status, 200)
      assert.equal((await doors.rig.ended(id)).output_value, 'yes')
    },
  )

  item(
    'D72',
    'only assignees are listed it and may answer; being due and escalated answers nothing',
    async (doors) => {
      await doors.rig.flow('conformance-escalates', `return inputs.message.step`)
      const { id, message } = await asks(
        doors,
        `await self.message({ message: 'x', assignees: ['somebody-else'], due_after: 1, escalate_after: 1, escalate_flow: 'conformance-escalates' }); return 'answered'`,
      )
      const mine = await doors.client.messages.list({ forMe: true, limit: 1_000 })
      assert.ok(!mine.items.some((one) => one.id === message.id))
      const child = await until(async () => (await doors.rig.children(id))[0] ?? null, {
        what: 'the escalation',
      })
      assert.equal((await doors.rig.ended(child.id)).output_value, 'escalate')
      const shown = await doors.client.messages.get(message.id)
      assert.deepEqual([shown.status, shown.is_due], ['OPEN', true])
      // The first user of an installation is its administrator, for whom nothing waits in vain.
      await doors.client.messages.reply(message.id)
      assert.equal((await doors.rig.ended(id)).output_value, 'answered')
    },
  )

  item('D72', 'who is not among the assignees is refused with 403', async (doors) => {
    const { rest, url } = doors
    const login = async (name: string) => {
      const password = 'long enough'
      assert.equal((await rest('POST', '/user', { name, password })).status, 201)
      const nobody = createClient({ url, apiKey: null })
      const { token } = await nobody.auth.login({ userName: name, password })
      return createClient({ url, apiKey: token })
    }
    const [meant, other] = [`s09-${newId()}`, `s09-${newId()}`]
    const { id, message } = await asks(
      doors,
      `return (await self.message({ message: 'x', assignees: [inputs.meant] })).get('answered_by')`,
      { meant },
    )
    const [theirs, others] = [await login(meant), await login(other)]
    await assert.rejects(others.messages.reply(message.id), { status: 403 })
    const forMe = async (client: Doors['client']) =>
      (await client.messages.list({ forMe: true, limit: 1_000 })).items.map((one) => one.id)
    assert.equal((await forMe(others)).includes(message.id), false)
    assert.equal((await forMe(theirs)).includes(message.id), true)
    await theirs.messages.reply(message.id)
    assert.equal((await doors.rig.ended(id)).output_value, meant)
  })

  item(
    'D73',
    'a link answers once and shows the form alone, where it is allowed',
    async (doors) => {
      const { id, message } = await asks(
        doors,
        `return (await self.message({ message: 'x', allows_links: true })).get('answered_by')`,
      )
      const { token } = await doors.client.messages.createLink(message.id, { recipient: 'guest' })
      const link = (path: string, body: object) =>
        doors.rest('POST', `/message/link/${path}`, { token, ...body }, { authorization: '' })
      const form = await link('form', {})
      assert.deepEqual(Object.keys(form.json).toSorted(), ['expires_at', 'form', 'recipient'])
      assert.equal((await link('reply', {})).status, 200)
      assert.equal((await link('reply', {})).status, 409)
      assert.equal((await doors.rig.ended(id)).output_value, 'guest')
      const other = await asks(doors, `await self.message({ message: 'x' })`)
      await assert.rejects(
        doors.client.messages.createLink(other.message.id, { recipient: 'guest' }),
        isConflict,
      )
      await doors.client.executions.cancel(other.id)
    },
  )

  item(
    'D74',
    'a message closes with its execution, and stays open when it was not waited for',
    async (doors) => {
      const { id, message } = await asks(doors, `await self.message({ message: 'x' })`)
      await doors.client.executions.cancel(id)
      const closed = await doors.client.messages.get(message.id)
      assert.deepEqual([closed.status, closed.closed_why], ['CLOSED', 'ENDED'])
      await assert.rejects(doors.client.messages.reply(message.id), isConflict)
      const left = await doors.rig.run(
        `return (await self.message({ message: 'x', wait: false })).id`,
      )
      const open = await doors.client.messages.get(String(left.output_value))
      assert.equal(open.status, 'OPEN')
      await doors.client.messages.reply(open.id)
    },
  )

  item(
    'D74',
    'a question is open again where an execution goes back to it, and closed where it goes back further',
    async (doors) => {
      const { client, rig } = doors
      const { id, message } = await asks(
        doors,
        `return (await self.message({ request: 'Who?' })).response.string`,
      )
      const asked = async (generation: number): Promise<Message> => {
        await until(
          async () => {
            const run = await client.executions.get(id)
            return run.generation === generation && run.status === 'WAITING_RESPONSE'
          },
          { what: `generation ${generation} waits` },
        )
        return messageOf(doors, id)
      }
      await client.executions.revert(id, { seq: 1 })
      const again = await asked(2)
      assert.deepEqual([again.id, again.status], [message.id, 'OPEN'])
      await client.executions.revert(id, { seq: 0 })
      const other = await asked(3)
      assert.notEqual(other.id, message.id)
      const closed = await client.messages.get(message.id)
      assert.deepEqual([closed.status, closed.closed_why], ['CLOSED', 'WITHDRAWN'])
      await assert.rejects(client.messages.reply(message.id, { string: 'late' }), isConflict)
      await client.messages.reply(other.id, { string: 'Ada' })
      assert.equal((await rig.ended(id)).output_value, 'Ada')
    },
  )

  property(
    'message_id',
    'it is the message that the execution waits for, and null before and after',
    async (doors) => {
      const { id, message } = await asks(doors, `await self.message({ message: 'x' })`)
      assert.equal((await doors.client.executions.get(id)).message_id, message.id)
      await doors.client.messages.reply(message.id)
      assert.equal((await doors.rig.ended(id)).message_id, null)
    },
  )
})
