import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { Caller, Context, IdSource } from '../context.ts'

/** What an operation says to HTTP. An object becomes JSON; a string is JSON text already. */
export interface Answer {
  readonly status: number
  readonly body: string | object | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface RouteRequest<Params, Query, Body> {
  readonly caller: Caller
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly ids: IdSource
  /** An earlier try with the same Idempotency-Key may have done it already. */
  readonly isRepeat: boolean
  /** W3C trace context that came with the request. */
  readonly traceparent: string | null
  readonly http: FastifyRequest
  /** For what takes its time: aborts when nobody waits for the answer any more. */
  readonly gone: () => AbortSignal
}

/** One operation over HTTP. Its schemas validate and are the document. */
export interface RouteDefinition<P extends TSchema, Q extends TSchema, B extends TSchema> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /api/latest; parameters in braces. `/*` at the end stands for any further parts. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly tag: string
  /** `none`: anybody, and `caller` is not to be looked at. Default: any user. */
  readonly auth?: 'none'
  /** Whether an Idempotency-Key is heeded; default true for POST. */
  readonly idempotent?: boolean
  /**
   * How many executions it starts. Under too much load it is refused: before its body is read, and for
   * the number before anything else is done.
   */
  readonly starts?: (body: Static<B>) => number
  /** Whether a request that starts something waits for an end; default: it has `wait` in its query. */
  readonly waits?: (http: FastifyRequest) => boolean
  /**
   * The body is not JSON. `bytes`: a Buffer of at most `bodyLimit`, undefined when there is none;
   * `stream`: a Readable, of any length.
   */
  readonly raw?: 'bytes' | 'stream'
  /** Bytes of a body at most, where that is less than of others. */
  readonly bodyLimit?: number
  /** Before the body is read: true when it has answered already. */
  readonly before?: (
    context: Context,
    http: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<boolean>
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** What the document says of the body, when the operation checks it itself. */
  readonly bodyDocument?: TSchema
  /** A body that is text and no JSON; `body` describes it and is not checked. */
  readonly consumes?: 'application/yaml'
  // Of a 200 or 206 whose body is no JSON; any type: it says itself what it is.
  readonly produces?: 'application/yaml' | 'text/event-stream' | '*/*'
  /** Whether a request without a body is one with {}. */
  readonly bodyOptional?: boolean
  readonly answers: Readonly<Record<number, TSchema | null>>
  readonly handle: (
    context: Context,
    request: RouteRequest<Static<P>, Static<Q>, Static<B>>,
  ) => Answer | Promise<Answer>
  /** Instead of `handle`: writes the response itself. */
  readonly stream?: (
    context: Context,
    request: RouteRequest<Static<P>, Static<Q>, Static<B>>,
    reply: FastifyReply,
  ) => Promise<unknown>
}

/** A route whose types are checked where it is written and forgotten here. */
export type Route = RouteDefinition<TSchema, TSchema, TSchema>

export function route<P extends TSchema, Q extends TSchema, B extends TSchema>(
  definition: RouteDefinition<P, Q, B>,
): Route {
  // The server validates with these very schemas before it calls the handler.
  return definition
}

export const ok = (body: string | object): Answer => ({ status: 200, body })
export const created = (body: string | object): Answer => ({ status: 201, body })
export const noContent: Answer = { status: 204, body: null }
