import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId, now } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { item, useDoors } from '../harness.ts'

/** Long enough to be seen running, and cheap enough for a busy machine. */
const BUSY = `let n = 0; for (let i = 0; i < 2e8; i += 1) n += i % 3; return 'busy done'`

describe('statuses and life cycle', { concurrency: 4, timeout: 180_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('s03-sleeper', 'await self.sleep(3600)')
  })

  item(['3.WAITING_ENGINE', '3.T1'], 'it is born ready, is run, and ends', async ({ rig }) => {
    const created = await rig.start(BUSY)
    assert.deepEqual([created.status, created.is_queued], ['WAITING_ENGINE', true])
    const running = await rig.reaches(created.id, 'AT_ENGINE')
    assert.equal(running.is_queued, false)
    assert.equal((await rig.ended(created.id, 90)).output_value, 'busy done')
  })

  item('3.AT_ENGINE', 'while its code runs a process has it in hand', async ({ rig, client }) => {
    const created = await rig.start(BUSY)
    const running = await rig.reaches(created.id, 'AT_ENGINE')
    assert.ok(running.process_id !== null)
    await client.executions.cancel(created.id)
  })

  item('3.WAITING_DEPENDENCY', 'it says which execution it waits for', async ({ rig, client }) => {
    const parent = await rig.start(`await self.flow('s03-sleeper')`)
    const waiting = await rig.reaches(parent.id, 'WAITING_DEPENDENCY')
    const [child] = await rig.children(parent.id)
    assert.equal(waiting.dependency_id, child?.id)
    await client.executions.cancel(parent.id)
  })

  item('3.WAITING_LOCK', 'it says whose lock it waits for', async ({ rig, client }) => {
    const lock = `s03-${newId()}`
    const setting = await client.settings.put(lock, null)
    const holder = await rig.start(
      `await system.setting(inputs.lock).acquire(); await self.sleep(3600)`,
      { lock },
    )
    await until(async () => (await client.settings.inspectLock(setting.id)).holder === holder.id, {
      what: 'the lock is held',
    })
    const waiter = await rig.start(`await system.setting(inputs.lock).acquire()`, { lock })
    assert.equal((await rig.reaches(waiter.id, 'WAITING_LOCK')).setting_id, setting.id)
    await client.executions.bulk({ action: 'cancel', ids: [waiter.id, holder.id] })
  })

  item(
    '3.WAITING_RESPONSE',
    'it says which message it waits for, until somebody has answered',
    async ({ rig, client }) => {
      const asking = await rig.start(
        `return (await self.message({ request: 'Who?' })).response.string`,
      )
      const waiting = await rig.reaches(asking.id, 'WAITING_RESPONSE')
      const message = await client.messages.get(waiting.message_id ?? '')
      assert.deepEqual([message.status, message.execution_id], ['OPEN', asking.id])
      await client.messages.reply(message.id, { string: 'Ada' })
      const ended = await rig.ended(asking.id)
      assert.deepEqual([ended.output_value, ended.message_id], ['Ada', null])
    },
  )

  item(
    '3.SCHEDULED',
    'asleep, or before its start, it says until when',
    async ({ rig, client }) => {
      const sleeper = await rig.start('await self.sleep(3600)')
      assert.ok((await rig.reaches(sleeper.id, 'SCHEDULED')).scheduled_for !== null)
      const at = new Date(now() + 3_600_000).toISOString()
      const later = await rig.start('return 1', {}, { scheduled_for: at })
      assert.deepEqual(
        [later.status, later.scheduled_for, later.started_at],
        ['SCHEDULED', at, null],
      )
      await client.executions.bulk({ action: 'cancel', ids: [sleeper.id, later.id] })
    },
  )

  item(
    '3.PAUSED',
    'paused, its time passes and nothing happens until it is resumed',
    async ({ rig, client }) => {
      const sleeper = await rig.start(`await self.sleep(0.3); return 'awake'`)
      await rig.reaches(sleeper.id, 'SCHEDULED')
      await client.executions.pause(sleeper.id)
      await until(async () => (await rig.why(sleeper.id)).waits.length === 0, {
        what: 'its time has come',
      })
      assert.equal((await client.executions.get(sleeper.id)).status, 'PAUSED')
      await client.executions.resume(sleeper.id)
      assert.equal((await rig.ended(sleeper.id)).output_value, 'awake')
    },
  )

  item('3.ENDED_SUCCESS', 'success ends it so, with its message and an end', async ({ rig }) => {
    const ended = await rig.run(`self.success('all done')`)
    assert.deepEqual([ended.status, ended.message], ['ENDED_SUCCESS', 'all done'])
    assert.ok(ended.ended_at !== null)
  })

  item('3.ENDED_ERROR', 'an error signal and an exception end it so', async ({ rig }) => {
    const [signalled, thrown] = [await rig.run(`self.error('nope')`), await rig.run('null.x')]
    assert.deepEqual([signalled.status, signalled.message], ['ENDED_ERROR', 'nope'])
    assert.equal(thrown.status, 'ENDED_ERROR')
  })

  item(
    '3.ENDED_CANCELLED',
    'its own signal and somebody else end it so',
    async ({ rig, client }) => {
      const own = await rig.run(`self.cancel('enough')`)
      assert.deepEqual([own.status, own.message], ['ENDED_CANCELLED', 'enough'])
      const sleeper = await rig.start('await self.sleep(3600)')
      await rig.reaches(sleeper.id, 'SCHEDULED')
      const cancelled = await client.executions.cancel(sleeper.id, { message: 'not needed' })
      assert.deepEqual([cancelled.status, cancelled.message], ['ENDED_CANCELLED', 'not needed'])
    },
  )

  item('3.1', 'an end is for good: no action moves it', async ({ rig, rest, client }) => {
    for (const body of ['return 1', `self.error('x')`, `self.cancel('x')`]) {
      const ended = await rig.run(body)
      for (const action of ['cancel', 'pause', 'resume'])
        assert.equal((await rest('POST', `/execution/${ended.id}/${action}`)).status, 409)
      const after = await client.executions.get(ended.id)
      assert.deepEqual([after.status, after.version], [ended.status, ended.version])
    }
  })

  item(
    ['3.2', 'D24'],
    'a signal that is caught stays the outcome, whatever comes after it',
    async ({ rig }) => {
      const ended = await rig.run(`
      try { self.error('first') } catch { }
      try { await self.sleep(0) } catch { }
      self.success('second')`)
      assert.deepEqual([ended.status, ended.message], ['ENDED_ERROR', 'first'])
      const quiet = await rig.run(`try { self.success('done') } catch { }\nreturn 'not this'`)
      assert.deepEqual([quiet.status, quiet.message], ['ENDED_SUCCESS', 'done'])
    },
  )

  item(
    '3.3',
    'an exception that nobody catches is the message, with its name and line',
    async ({ rig }) => {
      const ended = await rig.run(`const a = 1\nnull.b`)
      assert.equal(ended.status, 'ENDED_ERROR')
      assert.match(ended.message ?? '', /TypeError[\s\S]*:3:/)
    },
  )

  item('3.5', 'after a signal only finally runs', async ({ rig }) => {
    const ended = await rig.run(`
      self.log('before')
      try { self.success('done'); for (;;); } finally { Math.random() }
      self.log('never')`)
    assert.deepEqual([ended.status, ended.message], ['ENDED_SUCCESS', 'done'])
    assert.deepEqual(await rig.logs(ended.id), ['before'])
    // No call can be made any more, so that what runs there is seen by the time that it takes alone.
    const stuck = await rig.run(`try { self.success('done') } finally { for (;;); }`)
    assert.equal(stuck.status, 'ENDED_ERROR')
    assert.match(stuck.message ?? '', /CPU time/)
  })

  item(
    '3.11',
    'a run pauses itself and goes on once somebody resumes it',
    async ({ rig, client }) => {
      const started = await rig.start(`await self.pause(); return 'went on'`)
      await rig.reaches(started.id, 'PAUSED')
      await client.executions.resume(started.id)
      assert.equal((await rig.ended(started.id)).output_value, 'went on')
    },
  )

  item('3.12', 'a flow cancels, pauses and resumes its children', async ({ rig }) => {
    const parent = await rig.run(`
      const one = await self.flow('s03-sleeper', {}, { wait: false })
      await one.pause()
      const paused = await one.load('status')
      await one.resume()
      await one.cancel()
      await self.waitFor([one], { returnWhen: 'ALL_ENDED' })
      return [paused, one.status]`)
    assert.deepEqual(parent.output_value, ['PAUSED', 'ENDED_CANCELLED'], parent.message ?? '')
  })

  item('3.T2', 'a pause holds whatever it does, and a resume leads back to it', async (doors) => {
    const { rig, client } = doors
    const lock = `s03-${newId()}`
    const setting = await client.settings.put(lock, null)
    const holder = await rig.start(
      `await system.setting(inputs.lock).acquire(); await self.sleep(3600)`,
      { lock },
    )
    await until(async () => (await client.settings.inspectLock(setting.id)).holder === holder.id, {
      what: 'the lock is held',
    })
    for (const [status, body] of [
      ['SCHEDULED', 'await self.sleep(3600)'],
      ['WAITING_DEPENDENCY', `await self.flow('s03-sleeper')`],
      ['WAITING_LOCK', `await system.setting('${lock}').acquire()`],
      ['WAITING_RESPONSE', `await self.message({ message: 'x' })`],
    ] as const) {
      const started = await rig.start(body)
      await rig.reaches(started.id, status)
      assert.equal((await client.executions.pause(started.id)).status, 'PAUSED')
      assert.equal((await client.executions.resume(started.id)).status, status)
      await client.executions.cancel(started.id)
    }
    const busy = await rig.start(BUSY)
    await rig.reaches(busy.id, 'AT_ENGINE')
    assert.equal((await client.executions.pause(busy.id)).status, 'PAUSED')
    await client.executions.resume(busy.id)
    assert.equal((await rig.ended(busy.id, 90)).output_value, 'busy done')
    await client.executions.cancel(holder.id)
  })

  item('3.T3', 'a cancel ends it in every status that is no end', async ({ rig, client }) => {
    const at = new Date(now() + 3_600_000).toISOString()
    const all = await Promise.all([
      rig.start('return 1', {}, { run: false }),
      rig.start('return 1', {}, { scheduled_for: at }),
      rig.start('await self.sleep(3600)').then(({ id }) => rig.reaches(id, 'SCHEDULED')),
      rig
        .start(`await self.flow('s03-sleeper')`)
        .then(({ id }) => rig.reaches(id, 'WAITING_DEPENDENCY')),
      rig
        .start(`await self.message({ message: 'x' })`)
        .then(({ id }) => rig.reaches(id, 'WAITING_RESPONSE')),
      rig.start(BUSY).then(({ id }) => rig.reaches(id, 'AT_ENGINE')),
    ])
    for (const one of all) {
      const cancelled = await client.executions.cancel(one.id)
      assert.equal(cancelled.status, 'ENDED_CANCELLED', one.status)
      assert.ok(cancelled.ended_at !== null)
    }
  })

  item('3.T4', 'a wait that runs out lets it go on by itself', async ({ rig }) => {
    const started = await rig.start(`
      try { await self.flow('s03-sleeper', {}, { timeout: 0.3 }) } catch (error) { return error.name }`)
    assert.equal((await rig.ended(started.id)).output_value, 'DependencyTimeoutError')
  })
})
