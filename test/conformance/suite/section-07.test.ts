import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { item, useDoors, type Doors } from '../harness.ts'

/** Starts one child per duration in ms (a negative one fails at once), waits, and tells. */
const WAIT = `
  const start = (ms) => ms < 0
    ? self.flow('s07-fails', {}, { wait: false })
    : self.flow('s07-late', { seconds: ms / 1000 }, { wait: false })
  const all = []
  for (const ms of inputs.ms) all.push(await start(ms))
  const statuses = () => Promise.all(all.map((child) => child.load('status')))
  const ids = (list) => list.map((child) => all.findIndex((one) => one.id === child.id))
  try {
    const ended = await self.waitFor(all, inputs.options)
    return { ended: ids(ended), statuses: await statuses() }
  } catch (error) {
    return { name: error.name, statuses: await statuses(), ids: all.map((one) => one.id) }
  }`

interface Waited {
  readonly ended?: number[]
  readonly name?: string
  readonly statuses: string[]
}

const wait = ({ rig }: Doors, ms: number[], options: object): Promise<Waited> =>
  rig.output(WAIT, { ms, options: options as never }) as Promise<never>

describe('waiting for executions', { concurrency: 4, timeout: 180_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('s07-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('s07-fails', 'throw new TypeError("no good")')
    await rig.flow('s07-late', 'await self.sleep(inputs.seconds); return inputs.seconds')
  })

  item(
    ['7.1', '7.10'],
    'several that were started without waiting are waited for together, one by itself',
    async ({ rig }) => {
      const output = await rig.output(`
      const [one, two] = [await self.flow('s07-late', { seconds: 0.2 }, { wait: false }), await self.flow('s07-double', { n: 1 }, { wait: false })]
      const both = await self.waitFor([one, two], { timeout: 60 })
      await one.wait({ timeout: 60 })
      return [both.map((child) => child.status), one.output, two.output]`)
      assert.deepEqual(output, [['ENDED_SUCCESS', 'ENDED_SUCCESS'], 0.2, { twice: 2 }])
    },
  )

  item(['7.2a', '7.4'], 'ALL_ENDED waits for all and takes every end', async (doors) => {
    const { ended, statuses } = await wait(doors, [200, -1], { returnWhen: 'ALL_ENDED' })
    assert.deepEqual(
      [ended, statuses],
      [
        [0, 1],
        ['ENDED_SUCCESS', 'ENDED_ERROR'],
      ],
    )
  })

  item('7.2b', 'ALL_SUCCEEDED is what is meant when nothing is said', async (doors) => {
    const { ended, statuses } = await wait(doors, [10, 300], {})
    assert.deepEqual(
      [ended, statuses],
      [
        [0, 1],
        ['ENDED_SUCCESS', 'ENDED_SUCCESS'],
      ],
    )
    assert.equal((await wait(doors, [10, -1], {})).name, 'DependencyFailedError')
  })

  item(['7.2c', '7.4'], 'FIRST_ENDED is over with the first end, whatever it is', async (doors) => {
    const { ended, statuses } = await wait(doors, [5_000, -1], { returnWhen: 'FIRST_ENDED' })
    assert.deepEqual(ended, [1])
    assert.equal(statuses[1], 'ENDED_ERROR')
    assert.doesNotMatch(statuses[0] ?? '', /^ENDED/)
  })

  item(
    ['7.3', 'D51'],
    'ALL_SUCCEEDED fails as soon as one has, and leaves the others alone',
    async (doors) => {
      const { name, statuses } = await wait(doors, [5_000, -1], { returnWhen: 'ALL_SUCCEEDED' })
      assert.equal(name, 'DependencyFailedError')
      assert.doesNotMatch(statuses[0] ?? '', /^ENDED/)
    },
  )

  item(
    'D52',
    'FIRST_SUCCEEDED passes over failures, and fails once none can succeed',
    async (doors) => {
      const first = await wait(doors, [5_000, -1, 200], { returnWhen: 'FIRST_SUCCEEDED' })
      assert.ok(first.ended?.includes(2) === true && !first.ended.includes(0))
      const none = await wait(doors, [-1, -1], { returnWhen: 'FIRST_SUCCEEDED' })
      assert.equal(none.name, 'DependencyFailedError')
    },
  )

  item('D52', 'n of m that have ended or succeeded; waiting for nothing', async (doors) => {
    const ended = await wait(doors, [5_000, -1, 200], { returnWhen: { ended: 2 } })
    assert.deepEqual(ended.ended, [1, 2])
    const two = { returnWhen: { succeeded: 2 } }
    const succeeded = await wait(doors, [5_000, 100, -1, 200], two)
    assert.ok(succeeded.ended?.includes(1) === true && succeeded.ended.includes(3))
    assert.equal((await wait(doors, [5_000, -1, -1], two)).name, 'DependencyFailedError')
    const nothing = `
      const all = await self.waitFor([])
      try { await self.waitFor([], { returnWhen: 'FIRST_ENDED' }) } catch (error) { return [all, error.name] }`
    assert.deepEqual(await doors.rig.output(nothing), [[], 'InvalidInputError'])
  })

  item(
    ['7.5', 'D55'],
    'a timeout throws, is a TimeoutExceededError, and what was waited for goes on',
    async ({ rig }) => {
      const output = await rig.output(`
      const child = await self.flow('s07-late', { seconds: 1 }, { wait: false })
      let seen = null
      try { await self.waitFor([child], { timeout: 0.2 }) } catch (error) {
        seen = [error.name, error instanceof TimeoutExceededError, error instanceof EngineException]
      }
      await child.wait()
      return [seen, child.status]`)
      assert.deepEqual(output, [['DependencyTimeoutError', true, true], 'ENDED_SUCCESS'])
    },
  )

  item('D55', 'a timeout goes on during a pause', async ({ rig, client }) => {
    const started = await rig.start(
      `try { await self.flow('s07-late', { seconds: 30 }, { timeout: 0.5 }) } catch (error) { return error.name }`,
    )
    await rig.reaches(started.id, 'WAITING_DEPENDENCY')
    await client.executions.pause(started.id)
    await until(async () => (await rig.why(started.id)).waits.length === 0, {
      what: 'the time is up beneath the pause',
    })
    await client.executions.resume(started.id)
    assert.equal((await rig.ended(started.id)).output_value, 'DependencyTimeoutError')
  })

  item(
    '7.6',
    'a wait is looked at: how many, which of them, and under which condition',
    async ({ rig, client }) => {
      const parent = await rig.start(`
      const all = []
      for (let n = 0; n < 3; n += 1) all.push(await self.flow('s07-late', { seconds: 600 }, { wait: false }))
      await self.waitFor(all, { returnWhen: { succeeded: 2 } })`)
      await rig.reaches(parent.id, 'WAITING_DEPENDENCY')
      const [waited] = (await rig.why(parent.id)).waits
      assert.match(waited?.reason ?? '', /2 of 3 executions to succeed/)
      const children = await rig.children(parent.id)
      assert.ok(children.some(({ id }) => waited?.reason?.includes(id)))
      await client.executions.cancel(parent.id)
    },
  )

  item('7.7', 'an execution waits for one that it did not start', async ({ rig }) => {
    const other = await rig.start('await self.sleep(0.5); return 1')
    const ended = await rig.run(`return (await self.waitFor([inputs.id]))[0].output`, {
      id: other.id,
    })
    assert.equal(ended.output_value, 1, ended.message ?? '')
    const unknown = `try { await system.execution(inputs.id).wait() } catch (error) { return error.name }`
    assert.equal(await rig.output(unknown, { id: newId() }), 'ResourceNotFoundError')
  })

  item(['7.8', 'D53'], 'what has ended already is over, or fails, at once', async ({ rig }) => {
    const [good, bad] = [await rig.run('return 1'), await rig.run(`self.error('no')`)]
    const body = `
      const first = await self.waitFor([inputs.good])
      try { await self.waitFor([inputs.bad]) } catch (error) { return [first.length, error.name] }`
    assert.deepEqual(await rig.output(body, { good: good.id, bad: bad.id }), [
      1,
      'DependencyFailedError',
    ])
  })

  item(
    'D54',
    'two that wait for each other: one gets DeadlockError, which names both',
    async ({ rig }) => {
      const body = `
      await gate(self, 'meet')
      const { other } = await system.setting(inputs.setting).get()
      try { await system.execution(other[self.id]).wait(); return 'went on' }
      catch (error) { return { name: error.name, message: error.message } }`
      const setting = `s07-${newId()}`
      const [one, two] = [await rig.start(body, { setting }), await rig.start(body, { setting })]
      await rig.client.settings.put(setting, { other: { [one.id]: two.id, [two.id]: one.id } })
      await Promise.all([rig.openGate(one.id, 'meet'), rig.openGate(two.id, 'meet')])
      const outputs = [
        (await rig.ended(one.id)).output_value,
        (await rig.ended(two.id)).output_value,
      ]
      assert.ok(outputs.includes('went on'), JSON.stringify(outputs))
      const error = outputs.find((output) => output !== 'went on') as {
        name: string
        message: string
      }
      assert.equal(error.name, 'DeadlockError')
      assert.ok(error.message.includes(one.id) && error.message.includes(two.id), error.message)
    },
  )

  item(
    'D56',
    'dependency_id is the one that is waited for, and null for several',
    async ({ rig, client }) => {
      const one = await rig.start(`await self.flow('s07-late', { seconds: 600 })`)
      const waiting = await rig.reaches(one.id, 'WAITING_DEPENDENCY')
      assert.equal(waiting.dependency_id, (await rig.children(one.id))[0]?.id)
      const several = await rig.start(`
      const all = []
      for (let n = 0; n < 2; n += 1) all.push(await self.flow('s07-late', { seconds: 600 }, { wait: false }))
      await self.waitFor(all)`)
      assert.equal((await rig.reaches(several.id, 'WAITING_DEPENDENCY')).dependency_id, null)
      await client.executions.bulk({ action: 'cancel', ids: [one.id, several.id] })
    },
  )

  item(
    'D57',
    'of several things at once the oldest gives the status, why shows all, any lets it go on',
    async ({ rig }) => {
      const started = await rig.start(`
      return await Promise.race([
        self.flow('s07-late', { seconds: 600 }).then(() => 'child'),
        self.sleep(2).then(() => 'time'),
      ])`)
      await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      const why = await rig.why(started.id)
      assert.deepEqual(
        why.waits.map(({ kind }) => kind),
        ['DEPENDENCY', 'TIMER'],
      )
      assert.equal((await rig.ended(started.id)).output_value, 'time')
      for (const child of await rig.children(started.id))
        await rig.client.executions.cancel(child.id)
    },
  )
})
