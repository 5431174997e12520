import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createLogger, now, ServiceError } from '@millrace/runtime'
import {
  createGrpcClient,
  served,
  serveGrpc,
  type CallContext,
  type GrpcClient,
  type GrpcServer,
} from '@millrace/runtime/grpc'
import { descriptorSet, executionService, lockService, pb } from './index.ts'

// A contract of each kind over a real connection: unary and streaming, errors, deadlines, reflection.
describe('a service over gRPC', () => {
  let server: GrpcServer
  let locks: GrpcClient<typeof lockService>
  let executions: GrpcClient<typeof executionService>
  let seen: CallContext | undefined
  let answer: () => Promise<{ released: boolean }>
  let streamed: (context: CallContext) => AsyncIterable<pb.ExecutionServiceStreamResponse>

  before(async () => {
    const refuse = (): Promise<never> => Promise.reject(new ServiceError('internal', 'secret'))
    const refuseStream = async function* (): AsyncGenerator<never> {
      yield await refuse()
    }
    server = await serveGrpc({
      log: createLogger('test', { level: 'silent' }),
      descriptors: descriptorSet(),
      services: [
        served(lockService, {
          inspect: ({ workspaceId }) =>
            Promise.resolve({
              locks: [{ key: workspaceId, capacity: 1, holders: [], waiters: [], waiterCount: 0 }],
            }),
          forceRelease: (_request, context) => {
            seen = context
            return answer()
          },
          serve: refuse,
        }),
        served(executionService, {
          create: ({ inputValue, target }) =>
            Promise.resolve({
              execution: execution({ properties: { input_value: inputValue, target } }),
            }),
          createBatch: refuse,
          get: refuse,
          list: refuse,
          cancel: refuse,
          pause: refuse,
          resume: refuse,
          debug: refuse,
          readDebug: refuse,
          makeProductive: refuse,
          inspect: refuse,
          why: refuse,
          tree: refuse,
          log: refuse,
          savepoints: refuse,
          savepoint: refuse,
          revert: refuse,
          reverts: refuse,
          rerun: refuse,
          bulk: refuse,
          update: refuse,
          delete: refuse,
          restore: refuse,
          import: refuse,
          doctor: refuse,
          stream: (_request, context) => streamed(context),
          export: () => refuseStream(),
        }),
      ],
    })
    const address = `127.0.0.1:${server.port}`
    locks = createGrpcClient(lockService, address)
    executions = createGrpcClient(executionService, address)
  })
  after(async () => {
    locks.close()
    executions.close()
    await server.close()
  })

  it('answers', async () => {
    const { locks: found } = await locks.inspect({ workspaceId: 'w' })
    assert.equal(found[0]?.key, 'w')
  })

  it('carries any JSON', async () => {
    const inputValue = { a: [1, null, 'x', { b: true }], c: 1.5 }
    const { execution: made } = await executions.create(
      pb.ExecutionServiceCreateRequest.create({
        target: { $case: 'flowName', value: 'hello' },
        inputValue,
      }),
    )
    assert.deepEqual(made?.properties, {
      input_value: inputValue,
      target: { $case: 'flowName', value: 'hello' },
    })
  })

  it('tells its errors with code, message and details', async () => {
    answer = () =>
      Promise.reject(new ServiceError('conflict', 'held', { details: { holder: 'e', count: 2 } }))
    await assert.rejects(release(), {
      name: 'ServiceError',
      code: 'conflict',
      message: 'held',
      details: { holder: 'e', count: 2 },
    })
  })

  it('keeps to itself what went wrong inside', async () => {
    answer = () => Promise.reject(new Error('password is hunter2'))
    await assert.rejects(release(), { code: 'internal', message: 'internal error' })
    await assert.rejects(executions.get({ id: 'x' }), { message: 'internal error' })
  })

  it('knows the deadline and the trace, and passes them on', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const context = { deadlineAt: now() + 5_000, signal: new AbortController().signal, traceparent }
    answer = () => Promise.resolve({ released: true })
    await release({ context, metadata: { authorization: 'Bearer x' } })
    assert.ok(seen)
    assert.ok(Math.abs((seen.deadlineAt ?? 0) - context.deadlineAt) < 2_000, `${seen.deadlineAt}`)
    assert.equal(seen.traceparent, traceparent)
    assert.equal(seen.metadata('authorization'), 'Bearer x')
    assert.equal(seen.metadata('absent'), null)
    assert.match(seen.peer, /^127\.0\.0\.1:/)
  })

  it('ends a call at its deadline, on both sides', async () => {
    let aborted = (): void => undefined
    const sawAbort = new Promise<void>((resolve) => (aborted = resolve))
    answer = () =>
      new Promise((_, reject) =>
        seen?.signal.addEventListener('abort', () => {
          aborted()
          reject(new ServiceError('unavailable', 'gone'))
        }),
      )
    await assert.rejects(release({ timeoutMs: 50 }), { code: 'unavailable' })
    await sawAbort
  })

  it('is cancelled with the call that it serves', async () => {
    const caller = new AbortController()
    answer = () => {
      caller.abort()
      return new Promise(() => undefined)
    }
    const context = { deadlineAt: null, signal: caller.signal, traceparent: null }
    await assert.rejects(release({ context }), { code: 'unavailable' })
  })

  it('streams, at the pace of its reader', async () => {
    let made = 0
    streamed = async function* () {
      for (; made < 2_000; made += 1) {
        yield event(String(made), { text: 'x'.repeat(1_000) })
        await Promise.resolve()
      }
    }
    const ids: string[] = []
    for await (const { eventId } of executions.stream({ id: 'e' })) {
      if (ids.length === 0) assert.ok(made < 2_000, 'all was made before the first was read')
      ids.push(eventId)
    }
    assert.equal(ids.length, 2_000)
  })

  it('stops a stream when its reader leaves', async () => {
    let ended = (): void => undefined
    const sawEnd = new Promise<void>((resolve) => (ended = resolve))
    streamed = async function* (context) {
      yield event('1', {})
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
      ended()
    }
    for await (const { eventId } of executions.stream({ id: 'e' })) {
      assert.equal(eventId, '1')
      break
    }
    await sawEnd
  })

  it('tells the error that ends a stream', async () => {
    streamed = async function* () {
      yield event('1', {})
      await Promise.resolve()
      throw new ServiceError('notFound', 'no execution e')
    }
    const read = async (): Promise<void> => {
      for await (const _ of executions.stream({ id: 'e' }));
    }
    await assert.rejects(read(), { code: 'notFound', message: 'no execution e' })
  })

  it('takes a value of 64 MiB', { timeout: 30_000 }, async () => {
    const inputValue = 'x'.repeat(64 * 1_024 * 1_024)
    const request = pb.ExecutionServiceCreateRequest.create({ inputValue })
    const { execution: made } = await executions.create(request)
    assert.equal(made?.properties?.['input_value'].length, inputValue.length)
  })

  it('says whether it is serving, and what it offers', async () => {
    const { client, close } = await standardClient(server.port)
    assert.equal(await client.check('millrace.v1.LockService'), 'SERVING')
    server.setServing(false)
    assert.equal(await client.check(''), 'NOT_SERVING')
    server.setServing(true)
    assert.deepEqual((await client.services()).toSorted(), [
      'grpc.health.v1.Health',
      'millrace.v1.ExecutionService',
      'millrace.v1.LockService',
    ])
    assert.deepEqual(await client.filesWith('millrace.v1.LockService'), [
      'millrace/v1/lock_service.proto',
      'google/protobuf/timestamp.proto',
    ])
    close()
  })

  function release(options?: Parameters<typeof locks.forceRelease>[1]) {
    return locks.forceRelease(
      { workspaceId: 'w', key: 'k', executionId: 'e', token: 1n, reason: '', userId: '' },
      options,
    )
  }
})

