import type { TSchema } from 'typebox'
import { Problem } from '../schemas/parts.ts'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document of the routes, made of the schemas that validate requests. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    // The document has no word for any further parts of a path.
    const path = (paths[route.path.replace(/\/\*$/, '/{path}')] ??= {})
    path[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        'Durable automation. Errors are application/problem+json (RFC 9457). Lists take filter, order, fields, limit, cursor and count. POST heeds Idempotency-Key for 24 hours, except where it answers with a secret.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/latest' }, { url: '/api/v1', description: 'the same' }],
    security: [{ bearer: [] }, { cookie: [] }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'an API key or the token of a login',
        },
        cookie: { type: 'apiKey', in: 'cookie', name: 'millrace_session' },
      },
      schemas: { Problem },
    },
  }
}

function operation(route: Route): object {
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    ...(route.auth === 'none' && { security: [] }),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.method === 'POST' && route.idempotent !== false ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(route.body !== undefined && {
      requestBody: {
        required: route.bodyOptional !== true,
        content: {
          [route.consumes ?? 'application/json']: { schema: route.bodyDocument ?? route.body },
        },
      },
    }),
    ...(route.raw !== undefined &&
      !WITHOUT_BODY.has(route.method) && {
        requestBody: {
          required: false,
          content: { '*/*': { schema: { description: 'any bytes of any type' } } },
        },
      }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, schema]) => [
          status,
          answer(Number(status), schema, route.produces),
        ]),
      ),
      ...(route.starts !== undefined && { 429: TOO_MUCH }),
      default: {
        description: 'A problem: what is wrong and the way out',
        content: PROBLEM,
      },
    },
  }
}

/** Methods whose bodies mean nothing. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD'])

const PROBLEM = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
}

const TOO_MUCH = {
  description: 'Too much waits already; `limit` names what. Nothing was started',
  headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } },
  content: PROBLEM,
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and request within 24 hours get the first answer.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function answer(status: number, schema: TSchema | null, produces = JSON_TYPE): object {
  if (status >= 400) return { description: 'A problem', content: PROBLEM }
  if (status === 304) return { description: 'Not changed' }
  const type = status === 200 || status === 206 ? produces : JSON_TYPE
  return {
    description: 'Done',
    ...(schema !== null && { content: { [type]: { schema } } }),
  }
}

const JSON_TYPE = 'application/json'

function parameters(schema: TSchema | undefined, place: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, { description?: string }>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name: name === '*' ? 'path' : name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(property.description !== undefined && { description: property.description }),
    schema: property,
  }))
}
