import {
  type Logger,
  parseTraceparent,
  ServiceError,
  toServiceError,
  tracer,
  withSpan,
} from '@millrace/runtime'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Caller, Context } from '../context.ts'
import { checkIdempotencyKey, idempotently } from '../operations/idempotent.ts'
import { freshIds } from '../operations/request-ids.ts'
import { malformed, toProblem } from '../problem.ts'
import { onClientError } from './client-error.ts'
import { credentialOf } from './credentials.ts'
import { decodeUtf8, parseJsonBody } from './json-body.ts'
import { openApiDocument } from './openapi.ts'
import { addPages } from './pages.ts'
import type { Answer, Route, RouteRequest } from './route.ts'
import { countIn, cutOffStalled, goneSignal } from './under-way.ts'
import { bodyCheck, textCheck } from './validate.ts'

/** Larger bodies are refused before they are read. */
export const BODY_MAX_BYTES = 64 * 1_024 * 1_024

/** A refused body of up to this size is read to its end, so that the refusal is seen. */
const DRAIN_MAX_BYTES = 4 * BODY_MAX_BYTES

/** A filter with a thousand ids fits. */
const URL_MAX_CHARS = 65_536
/** Longer heads are not read to their end. */
const HEAD_MAX_BYTES = 262_144

export const PREFIXES = ['/api/latest', '/api/v1'] as const

export interface HttpOptions {
  readonly context: Context
  readonly routes: readonly Route[]
  readonly log: Logger
  readonly ready: () => Promise<boolean>
  /** Whose X-Forwarded-For says who calls; default nobody's. */
  readonly trustedProxies?: readonly string[]
  /** Named in the OpenAPI document. */
  readonly version: string
}

/** The REST API. Every error is a problem document, also of what no route answers. */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const { context, routes, log, trustedProxies = [] } = options
  const app = fastify({
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    http: { maxHeaderSize: HEAD_MAX_BYTES },
    clientErrorHandler: onClientError,
    // What cannot even be routed, such as a percent sign that encodes nothing.
    frameworkErrors: (error, request, reply) =>
      fail(toKnown(error, undefined), request, reply as unknown as FastifyReply, log),
    forceCloseConnections: 'idle',
    keepAliveTimeout: 75_000,
    routerOptions: { maxParamLength: 2_048, ignoreTrailingSlash: true, caseSensitive: true },
    exposeHeadRoutes: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
  })
  // What is answered from now on leaves its connection idle after the idle ones were closed.
  app.addHook('preClose', (done) => {
    app.server.keepAliveTimeout = 1
    done()
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      // A body of null is one, and no request without a body.
      done(null, body.length === 0 ? undefined : (parseJsonBody(body as Buffer) ?? JSON_NULL))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addContentTypeParser(YAML_TYPES, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, new YamlText(decodeUtf8(body as Buffer)))
    } catch (error) {
      done(error as Error)
    }
  })
  app.decorateRequest('caller', null)
  app.setErrorHandler((error, request, reply) =>
    fail(toKnown(error, request.routeOptions.bodyLimit), request, reply, log),
  )
  app.setNotFoundHandler((request, reply) =>
    fail(unknownRoute(routes, request, reply), request, reply, log),
  )

  const add = (to: FastifyInstance, kind: 'json' | 'bytes' | 'stream'): void => {
    for (const route of routes)
      if ((route.raw ?? 'json') === kind)
        for (const prefix of PREFIXES) addRoute(to, context, route, prefix)
  }
  add(app, 'json')
  // Parsers of bodies belong to a scope of the framework; routes see no difference.
  for (const kind of ['bytes', 'stream'] as const)
    void app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers()
      if (kind === 'bytes')
        scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) =>
          parsed(null, body),
        )
      else scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload))
      add(scope, kind)
      done()
    })
  addFixedRoutes(app, options)
  return app
}

