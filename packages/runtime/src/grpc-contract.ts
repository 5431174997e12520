/**
 * What a generated service definition says, seen from here: enough to serve it and to call it with
 * promises and full types. Client streaming is not used.
 */
export type GrpcService = Readonly<Record<string, GrpcMethod>>

export interface GrpcMethod {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly requestSerialize: (value: never) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => unknown
  readonly responseSerialize: (value: never) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => unknown
}

export type RequestOf<Method extends GrpcMethod> = ReturnType<Method['requestDeserialize']>
export type ResponseOf<Method extends GrpcMethod> = ReturnType<Method['responseDeserialize']>

/** What a handler knows of its call. Pass it to the calls that it makes itself. */
export interface CallContext {
  /** When the caller stops waiting: ms since 1970, null when it waits for ever. */
  readonly deadlineAt: number | null
  /** Aborts when the caller has gone or its deadline has passed. */
  readonly signal: AbortSignal
  /** W3C trace context of the call. */
  readonly traceparent: string | null
  /** Host and port of the caller. */
  readonly peer: string
  /** A text header, such as authorization; null when absent. */
  metadata(name: string): string | null
}

/** `millrace.v1.LockService` of `/millrace.v1.LockService/Inspect`. */
export function serviceNameOf(service: GrpcService): string {
  const [method] = Object.values(service)
  if (method === undefined) throw new Error('a service without methods')
  return method.path.split('/')[1] ?? ''
}

/**
 * Bytes of one message at most: what a body over HTTP may have, and room for what gRPC adds to it.
 */
export const MESSAGE_MAX_BYTES = 70 * 1_024 * 1_024
