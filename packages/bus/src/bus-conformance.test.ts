import { startNats } from '@millrace/testkit'
import { describeBus } from './bus-conformance-fixture.ts'
import { testBus, type TestBus } from './bus-fixture.ts'

describeBus('NATS', async () => {
  const nats = await startNats()
  const buses: TestBus[] = []
  return {
    async bus() {
      const bus = await testBus(nats.url)
      buses.push(bus)
      return bus
    },
    wipe: () => nats.wipe(),
    async [Symbol.asyncDispose]() {
      await Promise.all(buses.map((bus) => bus.close()))
      await nats.stop()
    },
  }
})
