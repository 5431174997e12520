import fc from 'fast-check'
import { boundaryOf, validOf, type Words } from './from-schema.ts'
import type { Operation, Schema } from './openapi.ts'

export interface Body {
  readonly bytes: Buffer
  readonly type: string
}

const none: fc.Arbitrary<Body | null> = fc.constant(null)

export function validBody(operation: Operation, words: Words): fc.Arbitrary<Body | null> {
  const { body, isBodyRequired } = operation
  if (body === null) return none
  const given = givenBody(operation, body, words)
  return isBodyRequired ? given : fc.oneof(given, none)
}

function givenBody(operation: Operation, body: Schema, words: Words): fc.Arbitrary<Body> {
  switch (operation.bodyType) {
    case 'application/yaml':
      return asBody(operation, fc.constantFrom(...DOCUMENTS))
    case '*/*':
      return anyBytes
    case 'application/json':
      return asBody(operation, validOf(body, '', words))
  }
}

export function boundaryBody(operation: Operation, words: Words): fc.Arbitrary<Body | null> {
  const { body, bodyType } = operation
  if (body === null) return none
  return bodyType === '*/*' ? edgeBytes : asBody(operation, boundaryOf(body, '', words))
}

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/x-www-form-urlencoded',
  'text/plain; charset=utf-8',
  'text/plain; charset=iso-8859-1',
  'application/octet-stream',
  'image/png',
] as const
const asBytes = (text: string): Buffer => Buffer.from(text)

/** What fits its type, and bytes of no meaning. */
const anyBytes: fc.Arbitrary<Body> = fc.oneof(
  fc.record({
    bytes: fc.json({ maxDepth: 3 }).map(asBytes),
    type: fc.constantFrom(...TYPES),
  }),
  fc.record({
    bytes: fc.webQueryParameters().map(asBytes),
    type: fc.constant<string>('application/x-www-form-urlencoded'),
  }),
  fc.record({
    bytes: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
    type: fc.constant<string>('application/octet-stream'),
  }),
)

/** Nothing at all, one byte, and so much that it comes in many pieces. */
const edgeBytes: fc.Arbitrary<Body> = fc.record({
  bytes: fc.constantFrom(0, 1, 262_144, 262_145, 600_000).map((size) => Buffer.alloc(size, 0x20)),
  type: fc.constantFrom(...TYPES),
})

/** What an import takes. */
const DOCUMENTS: readonly string[] = [
  'execution: {type: SCRIPT, status: ENDED_SUCCESS, ended_at: 2026-01-31T12:00:00Z}',
  `---
execution:
  type: FLOW
  status: ENDED_ERROR
  ended_at: 2026-01-31T12:00:00Z
  input_value: {a: [1, null]}
  children:
    - {type: SCRIPT, status: ENDED_CANCELLED, ended_at: 2026-01-31T12:00:00Z, message: "no"}
---
execution: {type: CONNECTION, connector_type: REST, status: ENDED_SUCCESS, ended_at: 2026-01-31T12:00:00Z}
`,
  `execution:
  type: WRAPPER
  status: ENDED_SUCCESS
  ended_at: 2026-01-31T12:00:00+01:00
  wrapper_id: 01890000-0000-7000-8000-000000000001
  webhook_id: 01890000-0000-7000-8000-000000000002
  children:
    - type: SCHEDULE
      status: ENDED_SUCCESS
      ended_at: 2026-01-31T12:00:00Z
      schedule_id: 01890000-0000-7000-8000-000000000003
`,
]

/** As the operation takes it; a text is YAML as it stands, and JSON is YAML. */
export const asBody = (
  { bodyType: type }: Pick<Operation, 'bodyType'>,
  value: fc.Arbitrary<unknown>,
): fc.Arbitrary<Body> =>
  value.map((one) => ({
    bytes: Buffer.from(
      type === 'application/yaml' && typeof one === 'string'
        ? one
        : (JSON.stringify(one) ?? 'null'),
    ),
    type,
  }))
