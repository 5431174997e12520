import fc from 'fast-check'
import { asBody, type Body, boundaryBody, validBody } from './body.ts'
import { boundaryOf, invalidOf, validOf, type Words } from './from-schema.ts'
import { hostileBody, hostileBytes, hostilePiece, hostileText, hostileValue } from './hostile.ts'
import type { Operation, Parameter } from './openapi.ts'

/** A request as it goes out, and how it can be told from others. */
export interface FuzzRequest {
  readonly method: string
  /** With its query, below the server's URL; nothing more is encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
}

export const KINDS = ['valid', 'boundary', 'invalid', 'hostile'] as const
export type Kind = (typeof KINDS)[number]

/** Requests of a kind for an operation; null where its schemas leave none of that kind. */
export function requestsOf(
  operation: Operation,
  kind: Kind,
  words: Words,
): fc.Arbitrary<FuzzRequest> | null {
  switch (kind) {
    case 'valid':
      return assemble(operation, { words, body: validBody(operation, words) })
    case 'boundary':
      return assemble(operation, {
        words,
        body: boundaryBody(operation, words),
        edges: true,
      })
    case 'invalid':
      return invalid(operation, words)
    case 'hostile':
      return hostile(operation, words)
  }
}

interface Parts {
  readonly words: Words
  readonly body: fc.Arbitrary<Body | null>
  readonly edges?: boolean
  /** One parameter that is set to this text, as it stands. */
  readonly spoiled?: { readonly name: string; readonly text: fc.Arbitrary<string> }
  readonly headers?: fc.Arbitrary<Record<string, string>>
}

function assemble(operation: Operation, parts: Parts): fc.Arbitrary<FuzzRequest> {
  const named = operation.parameters.filter((one) => one.in !== 'header')
  return fc
    .record({
      values: fc.record(
        Object.fromEntries(named.map((one) => [one.name, parameterText(one, parts)])),
        { requiredKeys: named.filter((one) => isWanted(one, parts)).map((one) => one.name) },
      ),
      body: parts.body,
      headers: parts.headers ?? fc.constant({}),
    })
    .map(({ values, body, headers }): FuzzRequest => {
      const texts = values as Readonly<Record<string, string | undefined>>
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => texts[name] ?? '')
      const query = named
        .filter((one) => one.in === 'query' && texts[one.name] !== undefined)
        .map((one) => `${one.name}=${texts[one.name]}`)
      return {
        method: operation.method,
        path: query.length === 0 ? path : `${path}?${query.join('&')}`,
        headers: { ...(body !== null && { 'content-type': body.type }), ...headers },
        body: body?.bytes ?? null,
      }
    })
    .filter(({ path }) => path.length < URL_MAX)
}

/** Longer ones are refused before anybody reads them; a test of their own looks at that. */
const URL_MAX = 14_000

const isWanted = (one: Parameter, { spoiled }: Parts): boolean =>
  one.required || one.in === 'path' || one.name === spoiled?.name

function parameterText(
  parameter: Parameter,
  { words, edges, spoiled }: Parts,
): fc.Arbitrary<string> {
  const { name, schema } = parameter
  if (spoiled?.name === name) return spoiled.text
  // A wait at its upper edge takes minutes by contract.
  const value =
    edges === true && name !== 'wait' && parameter.in !== 'path'
      ? boundaryOf(schema, name, words)
      : validOf(name === 'wait' ? { ...schema, maximum: 0.1 } : schema, name, words)
  return value.map((one) => encodeURIComponent(String(one).toWellFormed()))
}

/** One thing is wrong: the body, or one parameter of the query. */
function invalid(operation: Operation, words: Words): fc.Arbitrary<FuzzRequest> | null {
  const ways: fc.Arbitrary<FuzzRequest>[] = []
  const bodies = operation.body === null ? null : invalidOf(operation.body, words)
  if (bodies !== null) ways.push(assemble(operation, { words, body: asBody(operation, bodies) }))
  for (const { name, in: place, schema } of operation.parameters) {
    if (place !== 'query') continue
    const texts = wrongTexts(schema)
    if (texts.length === 0) continue
    const text = fc.constantFrom(...texts).map((one) => encodeURIComponent(one))
    ways.push(
      assemble(operation, { words, body: validBody(operation, words), spoiled: { name, text } }),
    )
  }
  return ways.length === 0 ? null : fc.oneof(...ways)
}

/** A query is text, so that only some texts are wrong. */
function wrongTexts(schema: Parameter['schema']): string[] {
  if (schema.enum !== undefined) return ['no such word']
  switch (schema.type) {
    case 'integer':
    case 'number':
      return [
        'many',
        ...(schema.maximum === undefined ? [] : [String(schema.maximum + 1)]),
        ...(schema.minimum === undefined ? [] : [String(schema.minimum - 1)]),
      ]
    case 'boolean':
      return ['perhaps', '2']
    default:
      if (schema.format === 'date-time') return ['yesterday']
      return schema.maxLength === undefined ? [] : ['x'.repeat(schema.maxLength + 1)]
  }
}

