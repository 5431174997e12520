import { useConnect } from '@millrace/bus/simulated'
import { useChance, useClock } from '@millrace/runtime/simulated'
import { describeBus } from '../../../packages/bus/src/bus-conformance-fixture.ts'
import { testBus } from '../../../packages/bus/src/bus-fixture.ts'
import { createSimNats } from './nats.ts'
import { World } from './world.ts'

describeBus('the simulated server', () => {
  const world = new World(1)
  const nats = createSimNats(world)
  const state = { isOver: false }
  useClock({
    now: () => Math.floor(world.now),
    monotonicMs: () => world.elapsedMs,
    timer: (ms, fn, repeats) => ({
      cancel: world.timer(ms, 'timer', fn, repeats).cancel,
      unref: () => undefined,
    }),
    soon: (fn) => void world.timer(0, 'soon', fn),
  })
  useChance({ newId: () => world.newId(), random: () => world.rng.next() })
  useConnect(nats.connect)
  const pump = async (): Promise<void> => {
    while (!state.isOver) if (!(await world.step(world.now + 1))) await new Promise(setImmediate)
  }
  const pumping = pump()
  return Promise.resolve({
    bus: () => testBus('simulated'),
    wipe: () => Promise.resolve(nats.wipe(500)),
    async [Symbol.asyncDispose]() {
      state.isOver = true
      await pumping
    },
  })
})
