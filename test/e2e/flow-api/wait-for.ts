import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { now } from '@millrace/runtime'
import type { StackInUse } from '../../stack/index.ts'

/** waitFor in all its modes, and time. */
export function waitFor(at: StackInUse): void {
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
      at.rig.output(START, { ms, options: options as never }) as Promise<{
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
      const { name, statuses } = await waitFor([60_000], { timeout: 0.3 })
      assert.equal(name, 'DependencyTimeoutError')
      assert.notEqual(statuses[0], 'ENDED_CANCELLED')
    })

    test('waiting for what has ended already returns at once', async () => {
      const output = await at.rig.output(`
        const child = await self.flow('double', { n: 1 })
        return (await self.waitFor([child])).length`)
      assert.equal(output, 1)
    })
  })

  describe('time', { concurrency: true }, () => {
    test('sleep never ends early, and says until when', async () => {
      const sleeper = await at.rig.start('await self.sleep(1.5)')
      const asleep = await at.rig.reaches(sleeper.id, 'SCHEDULED')
      assert.ok(asleep.scheduled_for !== null)
      const ended = await at.rig.ended(sleeper.id)
      const tookMs = Date.parse(ended.ended_at ?? '') - Date.parse(sleeper.created_at)
      assert.ok(tookMs >= 1500, `${tookMs} ms`)
      assert.ok(Date.parse(ended.ended_at ?? '') >= Date.parse(asleep.scheduled_for))
    })

    test('sleepUntil takes a Date, a number and a text, and the past is over at once', async () => {
      const ended = await at.rig.run(`
        const soon = Date.now() + 400
        await self.sleepUntil(new Date(soon))
        await self.sleepUntil(soon + 200)
        await self.sleepUntil(new Date(soon + 400).toISOString())
        await self.sleepUntil(0)
        return Date.now() >= soon + 400`)
      assert.equal(ended.output_value, true)
    })

    test('an execution that is scheduled starts then', async () => {
      const startMs = now() + 4_000
      const started = await at.rig.start(
        'return 1',
        {},
        { scheduled_for: new Date(startMs).toISOString() },
      )
      assert.equal(started.status, 'SCHEDULED')
      const ended = await at.rig.ended(started.id)
      assert.ok(Date.parse(ended.started_at ?? '') >= startMs)
    })
  })
}
