import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { it } from 'node:test'
import { startNats } from './start-nats.ts'

it('a NATS server keeps its address when killed, started and wiped', async () => {
  await using nats = await startNats({ running: false })
  assert.equal(await isUp(nats.url), false)
  await nats.start()
  assert.equal(await isUp(nats.url), true)
  await nats.kill()
  assert.equal(await isUp(nats.url), false)
  await nats.start()
  await nats.wipe()
  assert.equal(await isUp(nats.url), true)
  await nats.stop()
  assert.equal(await isUp(nats.url), false)
})

function isUp(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
