import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { compileSchema } from './index.ts'

const KEYS = ['a', 'b', 'c'] as const
const key = fc.constantFrom(...KEYS)
const small = fc.nat(3)

/** Few words, so that schemas and values meet. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 0, 1, 2.5, '', 'a', 'aa', 'b'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
  const some = fc.array(tie('schema'), { minLength: 1, maxLength: 2 })
  const named = fc.dictionary(key, tie('schema'), { maxKeys: 2, noNullPrototype: true })
  const keywords = {
    type: fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object'),
    enum: fc.uniqueArray(value, {
      minLength: 1,
      maxLength: 3,
      selector: (one) => JSON.stringify(one),
    }),
    const: value,
    minimum: small,
    exclusiveMaximum: small,
    maxLength: small,
    minLength: small,
    pattern: fc.constantFrom('a', '^a$', 'b|^$'),
    maxItems: small,
    minItems: small,
    uniqueItems: fc.boolean(),
    prefixItems: some,
    items: tie('schema'),
    contains: tie('schema'),
    maxProperties: small,
    minProperties: small,
    required: fc.uniqueArray(key, { maxLength: 2 }),
    properties: named,
    patternProperties: fc.dictionary(fc.constantFrom('a', '^[bc]$'), tie('schema'), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    additionalProperties: tie('schema'),
    propertyNames: tie('schema'),
    dependentRequired: fc.dictionary(key, fc.uniqueArray(key, { maxLength: 2 }), {
      maxKeys: 1,
      noNullPrototype: true,
    }),
    dependentSchemas: named,
    allOf: some,
    anyOf: some,
    oneOf: some,
    not: tie('schema'),
    if: tie('schema'),
    then: tie('schema'),
    else: tie('schema'),
    unevaluatedItems: tie('schema'),
    unevaluatedProperties: tie('schema'),
  }
  return {
    schema: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.boolean(),
      fc
        .subarray(Object.keys(keywords) as (keyof typeof keywords)[], { maxLength: 4 })
        .chain((names) =>
          fc.record(Object.fromEntries(names.map((name) => [name, keywords[name]])), {
            noNullPrototype: true,
          }),
        ),
    ),
  }
})

test('random schemas judge random values as another implementation does', () => {
  fc.assert(
    fc.property(schema, fc.array(value, { minLength: 1, maxLength: 8 }), (one, values) => {
      const compiled = compileSchema(one)
      assert.ok(compiled.ok, JSON.stringify(compiled))
      const other = new Ajv2020({ strict: false, logger: false }).compile(one as object)
      for (const each of values)
        assert.equal(compiled.check(each).length === 0, other(each), JSON.stringify(each))
    }),
    { seed: 20_261_122, numRuns: 1_000 },
  )
})
