import {
  Server,
  ServerCredentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { after } from './clock.ts'
import { MESSAGE_MAX_BYTES, serviceNameOf } from './grpc-contract.ts'
import type {
  CallContext,
  GrpcMethod,
  GrpcService,
  RequestOf,
  ResponseOf,
} from './grpc-contract.ts'
import { doorInterceptor, type GrpcDoor, textOf } from './grpc-door.ts'
import { toGrpcFailure } from './grpc-errors.ts'
import type { Logger } from './logger.ts'
import { ServiceError } from './service-error.ts'
import { withSpan } from './telemetry.ts'

/** One async function per method; a method that streams returns an async iterable. */
export type GrpcImplementation<Service extends GrpcService> = {
  readonly [Name in keyof Service]: Service[Name]['responseStream'] extends true
    ? (
        request: RequestOf<Service[Name]>,
        context: CallContext,
      ) => AsyncIterable<ResponseOf<Service[Name]>>
    : (
        request: RequestOf<Service[Name]>,
        context: CallContext,
      ) => Promise<ResponseOf<Service[Name]>>
}

export interface ServedService {
  readonly definition: GrpcService
  readonly implementation: Readonly<Record<string, unknown>>
}

/** Ties an implementation to its definition, with types. */
export function served<Service extends GrpcService>(
  definition: Service,
  implementation: GrpcImplementation<Service>,
): ServedService {
  return { definition, implementation }
}

export interface GrpcServerOptions {
  readonly services: readonly ServedService[]
  readonly log: Logger
  /** host:port; default 127.0.0.1 and a free port. */
  readonly address?: string
  /** A FileDescriptorSet of the services: with it the server answers to reflection. */
  readonly descriptors?: Uint8Array
  /** For a server that strangers reach; without it, whoever reaches it is let in. */
  readonly door?: GrpcDoor
}

export interface GrpcServer extends AsyncDisposable {
  readonly port: number
  /** What the standard health service says of all services; true from the start. */
  readonly setServing: (isServing: boolean) => void
  /** Takes no more calls, lets those under way end for 5 s, then cuts them. */
  close(): Promise<void>
}

export async function serveGrpc(options: GrpcServerOptions): Promise<GrpcServer> {
  const { services, log, address = '127.0.0.1:0', descriptors, door } = options
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    ...(door !== undefined && {
      'grpc.max_concurrent_streams': door.callsPerConnection,
      interceptors: [doorInterceptor(door, log)],
    }),
  })
  for (const { definition, implementation } of services) {
    server.addService(readable(definition), adapt(definition, implementation, log))
  }
  const health = await import('./grpc-standard-services.ts').then((standard) =>
    standard.addTo(
      server,
      services.map((service) => serviceNameOf(service.definition)),
      descriptors,
    ),
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      health.setServing(false)
      const cut = after(CLOSE_WITHIN_MS, () => server.forceShutdown())
      server.tryShutdown(() => {
        cut.cancel()
        resolve()
      })
    })
  return { port, setServing: health.setServing, close, [Symbol.asyncDispose]: close }
}

const CLOSE_WITHIN_MS = 5_000

/** Of a message that cannot be read the handler tells: the library would call it an error of ours. */
function readable(definition: GrpcService): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes)
      } catch (error) {
        return new Unreadable(error)
      }
    }
    return [name, { ...method, requestDeserialize }] as const
  })
  return Object.fromEntries(methods) as unknown as ServiceDefinition
}

class Unreadable {
  readonly error: ServiceError
  constructor(cause: unknown) {
    const isDeep = cause instanceof Error && cause.message.includes('recursion limit')
    this.error = new ServiceError('invalid', isDeep ? TOO_DEEP : 'The message cannot be read.')
  }
}

// An answer adds a level to what it repeats.
const TOO_DEEP =
  'The message nests more than 100 messages, which protobuf does not read. A value may have 31 levels of objects, or 47 of lists: flatten it, or send it over HTTP.'

type Handler = (request: unknown, context: CallContext) => unknown
type UnaryCall = ServerUnaryCall<unknown, unknown>
type StreamCall = ServerWritableStream<unknown, unknown>

function adapt(
  definition: GrpcService,
  implementation: ServedService['implementation'],
  log: Logger,
): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {}
  for (const [name, method] of Object.entries(definition)) {
    const handler = implementation[name] as Handler
    handlers[name] = method.responseStream
      ? streaming(method, handler, log)
      : unary(method, handler, log)
  }
  return handlers
}

const unary =
  (method: GrpcMethod, handler: Handler, log: Logger): handleUnaryCall<unknown, unknown> =>
  (call, callback) => {
    run(call, method, log, (context) => handler(call.request, context)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toGrpcFailure(error)),
    )
  }

const streaming =
  (
    method: GrpcMethod,
    handler: Handler,
    log: Logger,
  ): handleServerStreamingCall<unknown, unknown> =>
  (call) => {
    run(call, method, log, (context) => stream(call, handler(call.request, context), context)).then(
      () => call.end(),
      (error: unknown) => call.emit('error', toGrpcFailure(error)),
    )
  }

async function run<T>(
  call: UnaryCall | StreamCall,
  method: GrpcMethod,
  log: Logger,
  work: (context: CallContext) => T | Promise<T>,
): Promise<T> {
  const gone = new AbortController()
  onCancelled(call, () =>
    gone.abort(new ServiceError('unavailable', 'the caller has gone or its deadline has passed')),
  )
  const header = (name: string): string | null => textOf(call.metadata, name)
  const deadline = Number(call.getDeadline())
  try {
    if (call.request instanceof Unreadable) throw call.request.error
    return await withSpan(method.path, { traceparent: header('traceparent') }, (span) =>
      work({
        deadlineAt: Number.isFinite(deadline) ? deadline : null,
        signal: gone.signal,
        traceparent: span.traceparent,
        peer: call.getPeer(),
        metadata: header,
      }),
    )
  } catch (error) {
    const isExpected = error instanceof ServiceError && error.code !== 'internal'
    if (!isExpected && !gone.signal.aborted)
      log.error({ error, method: method.path }, 'call failed')
    throw error
  }
}

// The two kinds of call have the event in common, but no type for it.
const onCancelled = (call: UnaryCall | StreamCall, fn: () => void): void =>
  void (call as UnaryCall).on('cancelled', fn)

/** Writes at the reader's pace, until the end, an error, or the reader has gone. */
async function stream(call: StreamCall, messages: unknown, context: CallContext): Promise<void> {
  const { signal } = context
  const iterator = (messages as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  // Ends the wait of the moment; each puts its own here. One promise for all of them would keep a
  // reaction of every wait that was raced with it, as long as the stream is open (nodejs/node#17469).
  let giveUp = (): void => undefined
  signal.addEventListener('abort', () => giveUp(), { once: true })

  const nextUnlessGone = (): Promise<IteratorResult<unknown> | null> =>
    new Promise((resolve, reject) => {
      giveUp = () => resolve(null)
      iterator.next().then(resolve, reject)
    })
  const drainedOrGone = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        call.off('drain', done)
        resolve()
      }
      giveUp = done
      call.on('drain', done)
    })

  try {
    while (!signal.aborted) {
      const next = await nextUnlessGone()
      if (next === null || next.done === true || signal.aborted) return
      if (!call.write(next.value) && !signal.aborted) await drainedOrGone()
    }
  } finally {
    // A generator that waits for its next event ends when its own signal says so: not awaited.
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}
