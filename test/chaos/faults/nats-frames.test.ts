import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { startNats, type TestNats } from '@millrace/testkit'
import { until } from '../../stack/index.ts'
import { createRng } from '../rng.ts'
import { upstreamOf } from './links.ts'
import { createFrameSplitter } from './nats-frames.ts'
import { type Proxy, startProxy } from './proxy.ts'

describe('what a client of NATS says', () => {
  test('is split the same way wherever the reads end', () => {
    const said = [
      'CONNECT {"verbose":false}\r\n',
      'SUB event.> 1\r\n',
      'PUB event.moved 7\r\nab\r\ncde\r\n',
      'PUB a _INBOX.1 0\r\n\r\n',
      'HPUB b 12 14\r\nNATS/1.0\r\n\r\nhi\r\n',
      'PING\r\n',
    ]
    const bytes = Buffer.from(said.join(''))
    for (let size = 1; size <= bytes.length; size += 1) {
      const split = createFrameSplitter()
      const frames = []
      for (let at = 0; at < bytes.length; at += size)
        frames.push(...split(bytes.subarray(at, at + size)))
      assert.deepEqual(
        frames.map((frame) => String(frame.bytes)),
        said,
      )
      assert.deepEqual(
        frames.map(({ subject }) => subject),
        [null, null, 'event.moved', 'a', 'b', null],
      )
    }
  })
})

describe('shuffled messages', { timeout: 30_000 }, () => {
  let nats: TestNats
  let proxy: Proxy
  let sender: NatsConnection
  let receiver: NatsConnection

  before(async () => {
    nats = await startNats()
    const upstream = () => Promise.resolve(upstreamOf(nats.url))
    proxy = await startProxy({ upstream, rng: createRng(3), protocol: 'nats' })
    sender = await connect({ servers: `nats://127.0.0.1:${proxy.port}` })
    receiver = await connect({ servers: nats.url })
  })
  after(async () => {
    await sender.close()
    await receiver.close()
    await proxy[Symbol.asyncDispose]()
    await nats.stop()
  })

  const sent = Array.from({ length: 200 }, (_, n) => n)

  async function sendAll(subject: string): Promise<number[]> {
    const got: number[] = []
    receiver.subscribe(subject, { callback: (_, message) => void got.push(message.json()) })
    await receiver.flush()
    for (const n of sent) sender.publish(subject, JSON.stringify(n))
    await sender.flush()
    return got
  }

  test('are late and overtaken, but all there', async () => {
    proxy.behave({ up: { kind: 'shuffle', lost: 0, twice: 0, late: 0.3, withinMs: 300 } })
    const got = await sendAll('late')
    await until(() => got.length >= sent.length, { what: 'all of them' })
    assert.notDeepEqual(got, sent)
    assert.deepEqual(
      got.toSorted((a, b) => a - b),
      sent,
    )
  })

  test('come twice', async () => {
    proxy.behave({ up: { kind: 'shuffle', lost: 0, twice: 1, late: 0, withinMs: 300 } })
    const got = await sendAll('twice')
    await until(() => got.length === 2 * sent.length, { what: 'each of them twice' })
    assert.deepEqual(got.slice(0, sent.length), sent)
  })

  test('are lost', async () => {
    proxy.behave({ up: { kind: 'shuffle', lost: 0.5, twice: 0, late: 0, withinMs: 0 } })
    const got = await sendAll('lost')
    assert.ok(got.length > 50 && got.length < 150, `${got.length} of ${sent.length}`)
    assert.ok(proxy.hits.shuffled > 0)
    // Nobody lost the connection over it.
    proxy.heal()
    assert.deepEqual((await sendAll('healed')).length, sent.length)
  })
})
