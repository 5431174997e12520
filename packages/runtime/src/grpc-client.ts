import { Client, credentials, Metadata, type CallOptions } from '@grpc/grpc-js'
import { now } from './clock.ts'
import { MESSAGE_MAX_BYTES } from './grpc-contract.ts'
import type {
  CallContext,
  GrpcMethod,
  GrpcService,
  RequestOf,
  ResponseOf,
} from './grpc-contract.ts'
import { fromGrpcError } from './grpc-errors.ts'
import { currentTraceparent } from './telemetry.ts'

/** A client with one method per method of the service. All of them throw ServiceError. */
export type GrpcClient<Service extends GrpcService> = {
  readonly [Name in keyof Service]: Service[Name]['responseStream'] extends true
    ? (
        request: RequestOf<Service[Name]>,
        options?: GrpcCallOptions,
      ) => AsyncIterable<ResponseOf<Service[Name]>>
    : (
        request: RequestOf<Service[Name]>,
        options?: GrpcCallOptions,
      ) => Promise<ResponseOf<Service[Name]>>
} & { close(): void }

export interface GrpcCallOptions {
  /** The call that this one serves: its deadline, its end and its trace are passed on. */
  readonly context?: Pick<CallContext, 'deadlineAt' | 'signal' | 'traceparent'>
  /** Default 10 s; a stream has none. The context's deadline holds when it is earlier. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly metadata?: Readonly<Record<string, string>>
}

/** `address`: host:port. Connects at the first call and again when needed. */
export function createGrpcClient<Service extends GrpcService>(
  service: Service,
  address: string,
): GrpcClient<Service> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  })
  const methods: Record<string, unknown> = { close: () => client.close() }
  for (const [name, method] of Object.entries(service)) {
    methods[name] = method.responseStream
      ? (request: never, options: GrpcCallOptions = {}) => stream(client, method, request, options)
      : (request: never, options: GrpcCallOptions = {}) => unary(client, method, request, options)
  }
  return methods as GrpcClient<Service>
}

const TIMEOUT_MS = 10_000

function unary(
  client: Client,
  method: GrpcMethod,
  request: never,
  options: GrpcCallOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(options),
      deadlineOf(options, TIMEOUT_MS),
      (error, response) => {
        release()
        if (error === null) resolve(response)
        else reject(fromGrpcError(error))
      },
    )
    const release = cancelWith(call, options)
  })
}

async function* stream(
  client: Client,
  method: GrpcMethod,
  request: never,
  options: GrpcCallOptions,
): AsyncIterable<unknown> {
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    metadataOf(options),
    deadlineOf(options, null),
  )
  const release = cancelWith(call, options)
  try {
    for await (const message of call) yield message
  } catch (error) {
    throw fromGrpcError(error)
  } finally {
    release()
    call.cancel() // the reader may have left before the end
  }
}

function metadataOf({ context, metadata }: GrpcCallOptions): Metadata {
  const sent = new Metadata()
  for (const [name, value] of Object.entries(metadata ?? {})) sent.set(name, value)
  const traceparent = currentTraceparent() ?? context?.traceparent ?? null
  if (traceparent !== null) sent.set('traceparent', traceparent)
  return sent
}

function deadlineOf(
  { context, timeoutMs }: GrpcCallOptions,
  fallbackMs: number | null,
): CallOptions {
  const ownMs = timeoutMs ?? fallbackMs
  const deadline = Math.min(
    ownMs === null ? Number.POSITIVE_INFINITY : now() + ownMs,
    context?.deadlineAt ?? Number.POSITIVE_INFINITY,
  )
  return Number.isFinite(deadline) ? { deadline } : {}
}

/** Cancels the call when either signal aborts. Returns what ends listening to them. */
function cancelWith(call: { cancel(): void }, { context, signal }: GrpcCallOptions): () => void {
  const signals = [context?.signal, signal].filter((each) => each !== undefined)
  const cancel = (): void => call.cancel()
  for (const each of signals) {
    if (each.aborted) cancel()
    else each.addEventListener('abort', cancel, { once: true })
  }
  return () => {
    for (const each of signals) each.removeEventListener('abort', cancel)
  }
}
