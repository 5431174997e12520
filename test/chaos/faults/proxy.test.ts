import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { monotonicMs, sleep } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { createRng } from '../rng.ts'
import { type Proxy, startProxy } from './proxy.ts'

describe('the TCP proxy', { timeout: 30_000 }, () => {
  let resources: AsyncDisposableStack
  /** What reached the server. */
  let arrived: string
  let ended: number
  let proxy: Proxy

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    arrived = ''
    ended = 0
    // Answers every line with `<line>!`.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        arrived += String(chunk)
        socket.write(String(chunk).replaceAll('\n', '!\n'))
      })
      socket.on('end', () => {
        ended += 1
        socket.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    resources.defer(() => new Promise((resolve) => server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    const upstream = (): Promise<{ host: string; port: number }> =>
      Promise.resolve({ host: '127.0.0.1', port })
    proxy = resources.use(await startProxy({ upstream, rng: createRng(1) }))
  })
  afterEach(() => resources.disposeAsync())

  interface Caller {
    readonly socket: Socket
    readonly got: () => string
    readonly how: () => string | null
  }

  function call(): Caller {
    const socket = connect(proxy.port, '127.0.0.1')
    resources.defer(() => void socket.destroy())
    let text = ''
    let how: string | null = null
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('error', (error: NodeJS.ErrnoException) => (how = error.code ?? error.message))
    socket.on('end', () => (how = 'end'))
    return { socket, got: () => text, how: () => how }
  }

  const says = (caller: Caller, text: string) =>
    until(() => caller.got() === text, { what: `the answer ${text}, not ${caller.got()}` })

  test('passes both directions, and the end of a connection', async () => {
    const caller = call()
    caller.socket.write('one\n')
    await says(caller, 'one!\n')
    caller.socket.end()
    await once(caller.socket, 'close')
    assert.equal(caller.how(), 'end')
    assert.equal(ended, 1)
    await until(() => proxy.connections.length === 0, { what: 'nothing open' })
  })

  test('passes more than the sockets hold', async () => {
    const caller = call()
    const long = 'x'.repeat(5_000_000)
    caller.socket.write(`${long}\n`)
    await until(() => caller.got().length === long.length + 2, { what: 'all of it' })
  })

  test('delays in order', async () => {
    proxy.behave({ up: { kind: 'delay', ms: 100, jitterMs: 100 } })
    const caller = call()
    const from = monotonicMs()
    for (const word of ['a', 'b', 'c', 'd']) {
      caller.socket.write(`${word}\n`)
      await sleep(5)
    }
    await says(caller, 'a!\nb!\nc!\nd!\n')
    assert.ok(monotonicMs() - from >= 100)
    assert.ok(proxy.hits.delayed > 0)
  })

  test('a stall holds what is sent, and the connections begun meanwhile, until it is healed', async () => {
    const before = call()
    before.socket.write('one\n')
    await says(before, 'one!\n')
    proxy.behave({ up: { kind: 'stall' }, down: { kind: 'stall' } })
    before.socket.write('two\n')
    const during = call()
    during.socket.write('three\n')
    await once(during.socket, 'connect')
    await until(() => proxy.hits.held >= 2, { what: 'both held' })
    assert.equal(arrived, 'one\n')
    proxy.heal()
    await says(before, 'one!\ntwo!\n')
    await says(during, 'three!\n')
  })

  test('what is sent before a stalled connection is closed arrives late all the same', async () => {
    const caller = call()
    caller.socket.write('one\n')
    await says(caller, 'one!\n')
    proxy.behave({ up: { kind: 'stall' } })
    caller.socket.write('late\n')
    await until(() => proxy.hits.held > 0, { what: 'held' })
    caller.socket.destroy()
    await once(caller.socket, 'close')
    proxy.heal()
    await until(() => arrived === 'one\nlate\n', { what: 'the late line' })
  })

  test('one way: the server gets it and the answer stays away', async () => {
    const caller = call()
    proxy.behave({ down: { kind: 'stall' } })
    caller.socket.write('one\n')
    await until(() => arrived === 'one\n' && proxy.hits.held > 0, {
      what: 'the line at the server',
    })
    assert.equal(caller.got(), '')
    proxy.heal()
    await says(caller, 'one!\n')
  })

  test('a reset breaks what is open and what comes', async () => {
    const before = call()
    before.socket.write('one\n')
    await says(before, 'one!\n')
    proxy.behave({ up: { kind: 'reset' } })
    await until(() => before.how() === 'ECONNRESET', { what: 'the reset' })
    const during = call()
    await until(() => during.how() === 'ECONNRESET', { what: 'the reset of the next' })
    proxy.heal()
    const later = call()
    later.socket.write('two\n')
    await says(later, 'two!\n')
  })

  test('half-close ends one direction of one connection, and the other goes on', async () => {
    const caller = call()
    const other = call()
    caller.socket.write('one\n')
    await says(caller, 'one!\n')
    other.socket.write('one\n')
    await says(other, 'one!\n')
    const [connection] = proxy.connections
    connection?.behave({ down: { kind: 'half-close' } })
    await until(() => caller.how() === 'end', { what: 'the end' })
    other.socket.write('two\n')
    await says(other, 'one!\ntwo!\n')
  })

  test('truncates in the middle of an answer', async () => {
    proxy.behave({ down: { kind: 'truncate', bytes: 7 } })
    const caller = call()
    caller.socket.write('one\n')
    await says(caller, 'one!\n')
    caller.socket.write('two\n')
    await until(() => caller.how() === 'ECONNRESET', { what: 'the cut' })
    assert.equal(caller.got(), 'one!\ntw')
  })

  test('loses the answer to what matches, and only after it was done', async () => {
    proxy.behave({ up: { kind: 'lose-answer', after: /commit\n/, chance: 1 } })
    const caller = call()
    caller.socket.write('one\n')
    await says(caller, 'one!\n')
    caller.socket.write('com')
    await until(() => arrived.endsWith('com'), { what: 'half of it' })
    caller.socket.write('mit\n')
    await until(() => caller.how() === 'ECONNRESET', { what: 'the cut' })
    assert.equal(arrived, 'one\ncommit\n')
    assert.ok(!caller.got().endsWith('mit!\n'))
    assert.equal(proxy.hits.answersLost, 1)
    proxy.behave({ up: { kind: 'lose-answer', after: /commit\n/, chance: 0 } })
    const spared = call()
    spared.socket.write('commit\n')
    await says(spared, 'commit!\n')
  })

  test('refuses while nothing listens behind it', async () => {
    const nowhere = resources.use(
      await startProxy({
        upstream: () => Promise.resolve({ host: '127.0.0.1', port: 1 }),
        rng: createRng(1),
      }),
    )
    const socket = connect(nowhere.port, '127.0.0.1')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  })
})
