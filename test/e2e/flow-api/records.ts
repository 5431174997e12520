import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type StackInUse, until } from '../../stack/index.ts'

/** Steps, logs, savepoints, settings and locks. */
export function records(at: StackInUse): void {
  describe('steps, logs and what is recorded', { concurrency: true }, () => {
    test('a step gives its value, synchronous or not', async () => {
      const output = await at.rig.output(`
        const a = await self.step('sum', () => [1, 2, 3].reduce((x, y) => x + y))
        const b = await self.step('later', async () => { await null; return a * 2 })
        return [a, b]`)
      assert.deepEqual(output, [6, 12])
    })

    test('what a step throws is thrown', async () => {
      const output = await at.rig.output(
        `try { await self.step('bad', () => { throw new RangeError('too far') }) } catch (e) { return [e.name, e.message] }`,
      )
      assert.deepEqual(output, ['RangeError', 'too far'])
    })

    test('inside a step the API refuses calls', async () => {
      const output = await at.rig.output(
        `try { await self.step('bad', () => self.sleep(1)) } catch (e) { return e.message }`,
      )
      assert.match(String(output), /step "bad"/)
    })

    test('logs keep their order and their values', async () => {
      const ended = await at.rig.run(
        `self.log('one', { n: 1 })\nself.log('two')\nawait self.sleep(0.01)\nself.log(3, null)`,
      )
      assert.deepEqual(await at.rig.logs(ended.id), ['one', { n: 1 }, 'two', 3, null])
    })

    test('savepoints show every call with its line', async () => {
      const ended = await at.rig.run(
        `await self.step('a', () => 1)\nawait self.sleep(0.01)\nawait self.flow('double', { n: 1 })`,
      )
      const { items } = await at.stack.client.executions.savepoints(ended.id)
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
      const sleeper = await at.rig.start(`const a = 1\n\nawait self.sleep(60)`)
      const asleep = await at.rig.reaches(sleeper.id, 'SCHEDULED')
      assert.equal(asleep.lineno, 4)
      assert.match(asleep.last_command ?? '', /sleep/)
      await at.stack.client.executions.cancel(sleeper.id)
    })
  })

  describe('settings', { concurrency: true }, () => {
    test('a setting is read and written', async () => {
      await at.stack.client.settings.put('config', { a: [1] })
      const output = await at.rig.output(`
        const before = await system.setting('config').get()
        await system.setting('config').set({ ...before, b: 2 })
        return await system.setting('config').get()`)
      assert.deepEqual(output, { a: [1], b: 2 })
      assert.deepEqual((await at.stack.client.settings.get('config', { by: 'name' })).value, {
        a: [1],
        b: 2,
      })
    })

    test('a setting that does not exist throws ResourceNotFoundError', async () => {
      assert.equal(
        await at.rig.output(
          `try { await system.setting('missing').get() } catch (e) { return e.name }`,
        ),
        'ResourceNotFoundError',
      )
    })

    test('acquire gives a fencing token that rises, and release frees', async () => {
      await at.stack.client.settings.put('simple', null)
      const output = await at.rig.output(`
        const lock = system.setting('simple')
        const first = await lock.acquire()
        await lock.release()
        const second = await lock.acquire({ timeout: 5 })
        await lock.release()
        return second.token > first.token`)
      assert.equal(output, true)
      // The release is served after the end that came with it.
      await until(
        async () => {
          const lock = await at.stack.client.settings.inspectLock('simple', { by: 'name' })
          return lock.holder === null ? lock : null
        },
        { what: 'the lock is free' },
      )
    })

    test('lock runs alone, gives the result and frees, also after an exception', async () => {
      await at.stack.client.settings.put('guarded', 0)
      const output = await at.rig.output(`
        const setting = system.setting('guarded')
        const value = await setting.lock(async () => (await setting.get()) + 5)
        try { await setting.lock(() => { throw new Error('x') }) } catch { }
        await setting.acquire({ timeout: 1 })
        return value`)
      assert.equal(output, 5)
    })
  })
}
