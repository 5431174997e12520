import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { GrpcDoor } from './grpc-door.ts'
import { type GrpcServer, served, serveGrpc } from './grpc-server.ts'
import { createLogger } from './logger.ts'
import { ServiceError } from './service-error.ts'

const service = {
  say: {
    path: '/test.Words/Say',
    requestStream: false,
    responseStream: false,
    requestSerialize: (): Buffer => Buffer.of(),
    requestDeserialize: (bytes: Buffer): string => {
      if (bytes.length === 0) throw new Error('no word')
      return bytes.toString()
    },
    responseSerialize: (text: string): Buffer => Buffer.from(text),
    responseDeserialize: (bytes: Buffer): string => bytes.toString(),
  },
} as const

describe('a door', () => {
  let server: GrpcServer
  let session: ClientHttp2Session
  let heard: string[]
  let held: number
  let letGo: PromiseWithResolvers<void>
  let admit: GrpcDoor['admit']
  let silentMs: number

  beforeEach(async () => {
    heard = []
    held = 0
    letGo = Promise.withResolvers()
    admit = () => 8
    silentMs = 60_000
    const say = (word: string): Promise<string> => {
      heard.push(word)
      return Promise.resolve(word)
    }
    server = await serveGrpc({
      log: createLogger('test', { level: 'silent' }),
      services: [served(service, { say })],
      door: {
        callsPerConnection: 7,
        get silentMs() {
          return silentMs
        },
        admit: (call) => admit(call),
        take(_path, bytes) {
          held += bytes
          return () => {
            held -= bytes
            letGo.resolve()
          }
        },
      },
    })
    session = connect(`http://127.0.0.1:${server.port}`)
  })
  afterEach(async () => {
    session.destroy()
    await server.close()
  })

  const call = (): ClientHttp2Stream => {
    const headers = { ':method': 'POST', ':path': '/test.Words/Say', te: 'trailers' }
    const stream = session.request({ ...headers, 'content-type': 'application/grpc' })
    return stream.on('error', () => undefined).resume()
  }
  const statusOf = (stream: ClientHttp2Stream): Promise<number> =>
    new Promise((resolve) => {
      const read = (fields: Record<string, unknown>): void => {
        if (fields['grpc-status'] !== undefined) resolve(Number(fields['grpc-status']))
      }
      stream.on('response', read).on('trailers', read)
    })

  it('lets in what comes byte by byte, and lets go of it at its end', async () => {
    const stream = call()
    const status = statusOf(stream)
    for (const byte of [0, 0, 0, 0, 2, 104, 105])
      await new Promise((resolve) => stream.write(Buffer.of(byte), resolve))
    stream.end()
    assert.equal(await status, 0)
    await letGo.promise
    assert.deepEqual([heard, held], [['hi'], 0])
    assert.equal(session.remoteSettings.maxConcurrentStreams, 7)
  })

  it('refuses by the headers, also when it has to ask', async () => {
    const refusal = new ServiceError('unauthenticated', 'who?')
    admit = () => Promise.reject(refusal)
    assert.equal(await statusOf(call()), 16)
    admit = () => {
      throw refusal
    }
    assert.equal(await statusOf(call()), 16)
    assert.deepEqual(heard, [])
  })

  it('refuses by the size that is announced', async () => {
    const stream = call()
    stream.write(Buffer.of(0, 0, 0, 0, 9))
    assert.equal(await statusOf(stream), 8)
    assert.equal(held, 0)
  })

  it('cuts off what says nothing any more, and lets go of it', async () => {
    silentMs = 50
    const stream = call()
    stream.write(Buffer.of(0, 0, 0, 0, 8, 104))
    await Promise.all([letGo.promise, once(stream, 'close')])
    assert.deepEqual([heard, held], [[], 0])
  })

  it('tells the sender of a message that cannot be read', async () => {
    const stream = call()
    stream.end(Buffer.of(0, 0, 0, 0, 0))
    assert.equal(await statusOf(stream), 3)
  })
})
