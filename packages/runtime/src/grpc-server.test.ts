import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { queryObjects } from 'node:v8'
import { soon } from './clock.ts'
import { createGrpcClient, type GrpcClient } from './grpc-client.ts'
import type { CallContext } from './grpc-contract.ts'
import { served, serveGrpc, type GrpcServer } from './grpc-server.ts'
import { createLogger } from './logger.ts'

interface Piece {
  readonly text: string
}

const service = {
  read: {
    path: '/test.Pieces/Read',
    requestStream: false,
    responseStream: true,
    requestSerialize: (): Buffer => Buffer.of(),
    requestDeserialize: (): object => ({}),
    responseSerialize: ({ text }: Piece): Buffer => Buffer.from(text),
    responseDeserialize: (bytes: Buffer): Piece => ({ text: bytes.toString() }),
  },
} as const

describe('a stream', () => {
  let server: GrpcServer
  let client: GrpcClient<typeof service>
  let pieces: (context: CallContext) => AsyncIterable<Piece>

  beforeEach(async () => {
    server = await serveGrpc({
      log: createLogger('test', { level: 'silent' }),
      services: [served(service, { read: (_request, context) => pieces(context) })],
    })
    client = createGrpcClient(service, `127.0.0.1:${server.port}`)
  })
  afterEach(async () => {
    client.close()
    await server.close()
  })

  it('that stays open keeps nothing of what it has sent', async () => {
    pieces = async function* () {
      for (;;) yield { text: 'a' }
    }
    const reader = client.read({})[Symbol.asyncIterator]()
    const take = async (count: number): Promise<number> => {
      for (let taken = 0; taken < count; taken += 1)
        assert.equal((await reader.next()).value?.text, 'a')
      return Number(queryObjects(Function))
    }
    const before = await take(100)
    const grownBy = (await take(2_000)) - before
    await reader.return?.()
    // A wait is held by the functions that end it: kept, they are 4,000 of those for a next piece, and
    // 250 of those for room, of which there is none after 16 pieces.
    assert.ok(grownBy < 100, `${grownBy} more functions`)
  })

  it('whose reader leaves ends, also when that makes its source fail', async () => {
    const { promise: failed, resolve: fail } = Promise.withResolvers<void>()
    pieces = async function* ({ signal }) {
      yield { text: 'a' }
      await aborted(signal)
      fail()
      throw new Error('its reader has gone')
    }
    for await (const { text } of client.read({})) {
      assert.equal(text, 'a')
      break
    }
    await failed
    await new Promise<void>(soon)
  })

  it('whose reader leaves ends, also when its source goes on waiting', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    pieces = () => {
      const source = (async function* (): AsyncGenerator<Piece> {
        yield { text: 'a' }
        await new Promise(() => undefined)
      })()
      const done = { done: true, value: undefined } as const
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => source.next(),
          return: () => Promise.resolve(done).finally(end),
        }),
      }
    }
    for await (const { text } of client.read({})) {
      assert.equal(text, 'a')
      break
    }
    await ended
  })

  it('whose reader leaves without having taken all there was room for ends', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    pieces = async function* () {
      try {
        for (;;) yield { text: 'x'.repeat(1_000_000) }
      } finally {
        end()
      }
    }
    for await (const { text } of client.read({})) {
      assert.equal(text.length, 1_000_000)
      break
    }
    await ended
  })
})

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
