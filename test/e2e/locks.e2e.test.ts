import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ApiError } from '@millrace/client'
import { until, useStack } from '../stack/index.ts'

/** Holds the lock of `inputs.lock` until the test opens its gate. */
const HOLD = `const { token } = await system.setting(inputs.lock).acquire()
  self.setOutput('token', token)
  await gate(self, 'hold')`

describe('locks', { concurrency: 4, timeout: 120_000 }, () => {
  const at = useStack()

  const inspect = (name: string) => at.stack.client.settings.inspectLock(name, { by: 'name' })

  /** Starts an execution and waits until it stands in the lock's queue as the last. */
  const queue = async (lock: string, body: string, input: object = {}) => {
    const before = (await inspect(lock)).waiters.length
    const started = await at.rig.start(body, { lock, ...input })
    await until(async () => (await inspect(lock)).waiters[before]?.execution_id === started.id, {
      what: `place ${before + 1} in the queue`,
    })
    return started
  }

  const holding = async (lock: string) => {
    await at.stack.client.settings.put(lock, null)
    const holder = await at.rig.start(HOLD, { lock })
    await until(async () => (await inspect(lock)).holder === holder.id, { what: `${lock} is held` })
    return holder
  }

  test('ten flows contend for one lock and get it one by one, in the order they asked', async () => {
    await at.stack.client.settings.put('order', [])
    const holder = await holding('ten')
    const waiting: string[] = []
    for (let n = 0; n < 10; n += 1) {
      const started = await queue(
        'ten',
        `return await system.setting(inputs.lock).lock(async () => {
           const { token } = await system.setting(inputs.lock).acquire()
           const seen = await system.setting('order').get()
           await self.sleep(0.01)
           await system.setting('order').set([...seen, inputs.n])
           await system.setting(inputs.lock).release()
           return token
         })`,
        { n },
      )
      waiting.push(started.id)
    }

    const { waiters } = await inspect('ten')
    assert.deepEqual(
      waiters.map(({ execution_id, position }) => [execution_id, position]),
      waiting.map((id, index) => [id, index + 1]),
    )
    const why = await at.rig.why(waiting[4] ?? '')
    assert.equal(why.status, 'WAITING_LOCK')
    const [wait] = why.waits
    assert.equal(wait?.position, 5)
    assert.match(JSON.stringify(wait), new RegExp(holder.id))

    await at.rig.openGate(holder.id, 'hold')
    const ends = await Promise.all(waiting.map((id) => at.rig.ended(id, 60)))
    assert.deepEqual(
      ends.map((end) => end.message),
      waiting.map(() => null),
    )
    assert.deepEqual(
      (await at.stack.client.settings.get('order', { by: 'name' })).value,
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
    const tokens = ends.map((end) => Number(end.output_value))
    assert.deepEqual(
      tokens,
      tokens.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(tokens).size, 10)
  })

  test('two flows that hold what the other wants: one of them gets DeadlockError, the other goes on', async () => {
    await at.stack.client.settings.put('left', null)
    await at.stack.client.settings.put('right', null)
    const body = `
      await system.setting(inputs.first).acquire()
      await gate(self, 'both')
      try { await system.setting(inputs.second).acquire(); return 'got both' }
      catch (error) { return { name: error.name, message: error.message, cycle: error.details.cycle } }`
    const one = await at.rig.start(body, { first: 'left', second: 'right' })
    const two = await at.rig.start(body, { first: 'right', second: 'left' })
    await until(
      async () =>
        (await inspect('left')).holder === one.id && (await inspect('right')).holder === two.id,
      { what: 'both are held' },
    )
    await Promise.all([one, two].map(({ id }) => at.rig.openGate(id, 'both')))

    const outputs = await Promise.all(
      [one, two].map(async ({ id }) => (await at.rig.ended(id)).output_value),
    )
    const errors = outputs.filter(
      (output): output is { name: string; message: string; cycle: never } =>
        typeof output === 'object' && output !== null && !Array.isArray(output),
    )
    assert.equal(errors.length, 1, JSON.stringify(outputs))
    assert.ok(outputs.includes('got both'))
    assert.deepEqual(outputs[1], errors[0], 'the youngest is the one to give up')
    assert.equal(errors[0]?.name, 'DeadlockError')
    assert.match(errors[0]?.message ?? '', /left[\s\S]*right|right[\s\S]*left/)
    const cycle = JSON.stringify(errors[0]?.cycle)
    assert.ok(cycle.includes(one.id) && cycle.includes(two.id), cycle)
  })

  test('a child that wants the lock its waiting parent holds is a deadlock too', async () => {
    await at.stack.client.settings.put('family', null)
    await at.rig.flow('wants-family', `await system.setting('family').acquire()`)
    const parent = await at.rig.run(`
      await system.setting('family').acquire()
      try { await self.flow('wants-family') } catch (error) { return error.message }`)
    assert.match(String(parent.output_value), /DeadlockError/)
    const [child] = await at.rig.children(parent.id)
    assert.equal(child?.status, 'ENDED_ERROR')
  })

  test('a timeout throws LockTimeoutError and leaves the queue', async () => {
    const holder = await holding('slow')
    const output = await at.rig.output(
      `try { await system.setting(inputs.lock).acquire({ timeout: 0.4 }) } catch (error) { return [error.name, error.message] }`,
      { lock: 'slow' },
    )
    const [name, message] = output as [string, string]
    assert.equal(name, 'LockTimeoutError')
    assert.match(message, /slow/)
    const { waiters, holder: still } = await inspect('slow')
    assert.deepEqual([waiters.length, still], [0, holder.id])
    await at.stack.client.executions.cancel(holder.id)
  })

  for (const [how, end] of [
    ['succeeds', (id: string) => at.rig.openGate(id, 'hold')],
    ['is cancelled', async (id: string) => void (await at.rig.client.executions.cancel(id))],
  ] as const) {
    test(`a lock is released when its holder ${how}`, async () => {
      const lock = `ends-${how.replaceAll(' ', '-')}`
      const holder = await holding(lock)
      const next = await queue(lock, HOLD)
      await end(holder.id)
      await until(async () => (await inspect(lock)).holder === next.id, { what: 'the next holder' })
      const tokens = await Promise.all(
        [holder.id, next.id].map(async (id) => (await outputWithToken(id)).token),
      )
      assert.ok((tokens[1] ?? 0) > (tokens[0] ?? 0))
      await at.stack.client.executions.cancel(next.id)
    })
  }

  test('a lock is released when its holder fails', async () => {
    await at.stack.client.settings.put('fragile', null)
    await at.rig.run(`await system.setting('fragile').acquire(); throw new Error('x')`)
    await until(async () => (await inspect('fragile')).holder === null, { what: 'fragile is free' })
  })

  test('a holder may acquire again and must release as often', async () => {
    await at.stack.client.settings.put('again', null)
    const holder = await at.rig.start(`
      const lock = system.setting('again')
      await lock.acquire(); await lock.acquire(); await lock.release()
      await gate(self, 'once')
      await lock.release()
      await gate(self, 'free')`)
    await until(async () => (await at.rig.children(holder.id)).length === 1, {
      what: 'the first gate',
    })
    assert.equal((await inspect('again')).holder, holder.id)
    await at.rig.openGate(holder.id, 'once')
    await until(async () => (await inspect('again')).holder === null, { what: 'again is free' })
    await at.rig.openGate(holder.id, 'free')
    assert.equal((await at.rig.ended(holder.id)).status, 'ENDED_SUCCESS')
  })

  test('force release gives the lock to the next with a higher token', async () => {
    const holder = await holding('stuck')
    const next = await queue('stuck', HOLD)
    const before = await inspect('stuck')
    await at.stack.client.settings.forceRelease('stuck', { by: 'name' })
    const after = await until(
      async () => {
        const now = await inspect('stuck')
        return now.holder === next.id ? now : null
      },
      { what: 'the next holder' },
    )
    assert.ok((after.fencing_token ?? 0) > (before.fencing_token ?? 0))
    assert.deepEqual(after.waiters, [])
    await at.stack.client.executions.bulk({ action: 'cancel', ids: [holder.id, next.id] })
  })

  test('a lock that nobody holds cannot be forced free', async () => {
    await at.stack.client.settings.put('idle', null)
    await assert.rejects(
      at.stack.client.settings.forceRelease('idle', { by: 'name' }),
      (error: unknown) => error instanceof ApiError && error.status === 409,
    )
  })

  test('a semaphore lets as many in as it has places', async () => {
    const body = `const places = system.semaphore('pool', 2)
      await places.acquire(); await gate(self, 'in'); await places.release()`
    const three = await Promise.all([0, 1, 2].map(() => at.rig.start(body)))
    const inside = await until(
      async () => {
        const now = await Promise.all(three.map(({ id }) => at.stack.client.executions.get(id)))
        const byStatus = (status: string) => now.filter((one) => one.status === status)
        return byStatus('WAITING_LOCK').length === 1 && byStatus('WAITING_DEPENDENCY').length === 2
          ? byStatus('WAITING_DEPENDENCY')
          : null
      },
      { what: 'two inside and one outside' },
    )
    const outside = three.find((one) => !inside.some(({ id }) => id === one.id))
    const why = await at.rig.why(outside?.id ?? '')
    assert.match(why.reason ?? '', /the lock 'pool', held by execution/)
    // A setting of that name would be another lock: nobody is told to free that.
    assert.deepEqual([...new Set(why.waits[0]?.unblock?.map(({ action }) => action))], ['cancel'])
    for (const { id } of inside) await at.rig.openGate(id, 'in')
    for (const { id } of three.filter((one) => !inside.some((two) => two.id === one.id)))
      await at.rig.openGate(id, 'in')
    const ends = await Promise.all(three.map(({ id }) => at.rig.ended(id)))
    assert.ok(ends.every((end) => end.status === 'ENDED_SUCCESS'))
  })

  async function outputWithToken(id: string): Promise<{ token: number }> {
    return until(
      async () =>
        (await at.stack.client.executions.get(id)).output_value as { token: number } | null,
      { what: `the token of ${id}` },
    )
  }
})
