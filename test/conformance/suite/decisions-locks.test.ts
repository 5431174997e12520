import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { type Doors, item, useDoors } from '../harness.ts'

const HOLD = `
  const { token } = await system.setting(inputs.lock).acquire()
  self.setOutput('token', token)
  await gate(self, 'hold')`

const inspect = ({ client }: Doors, lock: string) =>
  client.settings.inspectLock(lock, { by: 'name' })

/** A lock with a holder, and `count` who wait for it in order. */
async function queueUp(doors: Doors, count: number): Promise<{ lock: string; ids: string[] }> {
  const { rig, client } = doors
  const lock = `lock-${newId()}`
  await client.settings.put(lock, 0)
  const ids: string[] = []
  for (let n = 0; n <= count; n += 1) {
    const { id } = await rig.start(HOLD, { lock })
    await until(
      async () => {
        const { holder, waiters } = await inspect(doors, lock)
        return n === 0 ? holder === id : waiters[n - 1]?.execution_id === id
      },
      { what: `place ${n}` },
    )
    ids.push(id)
  }
  return { lock, ids }
}

const tokenOf = async ({ client }: Doors, id: string): Promise<number> =>
  until(
    async () => ((await client.executions.get(id)).output_value as { token: number } | null)?.token,
    { what: `the token of ${id}` },
  )

describe('decisions about locks', { concurrency: 3, timeout: 180_000 }, () => {
  useDoors()

  item('D64', 'while one holds the lock, others read and write the value', async (doors) => {
    const { lock, ids } = await queueUp(doors, 0)
    const body = `await system.setting(inputs.lock).set(7); return await system.setting(inputs.lock).get()`
    assert.equal(await doors.rig.output(body, { lock }), 7)
    await doors.client.executions.cancel(ids[0] ?? '')
  })

  item(
    ['D65', 'D66'],
    'they get it in the order in which they asked, each with a larger token, also when a holder is cancelled',
    async (doors) => {
      const { rig, client } = doors
      const { lock, ids } = await queueUp(doors, 3)
      const { waiters } = await inspect(doors, lock)
      assert.deepEqual(
        waiters.map(({ execution_id: id, position }) => [id, position]),
        ids.slice(1).map((id, index) => [id, index + 1]),
      )
      const tokens: number[] = []
      for (const [n, id] of ids.entries()) {
        await until(async () => (await inspect(doors, lock)).holder === id, { what: `turn ${n}` })
        tokens.push(await tokenOf(doors, id))
        if (n % 2 === 0) await rig.openGate(id, 'hold')
        else await client.executions.cancel(id)
      }
      assert.deepEqual(
        tokens,
        [...new Set(tokens)].toSorted((a, b) => a - b),
      )
    },
  )

  item(
    'D65',
    'a holder takes it again and must give it back as often; its end gives all back',
    async (doors) => {
      const { rig, client } = doors
      const lock = `lock-${newId()}`
      await client.settings.put(lock, null)
      const holder = await rig.start(
        `const lock = system.setting(inputs.lock)
       await lock.acquire(); await lock.acquire(); await lock.release()
       await gate(self, 'once')`,
        { lock },
      )
      await until(async () => (await rig.children(holder.id)).length === 1, { what: 'the gate' })
      assert.equal((await inspect(doors, lock)).holder, holder.id)
      await rig.openGate(holder.id, 'once')
      await until(async () => (await inspect(doors, lock)).holder === null, { what: 'it is free' })
    },
  )

  item(
    ['D66', 'D67'],
    'taken away by force it goes to the next with a larger token; when nobody has it, 409',
    async (doors) => {
      const { rest, client } = doors
      const { lock, ids } = await queueUp(doors, 1)
      const before = await tokenOf(doors, ids[0] ?? '')
      const path = `/setting/${lock}/lock/release?by=name`
      assert.equal((await rest('POST', path, {})).status, 422, 'not without force')
      assert.equal((await rest('POST', path, { force: true, reason: 'a test' })).status, 200)
      await until(async () => (await inspect(doors, lock)).holder === ids[1], { what: 'the next' })
      assert.ok((await tokenOf(doors, ids[1] ?? '')) > before)
      await client.executions.bulk({ action: 'cancel', ids })
      await until(async () => (await inspect(doors, lock)).holder === null, { what: 'it is free' })
      assert.equal((await rest('POST', path, { force: true })).status, 409)
    },
  )

  item(
    'D68',
    'a semaphore of two lets two of three in, and the third after one has left',
    async ({ rig, client }) => {
      const body = `const places = system.semaphore(inputs.name, 2)
      await places.acquire(); await gate(self, 'in'); await places.release()`
      const name = `semaphore-${newId()}`
      const three = await Promise.all([0, 1, 2].map(() => rig.start(body, { name })))
      const statuses = async () =>
        Promise.all(
          three.map(async ({ id }) => ({ id, status: (await client.executions.get(id)).status })),
        )
      const [outside, inside] = await until(
        async () => {
          const now = await statuses()
          const waiting = now.filter(({ status }) => status === 'WAITING_LOCK')
          const inside = now.filter(({ status }) => status === 'WAITING_DEPENDENCY')
          return waiting.length === 1 && inside.length === 2
            ? ([waiting[0], inside] as const)
            : null
        },
        { what: 'two inside and one outside' },
      )
      await rig.openGate(inside[0]?.id ?? '', 'in')
      await rig.reaches(outside?.id ?? '', 'WAITING_DEPENDENCY')
      await client.executions.bulk({ action: 'cancel', ids: three.map(({ id }) => id) })
    },
  )
})
