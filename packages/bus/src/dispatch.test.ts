import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '@nats-io/transport-node'
import { sleep } from '@millrace/runtime'
import { startNats } from '@millrace/testkit'
import type { DispatchItem } from '@millrace/wire'
import { collector, item, testBus, until } from './bus-fixture.ts'

describe('the work queue', () => {
  it('shares work between processes, each item once, and forgets what is done', async () => {
    await using nats = await startNats()
    await using publisher = await testBus(nats.url)
    await using one = await testBus(nats.url)
    await using other = await testBus(nats.url)
    const came = collector<string>()
    const counts = [0, 0]
    for (const [index, bus] of [one, other].entries()) {
      bus.consumeDispatch('engine', { maxItems: 1_000 }, ({ items, done }) => {
        counts[index] = (counts[index] ?? 0) + items.length
        came.add(items.map((each) => each.executionId))
        done()
        done()
      })
    }
    const sent = Array.from({ length: 200 }, () => [item(), item()])
    await Promise.all(sent.map((items) => publisher.publishDispatch('engine', items)))
    const ids = await came.reached(400)
    assert.equal(new Set(ids).size, 400)
    assert.ok(Math.min(...counts) > 0, counts.join(' and '))
    await until(async () => (await publisher.pendingDispatch('engine')) === 0)
    assert.equal(await publisher.pendingDispatch('connector'), 0)
  })

  it('shares what is published for connectors at once, which may have it for hours', async () => {
    await using nats = await startNats()
    await using one = await testBus(nats.url)
    await using other = await testBus(nats.url)
    const came = collector<DispatchItem>()
    const counts = [0, 0]
    for (const [index, bus] of [one, other].entries())
      bus.consumeDispatch('connector', { maxItems: 64 }, ({ items }) => {
        counts[index] = (counts[index] ?? 0) + items.length
        came.add(items)
      })
    // Both have asked by then.
    for (const bus of [one, other]) await bus.pendingDispatch('connector')
    await one.publishDispatch(
      'connector',
      Array.from({ length: 128 }, () => item()),
    )
    await came.reached(128)
    assert.deepEqual(counts, [64, 64])
  })

  it('gives to another at once what is handed back, also by who has closed', async () => {
    await using nats = await startNats()
    await using one = await testBus(nats.url)
    await using other = await testBus(nats.url)
    const taken = collector<() => void>()
    const consumer = one.consumeDispatch('connector', { maxItems: 8 }, ({ back }) => {
      taken.add([back])
    })
    await one.publishDispatch('connector', [item()])
    const [back] = await taken.reached(1)
    await consumer.close()
    const came = collector<DispatchItem>()
    other.consumeDispatch('connector', { maxItems: 8 }, ({ items, done }) => {
      came.add(items)
      done()
    })
    const startedMs = performance.now()
    back?.()
    await came.reached(1)
    // Not because its taker gave no sign any more.
    assert.ok(performance.now() - startedMs < 5_000)
  })

  it('gives nobody more than he can take', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const held: (() => void)[] = []
    const came = collector<DispatchItem>()
    bus.consumeDispatch('engine', { maxItems: 3 }, ({ items, done }) => {
      held.push(done)
      came.add(items)
    })
    await Promise.all(Array.from({ length: 9 }, () => bus.publishDispatch('engine', [item()])))
    await came.reached(3)
    assert.equal(await bus.pendingDispatch('engine'), 9)
    assert.equal(came.items.length, 3)
    for (let count = 4; count <= 9; count += 1) {
      held.shift()?.()
      await came.reached(count)
      assert.equal(came.items.length, count)
    }
  })

  it('takes what is above 0 beside a full load, and what is below 0 when nothing else comes', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const held: (() => void)[] = []
    const came = collector<DispatchItem>()
    const ordinary = [item(), item()]
    bus.consumeDispatch('engine', { maxItems: 2 }, ({ items, done }) => {
      held.push(done)
      came.add(items)
    })
    for (const one of [...ordinary, item()]) await bus.publishDispatch('engine', [one])
    await came.reached(2)
    const urgent = [item({ priority: 3 }), item({ priority: 9 })]
    await bus.publishDispatch('engine', urgent)
    const four = await came.reached(4)
    // Those that come together are in the order of their priorities.
    assert.deepEqual(
      four.slice(2).map(({ executionId }) => executionId),
      urgent.toReversed().map(({ executionId }) => executionId),
    )
    const idle = item({ priority: -1 })
    await bus.publishDispatch('engine', [idle])
    const five = await came.reached(5)
    assert.equal(five[4]?.executionId, idle.executionId)
    assert.equal(await bus.pendingDispatch('engine'), 5)
    for (const done of held.splice(0)) done()
    await came.reached(6)
  })

  it('hands on at once what it gets while it closes, and undone work later', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    await using other = await testBus(nats.url)
    const first = collector<DispatchItem>()
    const consumer = bus.consumeDispatch('engine', { maxItems: 100 }, ({ items, done }) => {
      first.add(items)
      done()
    })
    await bus.publishDispatch('engine', [item()])
    await first.reached(1)
    await consumer.close()
    const second = collector<DispatchItem>()
    await bus.publishDispatch('engine', [item({ version: 7 })])
    other.consumeDispatch('engine', { maxItems: 100 }, ({ items, done }) => {
      second.add(items)
      done()
    })
    assert.equal((await second.reached(1, 2_000))[0]?.version, 7)
    assert.equal(first.items.length, 1)
  })

  it('splits what is too much for one message and drops copies that are too large', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const came = collector<DispatchItem>()
    bus.consumeDispatch('connector', { maxItems: 10_000 }, ({ items, done }) => {
      came.add(items)
      done()
    })
    const fresh = {
      type: 'CONNECTION',
      scriptHash: '',
      name: null,
      parentId: null,
      topId: 't',
      traceparent: null,
    }
    const small = { ...fresh, input: JSON.stringify('x'.repeat(30_000)) }
    const large = { ...fresh, input: JSON.stringify('x'.repeat(2_000_000)) }
    const sent = Array.from({ length: 600 }, () => item({ fresh: small }))
    await bus.publishDispatch('connector', [...sent, item({ version: 9, fresh: large })])
    const items = await came.reached(601)
    assert.deepEqual(
      new Set(items.map((each) => each.fresh?.input.length)),
      new Set([30_002, undefined]),
    )
    assert.equal(items.find((each) => each.version === 9)?.fresh, undefined)
  })

  it('drops what is no batch and goes on', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const came = collector<DispatchItem>()
    bus.consumeDispatch('engine', { maxItems: 10 }, ({ items, done }) => {
      came.add(items)
      done()
    })
    const stranger = await connect({ servers: nats.url })
    await stranger.request('dispatch.engine', '{"not": "ours"}')
    await bus.publishDispatch('engine', [item()])
    await came.reached(1)
    await until(async () => (await bus.pendingDispatch('engine')) === 0)
    await stranger.close()
  })

  it('leaves a batch to whoever works on it, and gives it to another soon after he has died', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    await using other = await testBus(nats.url)
    const died = await testBus(nats.url)
    const first = collector<DispatchItem>()
    const second = collector<DispatchItem>()
    died.consumeDispatch('engine', { maxItems: 10 }, ({ items }) => first.add(items))
    await bus.publishDispatch('engine', [item()])
    await first.reached(1)
    other.consumeDispatch('engine', { maxItems: 10 }, ({ items, done }) => {
      second.add(items)
      done()
    })
    // Longer than NATS waits for a taker that says nothing.
    await sleep(8_000)
    assert.equal(second.items.length, 0)
    await died.close()
    await second.reached(1)
  })

  it('gives a batch again when its handler failed', async () => {
    await using nats = await startNats()
    await using bus = await testBus(nats.url)
    const came = collector<DispatchItem>()
    bus.consumeDispatch('engine', { maxItems: 10 }, ({ items, done }) => {
      came.add(items)
      if (came.items.length === 1) throw new Error('no')
      done()
    })
    await bus.publishDispatch('engine', [item()])
    const items = await came.reached(2, 4_000)
    assert.deepEqual(items[0], items[1])
  })
})
