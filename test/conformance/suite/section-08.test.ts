import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type HttpTarget, startHttpTarget, until } from '../../stack/index.ts'
import { item, useDoors } from '../harness.ts'

describe('the flow API', { concurrency: 4, timeout: 180_000 }, () => {
  let target: HttpTarget
  before(async () => {
    target = await startHttpTarget()
  })
  useDoors(async ({ rig }) => {
    await rig.flow('s08-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('s08-fails', 'throw new TypeError("no good")')
  })
  after(() => target[Symbol.asyncDispose]())

  item(
    ['8.1', 'D58'],
    'a handler gets system, itself and its inputs; calls are camelCase, properties are not',
    async ({ client }) => {
      const script = `import type { System, Execution } from '@millrace/flow-api'
      export default async function handler(system: System, self: Execution, inputs: { n: number }) {
        return [typeof system.setting, typeof self.waitFor, await self.get('input_value'), inputs.n]
      }`
      const ended = await client.executions.create(
        { script, input_value: { n: 1 } },
        { waitSeconds: 20 },
      )
      assert.deepEqual(
        ended.output_value,
        ['function', 'function', { n: 1 }, 1],
        ended.message ?? '',
      )
    },
  )

  item(
    ['8.2.get', '8.2.fields'],
    'get keeps what it knew, load reads again; several come as a list',
    async ({ rig }) => {
      const output = await rig.output(`
      const child = await self.script('export default async (s, self) => { await self.sleep(0.3); return 1 }', {}, { wait: false })
      await child.load('status')
      const known = await child.get('status')
      await child.wait()
      const [status, output] = await child.load('status', 'output_value')
      return [known.startsWith('ENDED'), status, output, await child.get('status')]`)
      assert.deepEqual(output, [false, 'ENDED_SUCCESS', 1, 'ENDED_SUCCESS'])
    },
  )

  item('D59', 'load of a name that no execution has is an error', async ({ rig }) => {
    const output = await rig.output(`
      const child = await self.flow('s08-double', { n: 1 })
      const names = []
      for (const read of [() => child.load('colour'), () => child.get('status', 'colour')])
        try { names.push(await read()) } catch (error) { names.push(error.name, error.message.includes('"colour"')) }
      return names`)
    assert.deepEqual(output, ['InvalidInputError', true, 'InvalidInputError', true])
  })

  item(
    '8.3.sleep',
    'sleep and sleepUntil never end early, and the past is over at once',
    async ({ rig }) => {
      const ended = await rig.run(`
      const begun = Date.now()
      await self.sleep(0.3)
      const slept = Date.now() - begun
      await self.sleepUntil(new Date(begun + 600))
      await self.sleepUntil(begun + 700)
      await self.sleepUntil(new Date(begun + 800).toISOString())
      await self.sleepUntil(0)
      return [slept >= 300, Date.now() >= begun + 800]`)
      assert.deepEqual(ended.output_value, [true, true], ended.message ?? '')
    },
  )

  item('8.3.end', 'end ends with each of the statuses', async ({ rig }) => {
    for (const status of ['ENDED_SUCCESS', 'ENDED_ERROR', 'ENDED_CANCELLED']) {
      const ended = await rig.run(`self.end(inputs.status, 'so it is')`, { status })
      assert.deepEqual([ended.status, ended.message], [status, 'so it is'])
    }
  })

  item(
    ['8.3.log', 'D60'],
    'log lines keep their order and values, are read while it runs, and are no output',
    async ({ rig, rest, client }) => {
      const started = await rig.start(
        `self.log('one', { n: 1 })\nself.log('two')\nawait gate(self, 'look')\nself.log(3, null)\nreturn 'out'`,
      )
      await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      const { json } = await rest('GET', `/execution/${started.id}/log`)
      assert.deepEqual(
        (json['items'] as { values: unknown }[]).map(({ values }) => values),
        [['one', { n: 1 }], ['two']],
      )
      await rig.openGate(started.id, 'look')
      assert.equal((await rig.ended(started.id)).output_value, 'out')
      assert.deepEqual(await rig.logs(started.id), ['one', { n: 1 }, 'two', 3, null])
      assert.equal((await client.executions.get(started.id)).message, null)
    },
  )

  item(
    '8.3.setOutput',
    'keys of the output are set one by one or together, and seen while it runs',
    async ({ rig, client }) => {
      const started = await rig.start(`
      self.setOutput('a', 1)
      self.setOutput({ b: 2, c: 3 })
      await gate(self, 'look')
      self.setOutput('a', 4)`)
      await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      assert.deepEqual((await client.executions.get(started.id)).output_value, { a: 1, b: 2, c: 3 })
      await rig.openGate(started.id, 'look')
      assert.deepEqual((await rig.ended(started.id)).output_value, { a: 4, b: 2, c: 3 })
    },
  )

  item(
    'D23',
    'what is returned is the output, nothing is null, and setOutput wins',
    async ({ rig }) => {
      assert.deepEqual((await rig.run(`return { a: [1, 'two', null] }`)).output_value, {
        a: [1, 'two', null],
      })
      const silent = await rig.run('')
      assert.deepEqual(
        [silent.status, silent.output_value, silent.message],
        ['ENDED_SUCCESS', null, null],
      )
      assert.deepEqual((await rig.run(`self.setOutput('a', 1); return 'not this'`)).output_value, {
        a: 1,
      })
    },
  )

  item(
    '8.3.save',
    'save changes name, message and output while it runs',
    async ({ rig, client }) => {
      const started = await rig.start(`
      self.save({ name: 'renamed', message: 'half way', output_value: [1] })
      await gate(self, 'look')`)
      await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      const seen = await client.executions.get(started.id)
      assert.deepEqual([seen.name, seen.message, seen.output_value], ['renamed', 'half way', [1]])
      await client.executions.cancel(started.id)
    },
  )

  item(
    '8.4.execution',
    'system reaches another execution by id, and one that is not there is an error',
    async ({ rig }) => {
      const other = await rig.run(`return 'theirs'`, {}, { name: 'the other' })
      const body = `
      const other = system.execution(inputs.id)
      const values = await other.load('name', 'output_value', 'status')
      try { await system.execution(inputs.nobody).load('status') } catch (error) { return [values, error.name] }`
      assert.deepEqual(await rig.output(body, { id: other.id, nobody: newId() }), [
        ['the other', 'theirs', 'ENDED_SUCCESS'],
        'ResourceNotFoundError',
      ])
    },
  )

  item('8.4.returnWhen', 'system has the conditions by name', async ({ rig }) => {
    assert.deepEqual(await rig.output(`return { ...system.returnWhen }`), {
      ALL_ENDED: 'ALL_ENDED',
      ALL_SUCCEEDED: 'ALL_SUCCEEDED',
      FIRST_ENDED: 'FIRST_ENDED',
      FIRST_SUCCEEDED: 'FIRST_SUCCEEDED',
    })
  })

  item(
    '8.5.1',
    'a setting holds any JSON; code and REST see the same, whole',
    async ({ rig, client }) => {
      const name = `s08-${newId()}`
      await client.settings.put(name, { a: [1] })
      const body = `
      const setting = system.setting(inputs.name)
      const before = await setting.get()
      await setting.set({ b: 2 })
      return [before, await setting.get()]`
      assert.deepEqual(await rig.output(body, { name }), [{ a: [1] }, { b: 2 }])
      assert.deepEqual((await client.settings.get(name, { by: 'name' })).value, { b: 2 })
    },
  )

  item(
    ['8.5.2', '8.5.4'],
    'a setting is acquired and released; the holder is the execution',
    async ({ rig, client }) => {
      const name = `s08-${newId()}`
      await client.settings.put(name, null)
      const holder = await rig.start(
        `const lock = system.setting(inputs.name); await lock.acquire(); await gate(self, 'hold'); await lock.release(); await gate(self, 'free')`,
        { name },
      )
      const held = async () => (await client.settings.inspectLock(name, { by: 'name' })).holder
      await until(async () => (await held()) === holder.id, { what: 'it holds the lock' })
      await rig.openGate(holder.id, 'hold')
      await until(async () => (await held()) === null, { what: 'the lock is free' })
      await rig.openGate(holder.id, 'free')
      assert.equal((await rig.ended(holder.id)).status, 'ENDED_SUCCESS')
    },
  )

  item(
    ['8.5.3', '8.7.3'],
    'the three timeouts have names of their own and one in common',
    async ({ rig, client }) => {
      const name = `s08-${newId()}`
      await client.settings.put(name, null)
      const holder = await rig.start(
        `await system.setting(inputs.name).acquire(); await self.sleep(3600)`,
        { name },
      )
      await until(
        async () => (await client.settings.inspectLock(name, { by: 'name' })).holder !== null,
        {
          what: 'the lock is held',
        },
      )
      const body = `
      try { await system.setting(inputs.name).acquire({ timeout: 0.3 }) }
      catch (error) { return [error.name, error instanceof LockTimeoutError, error instanceof TimeoutExceededError, [DependencyTimeoutError, MessageResponseTimeoutError].every((one) => one.prototype instanceof TimeoutExceededError)] }`
      assert.deepEqual(await rig.output(body, { name }), ['LockTimeoutError', true, true, true])
      await client.executions.cancel(holder.id)
    },
  )

  item('8.7.1', 'all exceptions of the engine have one class in common', async ({ rig }) => {
    const output = await rig.output(`
      return [InternalError, PermissionDenied, LifecycleSignal, ResourceNotFoundError, DependencyFailedError, TimeoutExceededError,
        MissingInputError, InvalidInputError, ExtraInputError, SchemaValidationError, DeadlockError]
        .every((one) => one.prototype instanceof EngineException)`)
    assert.equal(output, true)
  })

  item(
    '8.7.2',
    'what does not exist raises ResourceNotFoundError that names it',
    async ({ rig }) => {
      for (const call of [
        `self.flow('s08-nowhere')`,
        `self.connect('s08-nowhere')`,
        `system.setting('s08-nowhere').get()`,
      ]) {
        const body = `try { await ${call} } catch (error) { return [error.name, error.message] }`
        const [name, message] = (await rig.output(body)) as [string, string]
        assert.equal(name, 'ResourceNotFoundError', call)
        assert.match(message, /s08-nowhere/)
      }
    },
  )

  item(
    ['8.7.4', '8.7.5', '8.7.6'],
    'inputs of a connection that lack, differ or exceed raise their error, and nothing leaves',
    async ({ rig }) => {
      const { url } = target
      for (const [inputs, name] of [
        [{ connector_type: 'REST' }, 'MissingInputError'],
        [
          { connector_type: 'REST', url: `${url}/never`, total_timeout: 'soon' },
          'InvalidInputError',
        ],
        [{ connector_type: 'REST', url: `${url}/never`, colour: 'red' }, 'ExtraInputError'],
      ] as const) {
        const body = `try { await self.connect(inputs) } catch (error) { return error.name }`
        assert.equal(await rig.output(body, inputs), name)
      }
      assert.equal(target.count('/never'), 0)
    },
  )

  item('8.7.7', "the language's own exceptions pass as they are", async ({ rig }) => {
    const output = await rig.output(`
      const seen = []
      for (const work of [() => null.x, () => { throw new RangeError('far') }, () => JSON.parse('{')])
        try { await self.step('s', work) } catch (error) { seen.push(error.name) }
      try { undefined.x } catch (error) { seen.push(error instanceof TypeError) }
      return seen`)
    assert.deepEqual(output, ['TypeError', 'RangeError', 'SyntaxError', true])
  })

  item(
    'D61',
    'a wrong argument is an error that names the call and the argument',
    async ({ rig }) => {
      for (const [call, words] of [
        ['self.sleep(-1)', /sleep.*seconds/],
        [`self.flow('')`, /flow.*name/],
        [`self.waitFor([7])`, /waitFor.*executions/],
        [`self.flow('s08-double', {}, { timeout: 'soon' })`, /timeout/],
        [`system.semaphore('s', 0).acquire()`, /capacity/],
      ] as const) {
        const body = `try { await ${call} } catch (error) { return [error.name, error.message] }`
        const [name, message] = (await rig.output(body)) as [string, string]
        assert.equal(name, 'InvalidInputError', call)
        assert.match(message, words)
      }
    },
  )

  item('D62', 'time and chance stand still between calls and go on after them', async ({ rig }) => {
    const output = await rig.output(`
      const a = Date.now(); for (let i = 0; i < 1e6; i += 1); const b = Date.now()
      await self.sleep(0.2)
      return [a === b, Date.now() - a >= 200, Math.random() !== Math.random()]`)
    assert.deepEqual(output, [true, true, true])
  })

  item(
    'D63',
    'a step gives its value or exception, and refuses calls inside of it',
    async ({ rig }) => {
      const output = await rig.output(`
      const value = await self.step('sum', async () => { await null; return [1, 2].reduce((a, b) => a + b) })
      let refused = null
      try { await self.step('outer', () => self.sleep(1)) } catch (error) { refused = error.message }
      return [value, refused]`)
      const [value, refused] = output as [number, string]
      assert.equal(value, 3)
      assert.match(refused, /outer/)
    },
  )

  item('D25', 'waiting for what can never come ends in error', async ({ rig }) => {
    const ended = await rig.run('await new Promise(() => {})')
    assert.equal(ended.status, 'ENDED_ERROR')
    assert.notEqual(ended.message, null)
  })
})