const execution = (fields: Partial<pb.Execution>): pb.Execution => ({
  ...pb.Execution.create(),
  ...fields,
})

const event = (
  eventId: string,
  data: Record<string, unknown>,
): pb.ExecutionServiceStreamResponse => ({ eventId, type: 'log', data })

/** A stranger's client for the two standard services. */
async function standardClient(port: number) {
  const { default: grpc } = await import('@grpc/grpc-js')
  const { BinaryReader, BinaryWriter } = await import('@bufbuild/protobuf/wire')
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
  const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes)
  const read = (bytes: Uint8Array, visit: (field: number, value: () => Uint8Array) => boolean) => {
    const reader = new BinaryReader(bytes)
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag()
      if (!visit(field, () => reader.bytes())) reader.skip(type)
    }
  }
  /** All length-delimited fields of this number. */
  const parts = (bytes: Uint8Array, wanted: number): Uint8Array[] => {
    const found: Uint8Array[] = []
    read(bytes, (field, value) => field === wanted && found.push(value()) > 0)
    return found
  }
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

  const reflect = (field: number, argument: string): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
      const call = client.makeBidiStreamRequest(path, same, same)
      call.once('data', (response: Buffer) => {
        resolve(response)
        call.end()
      })
      call.once('error', reject)
      call.write(
        new BinaryWriter()
          .uint32((field << 3) | 2)
          .string(argument)
          .finish(),
      )
    })

  return {
    close: () => client.close(),
    client: {
      check: (name: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const request = new BinaryWriter().uint32(10).string(name).finish()
          client.makeUnaryRequest<Uint8Array, Buffer>(
            '/grpc.health.v1.Health/Check',
            same,
            same,
            request,
            (error, response) =>
              error === null
                ? resolve(response?.at(1) === 1 ? 'SERVING' : 'NOT_SERVING')
                : reject(error),
          )
        }),
      services: async (): Promise<string[]> => {
        const [list] = parts(await reflect(7, ''), 6)
        return parts(list ?? new Uint8Array(), 1).map((service) => text(parts(service, 1)[0]))
      },
      filesWith: async (symbol: string): Promise<string[]> => {
        const [list] = parts(await reflect(4, symbol), 4)
        return parts(list ?? new Uint8Array(), 1).map((file) => text(parts(file, 1)[0]))
      },
    },
  }
}
