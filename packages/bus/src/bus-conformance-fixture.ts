import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newId } from '@millrace/runtime'
import type { DispatchItem } from '@millrace/wire'
import type { Bus } from './bus.ts'
import { collector, item, until } from './bus-fixture.ts'

/** A server and ways to it, new for each test. */
export interface BusServer extends AsyncDisposable {
  bus(): Promise<Bus>
  /** Takes away all it has stored, and its connections for a moment. */
  wipe(): Promise<void>
}

/** What everything above the bus relies on: the real server keeps it, and the simulated one must. */
export function describeBus(name: string, open: () => Promise<BusServer>): void {
  describe(`the bus over ${name}`, () => {
    it('tells everybody who listens, and of a group one', async () => {
      await using server = await open()
      const [one, other] = [await server.bus(), await server.bus()]
      const all = collector()
      const group = collector()
      for (const bus of [one, other]) {
        bus.onEndedAll((items) => all.add(items))
        bus.onEnded((items) => group.add(items))
      }
      await settled(one, other)
      const ended = { workspaceId: newId(), executionId: newId(), status: 'ENDED_SUCCESS' } as const
      for (let n = 0; n < 6; n += 1) one.publishEnded([ended])
      assert.deepEqual((await all.reached(12))[0], ended)
      assert.equal((await group.reached(6)).length, 6)
    })

    it('gives work to one, and forgets what is done', async () => {
      await using server = await open()
      const [one, other] = [await server.bus(), await server.bus()]
      const came = collector<string>()
      for (const bus of [one, other])
        bus.consumeDispatch('engine', { maxItems: 8 }, ({ items, done }) => {
          came.add(items.map(({ executionId }) => executionId))
          done()
        })
      const sent = Array.from({ length: 40 }, () => item())
      for (const each of sent) assert.equal(await one.publishDispatch('engine', [each]), true)
      const ids = await came.reached(40)
      assert.deepEqual(new Set(ids), new Set(sent.map(({ executionId }) => executionId)))
      await until(async () => (await one.pendingDispatch('engine')) === 0)
    })

    it('gives work again when it was not done', async () => {
      await using server = await open()
      const bus = await server.bus()
      const came = collector<DispatchItem>()
      bus.consumeDispatch('engine', { maxItems: 8 }, ({ items, done }) => {
        came.add(items)
        if (came.items.length === 1) throw new Error('no')
        done()
      })
      await bus.publishDispatch('engine', [item({ version: 3 })])
      const [first, second] = await came.reached(2)
      assert.deepEqual(first, second)
    })

    it('works on when the server has lost everything', async () => {
      await using server = await open()
      const bus = await server.bus()
      const came = collector<number>()
      bus.consumeDispatch('connector', { maxItems: 8 }, ({ items, done }) => {
        came.add(items.map(({ version }) => version))
        done()
      })
      await bus.publishDispatch('connector', [item({ version: 1 })])
      await came.reached(1)
      await server.wipe()
      await until(
        async () => await bus.publishDispatch('connector', [item({ version: 2 })]),
        10_000,
      )
      assert.equal((await came.reached(2)).at(-1), 2)
    })
  })
}

/** Their earlier words have been read by the server. */
async function settled(...buses: Bus[]): Promise<void> {
  for (const bus of buses) await bus.pendingDispatch('engine')
}
