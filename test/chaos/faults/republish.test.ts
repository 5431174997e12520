import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/nats-core'
import { startNats, type TestNats } from '@millrace/testkit'
import { until } from '../../stack/index.ts'
import { createRng } from '../rng.ts'
import { startRepublisher } from './republish.ts'

describe('the republisher', { timeout: 30_000 }, () => {
  let nats: TestNats
  let connection: NatsConnection

  before(async () => {
    nats = await startNats()
    connection = await connect({ servers: nats.url })
  })
  after(async () => {
    await connection.close()
    await nats.stop()
  })

  test('sends every message again, once, late and out of order', async () => {
    await using republisher = await startRepublisher({
      url: nats.url,
      rng: createRng(1),
      share: 1,
      withinMs: 500,
    })
    const got: number[] = []
    connection.subscribe('event.moved', { callback: (_, message) => void got.push(message.json()) })
    const sent = Array.from({ length: 50 }, (_, n) => n)
    for (const n of sent) connection.publish('event.moved', JSON.stringify(n))
    await until(() => got.length === 100, { what: 'each of them twice' })
    assert.deepEqual(got.slice(0, 50), sent)
    assert.deepEqual(
      got.slice(50).toSorted((a, b) => a - b),
      sent,
    )
    assert.notDeepEqual(got.slice(50), sent)
    assert.deepEqual([republisher.sent, republisher.waiting], [50, 0])
  })

  test('leaves alone what is NATS’s own, and most of the rest when asked for few', async () => {
    await using republisher = await startRepublisher({
      url: nats.url,
      rng: createRng(1),
      share: 0.1,
      withinMs: 60_000,
    })
    connection.subscribe('ask', { callback: (_, message) => void message.respond('x') })
    for (let n = 0; n < 100; n += 1) await connection.request('ask', 'q')
    await until(() => republisher.waiting > 0, { what: 'a copy that waits' })
    assert.ok(republisher.waiting < 25)
    assert.equal(republisher.sent, 0)
  })
})