function hostile(operation: Operation, words: Words): fc.Arbitrary<FuzzRequest> {
  const body = validBody(operation, words)
  const ways: fc.Arbitrary<FuzzRequest>[] = [
    assemble(operation, { words, body, headers: hostileHeaders }),
  ]
  for (const { name, in: place } of operation.parameters) {
    if (place === 'header') continue
    ways.push(assemble(operation, { words, body, spoiled: { name, text: hostilePiece } }))
    const twice = hostilePiece.map((piece) => `${piece}&${name}=1&${name}[a]=b`)
    if (place === 'query')
      ways.push(assemble(operation, { words, body, spoiled: { name, text: twice } }))
    if (name === 'filter')
      ways.push(assemble(operation, { words, body, spoiled: { name, text: hostileFilter } }))
  }
  const types = fc.constantFrom(
    'application/json',
    'application/json; charset=utf-16',
    'application/yaml',
    'text/plain',
    '',
    'multipart/form-data; boundary=x',
  )
  const raw = fc.oneof(hostileBody, hostileBytes)
  ways.push(assemble(operation, { words, body: fc.record({ bytes: raw, type: types }) }))
  const { properties } = operation.body ?? {}
  if (properties !== undefined && Object.keys(properties).length > 0) {
    const spoiled = fc
      .tuple(
        validOf(operation.body ?? {}, '', words),
        fc.constantFrom(...Object.keys(properties)),
        hostileValue,
      )
      .map(([value, key, bad]) => ({ ...(value as object), [key]: bad }))
    ways.push(assemble(operation, { words, body: asBody(operation, spoiled) }))
  }
  return fc.oneof(...ways)
}

const hostileFilter: fc.Arbitrary<string> = fc
  .oneof(
    fc.record({
      field: fc.oneof(
        fc.constantFrom(
          'id',
          'status',
          'created_at',
          'tag',
          'priority',
          'duration',
          'flow_name',
          'input_value.a',
          "metadata.a'b",
          'metadata.__proto__',
          '__proto__',
          'constructor',
        ),
        hostileText,
      ),
      op: fc.constantFrom(
        'eq',
        'ne',
        'lt',
        'le',
        'gt',
        'ge',
        'like',
        'ilike',
        'in',
        'is_null',
        'toString',
      ),
      value: fc.oneof(
        fc.constantFrom<unknown>(
          '+275760-09-13T00:00:00.000Z',
          '-271821-04-20T00:00:00Z',
          'Infinity',
          '0000-01-01',
          '%'.repeat(500),
          '\\',
          1e308,
          -1,
          2 ** 31,
          [],
        ),
        hostileValue,
      ),
    }),
    fc.constantFrom<unknown>(
      { and: [] },
      { or: [{}] },
      { not: null },
      { and: Array.from({ length: 101 }, () => ({ field: 'id', op: 'is_null' })) },
      nest(500),
      [],
      null,
      7,
    ),
  )
  .map((filter) => encodeURIComponent(JSON.stringify(filter).toWellFormed()))

function nest(levels: number): object {
  let filter: object = { field: 'id', op: 'is_null' }
  for (let level = 0; level < levels; level += 1) filter = { not: filter }
  return filter
}

/** Header values that a client may send: visible characters and Latin-1. */
const hostileHeaders: fc.Arbitrary<Record<string, string>> = fc
  .record({
    name: fc.constantFrom(
      'idempotency-key',
      'traceparent',
      'last-event-id',
      'content-type',
      'authorization',
      'cookie',
      'x-forwarded-for',
      'origin',
      'if-match',
      'accept',
      'accept-encoding',
      'expect-nothing',
      'range',
      'if-range',
      'if-none-match',
      'x-hub-signature-256',
    ),
    value: fc.oneof(
      fc.constantFrom(
        '',
        ' ',
        'x'.repeat(256),
        'x'.repeat(6_000),
        '00-0-0-0',
        '*/*;q=banana',
        'Bearer ',
        'Basic eDp5',
        'a=b; millrace_session=x',
        '\u00ff\u00fe',
        "'; --",
        '*',
        'bytes=0-0',
        'bytes=-0',
        'bytes=9-1',
        'bytes=0-0,2-3',
        'bytes=99999999999999999999-',
        '999999999.9.9.9.9',
        '99999999999999999999.0.0.0.0',
      ),
      hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 2_000)),
    ),
  })
  .map(({ name, value }) => ({ [name]: value }))
