import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '@nats-io/transport-node'
import { jetstreamManager } from '@nats-io/jetstream'
import { startNats, type TestNats } from '@millrace/testkit'
import type { DispatchItem } from '@millrace/wire'
import { collector, item, testBus, until, type TestBus } from './bus-fixture.ts'

describe('an outage of NATS heals by itself', () => {
  it('when it is not there at the start', async () => {
    await using nats = await startNats({ running: false })
    await using bus = await testBus(nats.url)
    assert.equal(bus.connected(), false)
    const { came, nudges } = listen(bus)
    await quick(() => bus.publishDispatch('engine', [item()]))
    bus.nudgeTimers(1)
    assert.equal(await bus.pendingDispatch('engine'), null)
    assert.match(await bus.metrics.registry.metrics(), /failures_total\{kind="dispatch".*\} 1/)

    await nats.start()
    await worksAgain(bus, came, nudges)
  })

  it('when it is restarted', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const { came, nudges } = listen(bus)
    await worksAgain(bus, came, nudges)
    for (let round = 0; round < 3; round += 1) {
      await nats.kill()
      await quick(() => bus.publishDispatch('engine', [item()]))
      await nats.start()
      await worksAgain(bus, came, nudges)
    }
  })

  it('when all it stored is wiped', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const { came, nudges } = listen(bus)
    await worksAgain(bus, came, nudges)
    await nats.wipe()
    await worksAgain(bus, came, nudges)
  })

  it('when stream or consumer are deleted under it', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const { came, nudges } = listen(bus)
    await worksAgain(bus, came, nudges)
    await withManager(nats, (manager) => manager.consumers.delete('WORK', 'engine'))
    await worksAgain(bus, came, nudges)
    await withManager(nats, (manager) => manager.streams.delete('WORK'))
    await worksAgain(bus, came, nudges)
  })

  it('and one with another configuration is brought up to date', async () => {
    await using nats = await startNats()
    await withManager(nats, async (manager) => {
      await manager.streams.add({
        name: 'WORK',
        subjects: ['dispatch.*'],
        retention: 'workqueue',
        storage: 'memory',
        max_bytes: 1_000,
      })
    })
    await using bus = await testBus(nats.url)
    const { came, nudges } = listen(bus)
    await worksAgain(bus, came, nudges)
    await withManager(nats, async (manager) => {
      const { config } = await manager.streams.info('WORK')
      assert.equal(config.max_bytes, 256 * 1_024 * 1_024)
      assert.equal(config.discard, 'new')
    })
  })

  it('and closing during one ends', async () => {
    await using nats = await startNats()
    const bus = await testBus(nats.url)
    listen(bus)
    await nats.kill()
    await quick(() => bus.close())
    const never = await testBus(nats.url)
    await quick(() => never.close())
  })
})

function listen(bus: TestBus) {
  const came = collector<DispatchItem>()
  const nudges = collector<number>()
  bus.consumeDispatch('engine', { maxItems: 100 }, ({ items, done }) => {
    came.add(items)
    done()
  })
  bus.onTimerNudge((dueAt) => nudges.add([dueAt]))
  return { came, nudges }
}

/**
 * Work and nudges sent from now on arrive, mostly within half a second; a sweep would repeat both
 * likewise.
 */
async function worksAgain(
  bus: TestBus,
  came: ReturnType<typeof collector<DispatchItem>>,
  nudges: ReturnType<typeof collector<number>>,
): Promise<void> {
  const work = item({ version: came.items.length + 1 })
  const dueAt = nudges.items.length + 1_000
  await until(async () => {
    if (!bus.connected()) return false
    await bus.publishDispatch('engine', [work])
    bus.nudgeTimers(dueAt)
    return (
      came.items.some((each) => each.executionId === work.executionId) &&
      nudges.items.includes(dueAt)
    )
  }, 5_000)
}

async function quick(work: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now()
  await work()
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < 10_000, `took ${tookMs} ms`)
}

async function withManager(
  nats: TestNats,
  work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<unknown>,
): Promise<void> {
  const connection = await connect({ servers: nats.url })
  try {
    await work(await jetstreamManager(connection))
  } finally {
    await connection.close()
  }
}
