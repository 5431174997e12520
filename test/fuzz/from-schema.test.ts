import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accepts } from './accepts.ts'
import { boundaryOf, invalidOf, validOf } from './from-schema.ts'
import type { Schema } from './openapi.ts'

/** Everything that the generator has to know: alternatives, several types, and objects in objects. */
const SCHEMA: Schema = {
  type: 'object',
  required: ['name', 'signature'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 20, pattern: '^[^\\u0000-\\u001f]+$' },
    at: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
    many: {
      type: ['array', 'null'],
      minItems: 1,
      maxItems: 3,
      items: { type: ['integer', 'null'] },
    },
    anything: {},
    free: { anyOf: [{ type: 'object', additionalProperties: true }, { type: 'null' }] },
    signature: {
      type: ['object', 'null'],
      oneOf: [
        {
          type: 'object',
          required: ['preset', 'secrets'],
          additionalProperties: false,
          properties: {
            preset: { const: 'github' },
            secrets: { type: 'array', minItems: 1, items: { type: 'string', minLength: 8 } },
          },
        },
        {
          type: 'object',
          required: ['preset'],
          additionalProperties: false,
          properties: {
            preset: { enum: ['stripe', 'slack'] },
            tolerance: { type: 'integer', minimum: 1, maximum: 3_600 },
          },
        },
        { type: 'null' },
      ],
    },
  },
}
const OPTIONS = { seed: 7, numRuns: 500 }

test('what is made as valid fits, and what is made as invalid does not', () => {
  const words = (name: string): unknown[] => (name === 'name' ? ['a word', '', 7] : [])
  const isGood = fc.property(validOf(SCHEMA, '', words), (value) => accepts(SCHEMA, value))
  fc.assert(isGood, OPTIONS)
  const wrong = invalidOf(SCHEMA, words)
  assert.ok(wrong !== null)
  const isBad = fc.property(wrong, (value) => !accepts(SCHEMA, value))
  fc.assert(isBad, OPTIONS)
  const isAtAnEdge = fc.property(boundaryOf(SCHEMA, '', words), (value) => value !== undefined)
  fc.assert(isAtAnEdge, OPTIONS)
})

test('each alternative is met, and null is no fault where it is one', () => {
  const { signature = {} } = SCHEMA.properties ?? {}
  const made = fc.sample(
    validOf(signature, '', () => []),
    OPTIONS,
  )
  const kinds = new Set(made.map((one) => (one as { preset?: string } | null)?.preset ?? null))
  assert.deepEqual([...kinds].toSorted(), ['github', 'slack', 'stripe', null].toSorted())
  assert.ok(!accepts(signature, {}) && accepts(signature, null))
})