function addRoute(app: FastifyInstance, context: Context, route: Route, prefix: string): void {
  const checkParams = route.params === undefined ? null : textCheck(route.params)
  const checkQuery = route.query === undefined ? null : textCheck(route.query)
  const checkBody =
    route.body === undefined || route.consumes !== undefined ? null : bodyCheck(route.body)
  const heedsKey = route.idempotent ?? route.method === 'POST'
  const seconds = context.metrics.histogram('http_request_seconds', 'Time of a request', [
    'route',
    'status',
  ])

  app.route({
    method: route.method,
    url: `${prefix}${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ...(route.bodyLimit !== undefined && { bodyLimit: route.bodyLimit }),
    // Before the body is read: who may not ask cannot send 64 MiB either.
    onRequest: (request, reply, done) => {
      if (request.url.length > URL_MAX_CHARS) return done(addressTooLong())
      if (hasBody(request)) cutOffStalled(request.raw)
      // Here and not by the framework, which cuts off a client that is still sending.
      const limit = route.raw === 'stream' ? Infinity : (route.bodyLimit ?? BODY_MAX_BYTES)
      const isTooLarge = Number(request.headers['content-length'] ?? 0) > limit
      const letIn = (known: Caller | null): void => {
        request.caller = known
        if (isTooLarge) throw tooLarge(limit)
        countIn(context, route, request, reply)
      }
      const failed = (error: unknown): void => done(error as Error)
      if (route.before !== undefined) {
        const before = route.before(context, request, reply).then((isAnswered) => {
          if (!isAnswered) letIn(null)
          return isAnswered
        })
        before.then((isAnswered) => {
          if (!isAnswered) done()
        }, failed)
        return
      }
      if (route.auth === 'none') return done(isTooLarge ? tooLarge(limit) : undefined)
      try {
        const caller = context.authenticator.authenticate(credentialOf(request))
        if (!(caller instanceof Promise)) {
          letIn(caller)
          return done()
        }
        caller.then(letIn).then(() => done(), failed)
      } catch (error) {
        failed(error)
      }
    },
    onResponse: (_request, reply, done) => {
      seconds.labels(route.id, String(reply.statusCode)).observe(reply.elapsedTime / 1_000)
      done()
    },
    handler: async (request, reply) => {
      const parts = toRequest(request, route, reply)
      checkParams?.(parts.params)
      checkQuery?.(parts.query)
      checkBody?.(parts.body)
      if (route.starts !== undefined) context.admission.check(route.starts(parts.body))
      if (route.stream !== undefined) {
        await route.stream(context, parts, reply)
        return reply
      }
      const key = heedsKey ? request.headers['idempotency-key'] : undefined
      const answer = await traced(route, parts, (asked) =>
        key === undefined
          ? route.handle(context, asked)
          : withKey(context, route, asked, String(key)),
      )
      return send(reply, answer)
    },
  })
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

type AnyRequest = RouteRequest<unknown, unknown, unknown>

/** The first span of what a request starts, when somebody collects spans. */
function traced(
  route: Route,
  parts: AnyRequest,
  handle: (parts: AnyRequest) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  if (tracer() === null) return handle(parts)
  const { traceparent } = parts
  const attributes = { 'http.request.method': route.method, 'http.route': route.path }
  return withSpan(`${route.method} ${route.path}`, { traceparent, attributes }, (span) =>
    handle({ ...parts, traceparent: span.traceparent }),
  )
}

function toRequest(request: FastifyRequest, route: Route, reply: FastifyReply): AnyRequest {
  const body = bodyOf(request, route)
  const header = request.headers['traceparent']
  return {
    caller: request.caller as Caller,
    params: request.params,
    query: request.query,
    body,
    ids: freshIds,
    isRepeat: false,
    traceparent:
      typeof header === 'string' && parseTraceparent(header) !== null ? header.trim() : null,
    http: request,
    gone: () => goneSignal(reply),
  }
}

/** The body as its route takes it. Throws where there is none, or one of another media type. */
function bodyOf(request: FastifyRequest, route: Route): unknown {
  const given = request.body === JSON_NULL ? null : (request.body ?? undefined)
  const body = given === undefined && route.bodyOptional === true ? {} : given
  const [name, type] =
    route.consumes === undefined ? ['JSON', 'application/json'] : ['YAML', route.consumes]
  if (route.body !== undefined && body === undefined)
    throw malformed(`The request needs a body: ${name}, as ${type}.`)
  const isYaml = body instanceof YamlText
  if (body !== undefined && isYaml !== (route.consumes !== undefined))
    throw new ServiceError('invalid', `The body must be ${name}: Content-Type: ${type}.`, {
      details: { httpStatus: 415 },
    })
  return isYaml ? body.text : body
}

const JSON_NULL = Symbol('null')

/** Told apart from a JSON body that is a text. */
class YamlText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']

async function withKey(
  context: Context,
  route: Route,
  parts: RouteRequest<unknown, unknown, unknown>,
  key: string,
): Promise<Answer> {
  checkIdempotencyKey(key, '/Idempotency-Key')
  const { params, query, body } = parts
  const identity = JSON.stringify([route.method, route.path, params, query, body])
  return idempotently(context, parts.caller, { key, identity }, async (ids, isRepeat) => {
    const answer = await route.handle(context, { ...parts, ids, isRepeat })
    const text =
      typeof answer.body === 'object' && answer.body !== null
        ? JSON.stringify(answer.body)
        : answer.body
    return { status: answer.status, body: text }
  })
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status)
  if (answer.headers !== undefined) reply.headers(answer.headers)
  if (answer.body === null) return reply.send()
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  return reply.type('application/json; charset=utf-8').send(text)
}

function fail(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const service = toServiceError(error)
  const problem = toProblem(error, request.url.split('?')[0] ?? '')
  if (problem.status >= 500)
    // Without the query, which may hold a webhook's key.
    log.error({ error, method: request.method, path: problem.instance }, 'request failed')
  const retryAfter = service.details['retryAfterSeconds'] ?? (service.retryable ? 1 : null)
  if (typeof retryAfter === 'number') reply.header('retry-after', String(retryAfter))
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="millrace"')
  // A client that is still sending reads its answer only if the rest is taken from it; what says that
  // it is far too much, or does not say how much, is cut off.
  const isBounded = Number(request.headers['content-length'] ?? Infinity) <= DRAIN_MAX_BYTES
  if (problem.status === 413 && !isBounded) reply.header('connection', 'close')
  void reply
    .code(problem.status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem))
}

const tooLarge = (limit: number): ServiceError =>
  new ServiceError(
    'tooLarge',
    `The body is larger than ${limit / 1_048_576} MiB. Send less, or store it elsewhere and send a reference.`,
  )

const addressTooLong = (): ServiceError =>
  new ServiceError(
    'tooLarge',
    `The address is longer than ${URL_MAX_CHARS} characters. Ask for less at once.`,
    { details: { httpStatus: 414 } },
  )

/** What the framework itself refuses, in our words. */
function toKnown(error: unknown, bodyLimit: number | undefined): unknown {
  if (error instanceof ServiceError) return error
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLarge(bodyLimit ?? BODY_MAX_BYTES)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ServiceError('invalid', 'The body must be JSON: Content-Type: application/json.', {
        details: { httpStatus: 415 },
      })
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return addressTooLong()
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return malformed('Content-Length does not match the body.')
    default:
      return statusCode === 400 && error instanceof Error ? malformed(`${error.message}.`) : error
  }
}

function unknownRoute(
  routes: readonly Route[],
  request: FastifyRequest,
  reply: FastifyReply,
): ServiceError {
  const path = request.url.split('?')[0] ?? ''
  const rest = PREFIXES.filter((prefix) => path.startsWith(prefix)).map((prefix) =>
    path.slice(prefix.length),
  )[0]
  const methods =
    rest === undefined
      ? []
      : routes.filter((route) => patternOf(route).test(rest)).map((route) => route.method)
  if (methods.length > 0) {
    const allow = [...new Set(methods)].join(', ')
    reply.header('allow', allow)
    return new ServiceError('invalid', `${request.method} is not possible here; ${allow} is.`, {
      details: { httpStatus: 405 },
    })
  }
  return new ServiceError('notFound', `There is nothing at ${path}. /api/docs lists what there is.`)
}

const patternOf = (route: Route): RegExp =>
  new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+').replace(/\/\*$/, '/.*')}/?$`)

function addFixedRoutes(
  app: FastifyInstance,
  { context, routes, ready, version }: HttpOptions,
): void {
  const document = JSON.stringify(openApiDocument(routes, version))
  app.get('/api/openapi.json', (_request, reply) => reply.type('application/json').send(document))
  addPages(app)
  app.get('/alive', (_request, reply) => reply.type('text/plain').send('alive\n'))
  app.get('/ready', async (_request, reply) => {
    const isReady = await ready().catch(() => false)
    return reply
      .code(isReady ? 200 : 503)
      .type('text/plain')
      .send(isReady ? 'ready\n' : 'not ready\n')
  })
  app.get('/metrics', async (_request, reply) => {
    const { metrics } = context
    return reply.type(metrics.registry.contentType).send(await metrics.text())
  })
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}
