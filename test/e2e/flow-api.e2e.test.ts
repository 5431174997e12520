import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ApiError } from '@millrace/client'
import { createRig, type Rig, type Stack, startStack } from '../stack/index.ts'

/** Every call of the flow API, on a whole stack. Connections have a file of their own. */
describe('the flow API', { concurrency: 4, timeout: 240_000 }, () => {
  let stack: Stack
  let rig: Rig

  before(async () => {
    stack = await startStack()
    rig = createRig(stack.client)
    await rig.flow('double', 'return { twice: inputs.n * 2 }')
    await rig.flow('fails', 'throw new TypeError("no good")')
    await rig.flow('late', 'await self.sleep(inputs.seconds); return inputs.seconds')
    await rig.flow('cancels', 'self.cancel("not today")')
  })
  after(() => stack.stop())

  describe('children', { concurrency: true }, () => {
    test('a child is awaited by default and its output is at hand', async () => {
      const output = await rig.output(`
        const child = await self.flow('double', { n: 21 })
        return { status: child.status, output: child.output, got: await child.get('output_value'), name: child.name }`)
      assert.deepEqual(output, {
        status: 'ENDED_SUCCESS',
        output: { twice: 42 },
        got: { twice: 42 },
        name: 'double',
      })
    })

    test('a child knows its parent, its root and its flow', async () => {
      const parent = await rig.run(`await self.flow('double', { n: 1 }, { name: 'my child' })`)
      const [child] = await rig.children(parent.id)
      assert.ok(child !== undefined)
      assert.equal(child.parent_execution_id, parent.id)
      assert.equal(child.top_execution_id, parent.id)
      assert.equal(child.name, 'my child')
      assert.equal(child.flow_name, 'double')
      assert.deepEqual(child.input_value, { n: 1 })
      assert.equal(child.type, 'FLOW')
      assert.equal(parent.type, 'SCRIPT')
    })

    test('with wait: false the parent goes on at once and may end before its child', async () => {
      const parent = await rig.run(`
        const child = await self.flow('late', { seconds: 1 }, { wait: false })
        return { id: child.id, status: child.status }`)
      const { id } = parent.output_value as { id: string }
      const child = await rig.ended(id)
      assert.equal(child.status, 'ENDED_SUCCESS')
      assert.ok(Date.parse(child.ended_at ?? '') > Date.parse(parent.ended_at ?? ''))
    })

    test('with run: false the child stands still until it is run', async () => {
      const parent = await rig.start(`
        const child = await self.flow('double', { n: 4 }, { run: false })
        await gate(self, 'look')
        await child.run()
        return child.output`)
      const child = (await untilChild(parent.id, 'double')) ?? assert.fail()
      assert.equal(child.status, 'PAUSED')
      await rig.openGate(parent.id, 'look')
      assert.deepEqual((await rig.ended(parent.id)).output_value, { twice: 8 })
    })

    test('a child that fails throws DependencyFailedError with what failed', async () => {
      const output = await rig.output(`
        try { await self.flow('fails') } catch (error) {
          return { name: error.name, message: error.message, failed: error.executions.map((e) => e.status) }
        }`)
      const { name, message, failed } = output as {
        name: string
        message: string
        failed: string[]
      }
      assert.equal(name, 'DependencyFailedError')
      assert.match(message, /fails.*no good/s)
      assert.deepEqual(failed, ['ENDED_ERROR'])
    })

    test('a failure that nobody catches fails the parent too', async () => {
      const parent = await rig.run(`await self.flow('fails')`)
      assert.equal(parent.status, 'ENDED_ERROR')
      assert.match(parent.message ?? '', /DependencyFailedError.*no good/s)
    })

    test('a child that is cancelled counts as failed', async () => {
      const output = await rig.output(
        `try { await self.flow('cancels') } catch (error) { return [error.name, error.executions[0].status] }`,
      )
      assert.deepEqual(output, ['DependencyFailedError', 'ENDED_CANCELLED'])
    })

    test('with wait: ALL_ENDED a failure is looked at and not thrown', async () => {
      assert.equal(
        await rig.output(`return (await self.flow('fails', {}, { wait: 'ALL_ENDED' })).status`),
        'ENDED_ERROR',
      )
    })

    test('a flow that does not exist throws ResourceNotFoundError naming it', async () => {
      const output = await rig.output(
        `try { await self.flow('nowhere') } catch (error) { return [error.name, error.message] }`,
      )
      const [name, message] = output as [string, string]
      assert.equal(name, 'ResourceNotFoundError')
      assert.match(message, /nowhere/)
    })

    test('a flow may start itself', async () => {
      await rig.flow(
        'countdown',
        `return inputs.n === 0 ? 0 : 1 + (await self.flow('countdown', { n: inputs.n - 1 })).output`,
      )
      assert.equal(await rig.output(`return (await self.flow('countdown', { n: 5 })).output`), 5)
    })

    test('a script is a child without a flow', async () => {
      const parent = await rig.run(`
        const child = await self.script('export default (system, self, inputs) => inputs.a + 1', { a: 1 })
        return [child.type, child.output]`)
      assert.deepEqual(parent.output_value, ['SCRIPT', 2])
    })

    test('a child made again under the same parent is another child', async () => {
      const parent = await rig.run(
        `for (let n = 0; n < 3; n += 1) await self.flow('double', { n })`,
      )
      assert.equal((await rig.children(parent.id)).length, 3)
    })
  })

  describe('waitFor', { concurrency: true }, () => {
    /** Starts one child per duration in ms; a negative one fails at once. */
    const START = `
      const start = (ms) => ms < 0
        ? self.flow('fails', {}, { wait: false })
        : self.flow('late', { seconds: ms / 1000 }, { wait: false })
      const all = []
      for (const ms of inputs.ms) all.push(await start(ms))
      const statuses = () => Promise.all(all.map((child) => child.load('status')))
      const ids = (list) => list.map((child) => all.findIndex((one) => one.id === child.id))
      try {
        const ended = await self.waitFor(all, inputs.options)
        return { ended: ids(ended), statuses: await statuses() }
      } catch (error) {
        return { name: error.name, statuses: await statuses() }
      }`
    const waitFor = (ms: number[], options: object) =>
      rig.output(START, { ms, options: options as never }) as Promise<{
        ended?: number[]
        name?: string
        statuses: string[]
      }>

    test('ALL_SUCCEEDED is the default', async () => {
      assert.deepEqual(await waitFor([10, 300], {}), {
        ended: [0, 1],
        statuses: ['ENDED_SUCCESS', 'ENDED_SUCCESS'],
      })
    })

    test('ALL_SUCCEEDED throws as soon as one has failed', async () => {
      const { name, statuses } = await waitFor([60_000, -1], { returnWhen: 'ALL_SUCCEEDED' })
      assert.equal(name, 'DependencyFailedError')
      assert.equal(statuses[1], 'ENDED_ERROR')
      assert.notEqual(statuses[0], 'ENDED_SUCCESS')
    })

    test('ALL_ENDED takes every end', async () => {
      const { ended, statuses } = await waitFor([100, -1], { returnWhen: 'ALL_ENDED' })
      assert.deepEqual(ended, [0, 1])
      assert.deepEqual(statuses, ['ENDED_SUCCESS', 'ENDED_ERROR'])
    })

    test('FIRST_ENDED returns with the first, whatever its end', async () => {
      const { ended } = await waitFor([60_000, -1], { returnWhen: 'FIRST_ENDED' })
      assert.deepEqual(ended, [1])
    })

    test('FIRST_SUCCEEDED passes over failures', async () => {
      const { ended } = await waitFor([60_000, -1, 200], { returnWhen: 'FIRST_SUCCEEDED' })
      assert.ok(ended?.includes(2))
      assert.ok(!ended?.includes(0))
    })

    test('FIRST_SUCCEEDED throws when none can succeed any more', async () => {
      assert.equal(
        (await waitFor([-1, -1], { returnWhen: 'FIRST_SUCCEEDED' })).name,
        'DependencyFailedError',
      )
    })

    test('n of m that have ended', async () => {
      const { ended } = await waitFor([60_000, -1, 200], { returnWhen: { ended: 2 } })
      assert.deepEqual(ended, [1, 2])
    })

    test('n of m that have succeeded', async () => {
      const { ended } = await waitFor([60_000, 100, -1, 200], { returnWhen: { succeeded: 2 } })
      assert.ok(ended?.includes(1) && ended.includes(3) && !ended.includes(0))
    })

    test('n of m throws when too many have failed', async () => {
      assert.equal(
        (await waitFor([60_000, -1, -1], { returnWhen: { succeeded: 2 } })).name,
        'DependencyFailedError',
      )
    })

    test('a timeout throws DependencyTimeoutError and leaves the children alone', async () => {
      const { name, statuses } = await waitFor([1500], { timeout: 0.3 })
      assert.equal(name, 'DependencyTimeoutError')
      assert.notEqual(statuses[0], 'ENDED_CANCELLED')
    })

    test('waiting for what has ended already returns at once', async () => {
      const output = await rig.output(`
        const child = await self.flow('double', { n: 1 })
        return (await self.waitFor([child])).length`)
      assert.equal(output, 1)
    })
  })

  describe('time', { concurrency: true }, () => {
    test('sleep never ends early, and says until when', async () => {
      const sleeper = await rig.start('await self.sleep(1.5)')
      const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
      assert.ok(asleep.scheduled_for !== null)
      const ended = await rig.ended(sleeper.id)
      const tookMs = Date.parse(ended.ended_at ?? '') - Date.parse(sleeper.created_at)
      assert.ok(tookMs >= 1500 && tookMs < 6000, `${tookMs} ms`)
      assert.ok(Date.parse(ended.ended_at ?? '') >= Date.parse(asleep.scheduled_for))
    })

    test('sleepUntil takes a Date, a number and a text, and the past is over at once', async () => {
      const ended = await rig.run(`
        const soon = Date.now() + 400
        await self.sleepUntil(new Date(soon))
        await self.sleepUntil(soon + 200)
        await self.sleepUntil(new Date(soon + 400).toISOString())
        await self.sleepUntil(0)
        return Date.now() >= soon + 400`)
      assert.equal(ended.output_value, true)
    })

    test('an execution that is scheduled starts then', async () => {
      const at = Date.now() + 1200
      const started = await rig.start('return 1', {}, { scheduled_for: new Date(at).toISOString() })
      assert.equal(started.status, 'SCHEDULED')
      const ended = await rig.ended(started.id)
      assert.ok(Date.parse(ended.started_at ?? '') >= at)
    })
  })

  describe('the end', { concurrency: true }, () => {
    test('success ends with a message, and nothing after it runs', async () => {
      const ended = await rig.run(
        `self.setOutput('before', 1)\nself.success('all done')\nself.setOutput('after', 2)`,
      )
      assert.equal(ended.status, 'ENDED_SUCCESS')
      assert.equal(ended.message, 'all done')
      assert.deepEqual(ended.output_value, { before: 1 })
    })

    test('returning what success gives is the same', async () => {
      const ended = await rig.run(`return self.success('all done')`)
      assert.deepEqual([ended.status, ended.message], ['ENDED_SUCCESS', 'all done'])
    })

    test('error and cancel end so, with their message', async () => {
      const failed = await rig.run(`self.error('nope')`)
      assert.deepEqual([failed.status, failed.message], ['ENDED_ERROR', 'nope'])
      const cancelled = await rig.run(`self.cancel('enough')`)
      assert.deepEqual([cancelled.status, cancelled.message], ['ENDED_CANCELLED', 'enough'])
    })

    test('a signal that is caught stays the outcome: every later call throws it again', async () => {
      const ended = await rig.run(`
        try { self.error('first') } catch { }
        try { await self.sleep(0) } catch { }
        self.success('second')`)
      assert.deepEqual([ended.status, ended.message], ['ENDED_ERROR', 'first'])
    })

    test('an exception that nobody catches is the message, with the line', async () => {
      const ended = await rig.run(`const a = 1\nnull.b`)
      assert.equal(ended.status, 'ENDED_ERROR')
      assert.match(ended.message ?? '', /TypeError/)
      assert.match(ended.message ?? '', /:3:/)
    })

    test('a returned value is the output; nothing is null', async () => {
      assert.deepEqual((await rig.run(`return { a: [1, 'two', null, true] }`)).output_value, {
        a: [1, 'two', null, true],
      })
      assert.equal((await rig.run('')).output_value, null)
    })

    test('setOutput and save write fields while it runs', async () => {
      const started = await rig.start(`
        self.setOutput('step', 1)
        self.save({ name: 'renamed', message: 'half way' })
        await gate(self, 'look')
        self.setOutput('step', 2)`)
      const seen = await untilChild(started.id, 'look').then(() =>
        stack.client.executions.get(started.id),
      )
      assert.deepEqual(
        [seen.name, seen.message, seen.output_value],
        ['renamed', 'half way', { step: 1 }],
      )
      await rig.openGate(started.id, 'look')
      assert.deepEqual((await rig.ended(started.id)).output_value, { step: 2 })
    })

    test('awaiting what never comes is an error and not a wait for ever', async () => {
      const ended = await rig.run('await new Promise(() => {})')
      assert.equal(ended.status, 'ENDED_ERROR')
    })
  })

  describe('steps, logs and what is recorded', { concurrency: true }, () => {
    test('a step gives its value, synchronous or not', async () => {
      const output = await rig.output(`
        const a = await self.step('sum', () => [1, 2, 3].reduce((x, y) => x + y))
        const b = await self.step('later', async () => { await null; return a * 2 })
        return [a, b]`)
      assert.deepEqual(output, [6, 12])
    })

    test('what a step throws is thrown', async () => {
      const output = await rig.output(
        `try { await self.step('bad', () => { throw new RangeError('too far') }) } catch (e) { return [e.name, e.message] }`,
      )
      assert.deepEqual(output, ['RangeError', 'too far'])
    })

    test('inside a step the API refuses calls', async () => {
      const output = await rig.output(
        `try { await self.step('bad', () => self.sleep(1)) } catch (e) { return e.message }`,
      )
      assert.match(String(output), /step "bad"/)
    })

    test('logs keep their order and their values', async () => {
      const ended = await rig.run(
        `self.log('one', { n: 1 })\nself.log('two')\nawait self.sleep(0.01)\nself.log(3, null)`,
      )
      assert.deepEqual(await rig.logs(ended.id), ['one', { n: 1 }, 'two', 3, null])
    })

    test('savepoints show every call with its line', async () => {
      const ended = await rig.run(
        `await self.step('a', () => 1)\nawait self.sleep(0.01)\nawait self.flow('double', { n: 1 })`,
      )
      const { items } = await stack.client.executions.savepoints(ended.id)
      assert.deepEqual(
        items.map(({ lineno, name }) => [lineno, name]),
        [
          [2, 'a'],
          [3, '0.01 s'],
          [4, 'double'],
        ],
      )
    })

    test('lineno and last_command say where it stands', async () => {
      const sleeper = await rig.start(`const a = 1\n\nawait self.sleep(60)`)
      const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
      assert.equal(asleep.lineno, 4)
      assert.match(asleep.last_command ?? '', /sleep/)
      await stack.client.executions.cancel(sleeper.id)
    })
  })

  describe('settings', { concurrency: true }, () => {
    test('a setting is read and written', async () => {
      await stack.client.settings.put('config', { a: [1] })
      const output = await rig.output(`
        const before = await system.setting('config').get()
        await system.setting('config').set({ ...before, b: 2 })
        return await system.setting('config').get()`)
      assert.deepEqual(output, { a: [1], b: 2 })
      assert.deepEqual((await stack.client.settings.get('config', { by: 'name' })).value, {
        a: [1],
        b: 2,
      })
    })

    test('a setting that does not exist throws ResourceNotFoundError', async () => {
      assert.equal(
        await rig.output(
          `try { await system.setting('missing').get() } catch (e) { return e.name }`,
        ),
        'ResourceNotFoundError',
      )
    })

    test('acquire gives a fencing token that rises, and release frees', async () => {
      await stack.client.settings.put('simple', null)
      const output = await rig.output(`
        const lock = system.setting('simple')
        const first = await lock.acquire()
        await lock.release()
        const second = await lock.acquire({ timeout: 5 })
        await lock.release()
        return second.token > first.token`)
      assert.equal(output, true)
      assert.equal((await stack.client.settings.inspectLock('simple', { by: 'name' })).holder, null)
    })

    test('lock runs alone, gives the result and frees, also after an exception', async () => {
      await stack.client.settings.put('guarded', 0)
      const output = await rig.output(`
        const setting = system.setting('guarded')
        const value = await setting.lock(async () => (await setting.get()) + 5)
        try { await setting.lock(() => { throw new Error('x') }) } catch { }
        await setting.acquire({ timeout: 1 })
        return value`)
      assert.equal(output, 5)
    })
  })

  describe('promises and exceptions', { concurrency: true }, () => {
    test('Promise.all runs children together', async () => {
      const ended = await rig.run(`
        const all = await Promise.all([0.6, 0.6, 0.6, 0.6].map((seconds) => self.flow('late', { seconds })))
        return all.map((child) => child.output)`)
      assert.deepEqual(ended.output_value, [0.6, 0.6, 0.6, 0.6])
      const tookMs = Date.parse(ended.ended_at ?? '') - Date.parse(ended.started_at ?? '')
      assert.ok(tookMs < 2200, `${tookMs} ms`)
    })

    test('Promise.race has the first, and the loser goes on', async () => {
      const parent = await rig.run(`
        const slow = self.flow('late', { seconds: 2 })
        const fast = self.flow('late', { seconds: 0.1 })
        return (await Promise.race([slow, fast])).output`)
      assert.equal(parent.output_value, 0.1)
      const ends = await Promise.all(
        (await rig.children(parent.id)).map((child) => rig.ended(child.id)),
      )
      assert.deepEqual(
        ends.map((child) => child.status),
        ['ENDED_SUCCESS', 'ENDED_SUCCESS'],
      )
    })

    test('Promise.race between a child and a sleep is a timeout', async () => {
      assert.equal(
        await rig.output(
          `return await Promise.race([self.flow('late', { seconds: 20 }), self.sleep(0.2).then(() => 'late')])`,
        ),
        'late',
      )
    })

    test('Promise.any passes over what fails', async () => {
      assert.equal(
        await rig.output(
          `return (await Promise.any([self.flow('fails'), self.flow('late', { seconds: 0.1 })])).output`,
        ),
        0.1,
      )
    })

    test('Promise.allSettled tells all ends', async () => {
      const output = await rig.output(`
        const all = await Promise.allSettled([self.flow('fails'), self.flow('double', { n: 1 })])
        return all.map((one) => one.status)`)
      assert.deepEqual(output, ['rejected', 'fulfilled'])
    })

    test('try, catch and finally go around every call, in order', async () => {
      const output = await rig.output(`
        const order = []
        try {
          try { await self.flow('fails') } finally { order.push('inner'); await self.sleep(0.01) }
        } catch (error) { order.push(error.name) } finally { order.push('outer') }
        return order`)
      assert.deepEqual(output, ['inner', 'DependencyFailedError', 'outer'])
    })

    test('the exception classes can be imported and tell errors apart', async () => {
      const script = `
        import { DependencyFailedError, DependencyTimeoutError, EngineException, TimeoutExceededError } from '@millrace/flow-api'
        import type { Execution, System } from '@millrace/flow-api'
        export default async function handler(system: System, self: Execution): Promise<unknown> {
          const kinds: boolean[] = []
          try { await self.flow('fails') } catch (error) { kinds.push(error instanceof DependencyFailedError, error instanceof EngineException, error instanceof TimeoutExceededError) }
          try { await self.flow('late', { seconds: 30 }, { timeout: 0.2 }) } catch (error) { kinds.push(error instanceof DependencyTimeoutError, error instanceof TimeoutExceededError) }
          return kinds
        }`
      const created = await stack.client.executions.create({ script })
      const ended = await rig.ended(created.id)
      assert.deepEqual([ended.message, ended.output_value], [null, [true, true, false, true, true]])
    })

    for (const [body, name] of [
      [`await self.sleep(-1)`, 'InvalidInputError'],
      [`await self.flow('double', {}, { colour: 'red' })`, 'InvalidInputError'],
      [`await system.setting('nothing').acquire()`, 'ResourceNotFoundError'],
      [`await self.waitFor([], {})`, null],
    ] as const) {
      test(`\`${body}\` ${name === null ? 'is no error' : `throws ${name}`}`, async () => {
        assert.equal(
          await rig.output(`try { ${body}; return null } catch (error) { return error.name }`),
          name,
        )
      })
    }
  })

  describe('scripts', { concurrency: true }, () => {
    test('a flow that does not parse is refused with line and column', async () => {
      await assert.rejects(
        stack.client.flows.create({
          name: 'broken',
          script: 'export default () => {\n  let a = = 1\n}',
        }),
        (error: unknown) => {
          assert.ok(error instanceof ApiError)
          assert.equal(error.status, 422)
          const [field] = error.problem.errors
          assert.equal(field?.pointer, '/script')
          assert.equal(field?.line, 2)
          assert.ok(field?.column !== null)
          return true
        },
      )
    })

    test('an execution keeps the script it started with', async () => {
      await rig.flow('edited', `await gate(self, 'wait')\nreturn 'old'`)
      const started = await stack.client.executions.create({ flow_name: 'edited' })
      await untilChild(started.id, 'wait')
      await rig.flow('edited', `return 'new'`)
      await rig.openGate(started.id, 'wait')
      assert.equal((await rig.ended(started.id)).output_value, 'old')
      assert.equal(
        (await rig.ended((await stack.client.executions.create({ flow_name: 'edited' })).id))
          .output_value,
        'new',
      )
    })

    test('time and chance stand still between calls and go on after them', async () => {
      const output = await rig.output(`
        const a = Date.now(); for (let i = 0; i < 1e6; i += 1); const b = Date.now()
        await self.sleep(0.2)
        return [a === b, Date.now() - a >= 200, Math.random() !== Math.random()]`)
      assert.deepEqual(output, [true, true, true])
    })
  })

  async function untilChild(id: string, name: string) {
    for (;;) {
      const child = (await rig.children(id)).find((one) => one.name === name)
      if (child !== undefined) return child
      const parent = await stack.client.executions.get(id)
      if (parent.ended_at !== null)
        assert.fail(`${id} ended without the child ${name}: ${parent.message}`)
    }
  }
})
