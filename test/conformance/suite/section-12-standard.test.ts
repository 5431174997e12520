import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Execution, Json } from '@millrace/client'
import { until } from '../../stack/index.ts'
import { type Doors, item, useDoors } from '../harness.ts'

/** Runs a flow through one wrapper, and gives the wrapper's execution at its end. */
async function through(
  { client, rig }: Doors,
  wrapper: string,
  input: { readonly [key: string]: Json },
  what: { readonly flow_name: string; readonly input_value?: Json },
): Promise<Execution> {
  const { id } = await client.executions.create({ ...what, wrappers: [{ name: wrapper, input }] })
  return rig.ended(id)
}

const outcome = ({ status, output_value: output }: Execution): unknown[] => [status, output]

describe('the standard wrappers', { concurrency: 4, timeout: 240_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('s12s-echo', 'return { got: inputs }')
    await rig.flow('s12s-fails', `self.setOutput('partial', 1); throw new TypeError('no good')`)
    await rig.flow('s12s-sleeps', 'await self.sleep(3600)')
    await rig.flow('s12s-cancels', `self.cancel('not today')`)
    // Counts its runs in a setting, and fails until the count is reached.
    await rig.flow(
      's12s-counts',
      `const counter = system.setting(inputs.counter)
       const count = 1 + ((await counter.get()) ?? 0)
       await counter.set(count)
       if (count < (inputs.good ?? 1)) throw new Error('run ' + count)
       return count`,
    )
  })

  item(
    '12.7.cache',
    'cache gives the last good output for the same inputs while it is young',
    async (doors) => {
      const { client } = doors
      const run = async (input: Json, options: { readonly [key: string]: Json } = {}) =>
        outcome(
          await through(doors, 'cache', options, { flow_name: 's12s-counts', input_value: input }),
        )
      for (const counter of ['s12s-cache-1', 's12s-cache-2']) await client.settings.put(counter, 0)
      const [one, other] = [{ counter: 's12s-cache-1' }, { counter: 's12s-cache-2' }]
      assert.deepEqual(await run(one), ['ENDED_SUCCESS', 1])
      assert.deepEqual(await run(one), ['ENDED_SUCCESS', 1])
      assert.deepEqual(await run(other), ['ENDED_SUCCESS', 1])
      assert.equal((await client.settings.get('s12s-cache-1', { by: 'name' })).value, 1)
      assert.deepEqual(await run(one, { max_age_minutes: 0 }), ['ENDED_SUCCESS', 2])
      assert.deepEqual(await run(one), ['ENDED_SUCCESS', 2])
    },
  )

  item('12.7.cache', 'cache does not keep what has failed', async (doors) => {
    await doors.client.settings.put('s12s-cache-3', 0)
    const what = {
      flow_name: 's12s-counts',
      input_value: { counter: 's12s-cache-3', good: 2 },
    }
    assert.equal((await through(doors, 'cache', {}, what)).status, 'ENDED_ERROR')
    assert.deepEqual(outcome(await through(doors, 'cache', {}, what)), ['ENDED_SUCCESS', 2])
  })

  item('12.7.retry', 'retry tries until it succeeds, three times by default', async (doors) => {
    const { client, rig } = doors
    await client.settings.put('s12s-retry-1', 0)
    const good = await through(
      doors,
      'retry',
      { delay_sec: 0 },
      { flow_name: 's12s-counts', input_value: { counter: 's12s-retry-1', good: 3 } },
    )
    assert.deepEqual(outcome(good), ['ENDED_SUCCESS', 3])
    assert.deepEqual(
      (await rig.children(good.id)).map(({ status }) => status),
      ['ENDED_ERROR', 'ENDED_ERROR', 'ENDED_SUCCESS'],
    )
    const bad = await through(
      doors,
      'retry',
      { delay_sec: 0, max_tries: 2 },
      { flow_name: 's12s-fails' },
    )
    assert.deepEqual(outcome(bad), ['ENDED_ERROR', { partial: 1 }])
    assert.match(bad.message ?? '', /no good/)
    assert.equal((await rig.children(bad.id)).length, 2)
  })

  item('12.7.retry', 'retry waits in between, and lets a cancel be the end', async (doors) => {
    const { rig, client } = doors
    const { id } = await client.executions.create({
      flow_name: 's12s-fails',
      wrappers: [{ name: 'retry', input: { delay_sec: 3600 } }],
    })
    await rig.reaches(id, 'SCHEDULED')
    assert.equal((await rig.children(id)).length, 1)
    await client.executions.cancel(id)
    const cancelled = await through(doors, 'retry', { delay_sec: 0 }, { flow_name: 's12s-cancels' })
    assert.deepEqual([cancelled.status, cancelled.message], ['ENDED_CANCELLED', 'not today'])
  })

  item('12.7.timeout', 'timeout cancels what takes too long, and fails', async (doors) => {
    const { rig } = doors
    const late = await through(doors, 'timeout', { timeout_sec: 0.5 }, { flow_name: 's12s-sleeps' })
    assert.equal(late.status, 'ENDED_ERROR')
    assert.match(late.message ?? '', /s12s-sleeps did not end within 0\.5 s/)
    const [child] = await rig.children(late.id)
    assert.equal((await rig.ended(child?.id ?? '')).status, 'ENDED_CANCELLED')
    const what = { flow_name: 's12s-echo', input_value: { a: 1 } }
    const inTime = await through(doors, 'timeout', { timeout_sec: 60 }, what)
    assert.deepEqual(outcome(inTime), ['ENDED_SUCCESS', { got: { a: 1 } }])
  })

  item(
    '12.7.notify',
    'notify tells of errors and cancels by default, of successes on request',
    async (doors) => {
      const { rig, client } = doors
      await rig.flow('s12s-told', 'return 1')
      const told = async (flow: string, more: { readonly [key: string]: Json } = {}) => {
        const input = {
          flow: 's12s-told',
          to: ['somebody'],
          subject: '{{child.name}}|{{child.status}}|{{child.message}}',
          body: '{{self.url}}',
          base_url: 'https://here',
          ...more,
        }
        const ended = await through(doors, 'notify', input, { flow_name: flow })
        const children = await rig.children(ended.id)
        const runs = children.filter(({ flow_name: name }) => name === 's12s-told')
        return { ended, inputs: runs.map((run) => run.input_value as Record<string, unknown>) }
      }
      const cancelled = await told('s12s-cancels')
      assert.equal(cancelled.ended.status, 'ENDED_CANCELLED')
      const [text] = cancelled.inputs
      assert.equal(text?.['subject'], 's12s-cancels|ENDED_CANCELLED|not today')
      assert.equal(text['body'], `https://here/api/latest/execution/${cancelled.ended.id}`)
      assert.deepEqual(text['to'], ['somebody'])
      assert.equal((await told('s12s-fails')).inputs.length, 1)
      assert.equal((await told('s12s-fails', { notify_on_error: false })).inputs.length, 0)
      assert.equal((await told('s12s-echo')).inputs.length, 0)
      const good = await told('s12s-echo', { notify_on_success: true })
      assert.deepEqual([good.ended.status, good.inputs.length], ['ENDED_SUCCESS', 1])
      assert.equal((await client.executions.get(good.ended.id)).message, null)
    },
  )

  item(
    '12.7.notify',
    'notify runs a flow when the status is another one than the last time',
    async (doors) => {
      const { rig, client } = doors
      await rig.flow('s12s-changed', 'return 1')
      await client.settings.put('s12s-counter', 0)
      const changes = async (good: number): Promise<unknown[]> => {
        const ended = await through(
          doors,
          'notify',
          { notify_on_error: false, changed_flow: 's12s-changed', state_setting: 's12s-state' },
          { flow_name: 's12s-counts', input_value: { counter: 's12s-counter', good } },
        )
        const children = await rig.children(ended.id)
        return children.flatMap(({ flow_name: name, input_value: input }) => {
          const { before, status } = input as Record<string, Json>
          return name === 's12s-changed' ? [[before, status]] : []
        })
      }
      assert.deepEqual(await changes(1), [[null, 'ENDED_SUCCESS']])
      assert.deepEqual(await changes(1), [])
      assert.deepEqual(await changes(100), [['ENDED_SUCCESS', 'ENDED_ERROR']])
    },
  )

  item(
    ['12.7.interactive', '9.12'],
    'interactive asks a person, who tries again, goes on or gives up',
    async (doors) => {
      const { rig, client, rest } = doors
      const start = async (input: { readonly [key: string]: Json }): Promise<string> => {
        const more = { wrappers: [{ name: 'interactive', input }] }
        return (await client.executions.create({ flow_name: 's12s-fails', ...more })).id
      }
      const press = async (id: string, button: string): Promise<void> => {
        const { message_id: message } = await rig.reaches(id, 'WAITING_RESPONSE')
        const reply = await rest('POST', `/message/${String(message)}/reply`, {
          response: { [button]: true },
        })
        assert.equal(reply.status, 200, reply.text)
      }
      const again = await start({})
      await press(again, 'retry')
      await until(async () => (await rig.children(again)).length === 2, { what: 'a second try' })
      await press(again, 'continue')
      const goneOn = await rig.ended(again)
      assert.deepEqual(outcome(goneOn), ['ENDED_SUCCESS', { partial: 1 }])

      const givenUp = await start({})
      await press(givenUp, 'fail')
      assert.equal((await rig.ended(givenUp)).status, 'ENDED_ERROR')
      const late = await start({ interactive_limit_minutes: 0.01 })
      const { status, message } = await rig.ended(late)
      assert.equal(status, 'ENDED_ERROR')
      assert.match(message ?? '', /no good/)
    },
  )

  item('12.7.check', 'check lets a flow or a script judge the output', async (doors) => {
    const { rig } = doors
    const what = { flow_name: 's12s-echo', input_value: { n: 1 } }
    const judge = (checker: string, input: object = {}): Promise<Execution> =>
      through(doors, 'check', { checker_script: checker, checker_input: input as Json }, what)
    const content = await judge(
      `export default (system, self, i) => i.output_value.got.n === i.wanted && i.input_value.n === 1`,
      { wanted: 1 },
    )
    assert.deepEqual(outcome(content), ['ENDED_SUCCESS', { got: { n: 1 } }])
    const not = await judge(`export default (system, self) => self.error('n is too small')`)
    assert.deepEqual(outcome(not), ['ENDED_ERROR', { got: { n: 1 } }])
    assert.match(not.message ?? '', /not content: n is too small/)
    assert.equal((await judge('export default () => false')).status, 'ENDED_ERROR')
    await rig.flow(
      's12s-checker',
      'return { success: false, message: "no: " + inputs.execution_id }',
    )
    const flow = await through(doors, 'check', { checker_flow: 's12s-checker' }, what)
    const [wrapped] = await rig.children(flow.id)
    assert.ok(flow.message?.endsWith(`no: ${String(wrapped?.id)}`), flow.message ?? '')
  })

  item(
    '12.7.validate',
    'validate checks the inputs before, and the output after',
    async (doors) => {
      const { rig } = doors
      const run = (input: Json, schemas: { readonly [key: string]: Json }): Promise<Execution> =>
        through(doors, 'validate', schemas, { flow_name: 's12s-echo', input_value: input })
      const schema = {
        type: 'object',
        required: ['n'],
        properties: { n: { type: 'integer', minimum: 1 }, list: { items: { enum: ['x', 'y'] } } },
        additionalProperties: false,
      }
      const good = await run({ n: 1, list: ['x'] }, { input_schema: schema })
      assert.equal(good.status, 'ENDED_SUCCESS', good.message ?? '')
      const bad = await run({ n: 0.5, list: ['z'], more: 1 }, { input_schema: schema })
      assert.equal(bad.status, 'ENDED_ERROR')
      for (const place of [/SchemaValidationError/, /\/n must be integer/, /\/list\/0/, /\/more/])
        assert.match(bad.message ?? '', place)
      assert.equal((await rig.children(bad.id)).length, 0)
      const output = { properties: { got: { required: ['m'] } } }
      const wrong = await run({ n: 1 }, { output_schema: output })
      assert.deepEqual(outcome(wrong), ['ENDED_ERROR', { got: { n: 1 } }])
      assert.match(wrong.message ?? '', /\/got\/m is missing/)
      const unknown = await run({}, { input_schema: { dependentSchemas: {} } })
      assert.match(unknown.message ?? '', /dependentSchemas/)
    },
  )
})
