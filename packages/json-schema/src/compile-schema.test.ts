import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { FORMAT_MAX_CHARS, FORMATS } from './formats.ts'
import { compileSchema } from './index.ts'

function faultsOf(schema: unknown, value: unknown): string[] {
  const compiled = compileSchema(schema)
  assert.ok(compiled.ok, JSON.stringify(compiled))
  return compiled.check(value).map(({ pointer, message }) => `${pointer} ${message}`)
}

function refusalOf(schema: unknown): string {
  const compiled = compileSchema(schema)
  assert.ok(!compiled.ok, 'it was taken')
  return `${compiled.pointer} ${compiled.message}`
}

for (const [name, schema, good, bad] of [
  ['true and false', { properties: { a: true, b: false } }, { a: 1 }, { b: 1 }],
  ['type', { type: 'integer' }, 1, 1.5],
  ['types', { type: ['string', 'null'] }, null, 0],
  ['enum', { enum: [{ a: 1, b: [2] }, 'x'] }, { b: [2], a: 1 }, { a: 1 }],
  ['const', { const: [1, { a: null }] }, [1, { a: null }], [1, {}]],
  ['multipleOf', { multipleOf: 0.1 }, 0.3, 0.35],
  ['bounds', { minimum: 1, exclusiveMaximum: 3 }, 1, 3],
  ['length in characters', { maxLength: 2, minLength: 1 }, '😀😀', '😀😀😀'],
  ['pattern', { pattern: '^a+$' }, 'aaa', 'ab'],
  ['format', { format: 'date' }, '2024-02-29', '2026-02-29'],
  ['items', { items: { type: 'string' } }, ['a'], ['a', 1]],
  ['prefixItems', { prefixItems: [{ type: 'string' }], items: false }, ['a'], ['a', 1]],
  ['contains', { contains: { const: 1 }, maxContains: 2 }, [1, 2, 1], [1, 1, 1]],
  [
    'uniqueItems',
    { uniqueItems: true },
    [1, '1', { a: 1 }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
  ],
  ['required', { required: ['a'] }, { a: undefined }, {}],
  [
    'additionalProperties',
    { properties: { a: true }, patternProperties: { '^x-': true }, additionalProperties: false },
    { a: 1, 'x-b': 2 },
    { b: 1 },
  ],
  ['propertyNames', { propertyNames: { maxLength: 2 } }, { ab: 1 }, { abc: 1 }],
  ['dependentRequired', { dependentRequired: { a: ['b'] } }, { b: 1 }, { a: 1 }],
  ['dependentSchemas', { dependentSchemas: { a: { required: ['b'] } } }, { b: 1 }, { a: 1 }],
  ['allOf', { allOf: [{ minimum: 1 }, { maximum: 2 }] }, 2, 3],
  ['anyOf', { anyOf: [{ type: 'string' }, { minimum: 5 }] }, 'x', 4],
  ['oneOf', { oneOf: [{ minimum: 1 }, { minimum: 5 }] }, 2, 6],
  ['not', { not: { type: 'null' } }, 1, null],
  ['if', { if: { type: 'string' }, then: { minLength: 2 }, else: { minimum: 2 } }, 'ab', 1],
  ['a reference', { $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'null' } } }, null, 1],
  [
    'a schema within itself',
    { type: 'object', properties: { next: { $ref: '#' } }, additionalProperties: false },
    { next: { next: {} } },
    { next: { other: 1 } },
  ],
  ['an anchor', { $ref: '#here', $defs: { a: { $anchor: 'here', type: 'null' } } }, null, 1],
  ['an id', { $ref: 'urn:a', $defs: { a: { $id: 'urn:a', type: 'null' } } }, null, 1],
  [
    'unevaluatedProperties',
    {
      properties: { a: true },
      anyOf: [{ properties: { b: { const: 1 } }, required: ['b'] }, true],
      unevaluatedProperties: false,
    },
    { a: 1, b: 1 },
    { a: 1, b: 2 },
  ],
  [
    'unevaluatedItems',
    { prefixItems: [true], contains: { const: 'x' }, unevaluatedItems: false },
    [1, 'x'],
    ['x', 2],
  ],
] as const) {
  test(`${name} lets in what fits and nothing else`, () => {
    assert.deepEqual(faultsOf(schema, good), [])
    assert.notDeepEqual(faultsOf(schema, bad), [])
  })
}

for (const [given, step, fits] of [
  [0.3, 0.1, true],
  [19.99, 0.01, true],
  [-19.99, 0.01, true],
  [0, 0.7, true],
  [12_391_239_123, 1e-8, true],
  [1e308, 0.5, true],
  [1e23, 10, true],
  [5e-324, 5e-324, true],
  [1_000_000_000.5, 1, false],
  [10_000_000_000.3, 0.25, false],
  [9_007_199_254_740_991, 2, false],
  [1e308, 0.123456789, false],
  [1e-300, 1e300, false],
] as const) {
  test(`${given} is ${fits ? 'a' : 'no'} multiple of ${step}`, () => {
    assert.equal(faultsOf({ multipleOf: step }, given).length === 0, fits)
  })
}

test('multiples are judged as they are written, however large the quotient', () => {
  const digits = fc.integer({ min: 2, max: 1_000 })
  const times = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 })
  fc.assert(
    fc.property(digits, times, fc.integer({ min: -9, max: 9 }), (step, count, exponent) => {
      const written = (whole: number): number => Number(`${whole}e${exponent}`)
      const schema = { multipleOf: written(step) }
      assert.deepEqual(faultsOf(schema, written(step * count)), [])
      assert.equal(faultsOf(schema, written(step * count + 1)).length, 1)
    }),
    { seed: 20_261_123, numRuns: 1_000 },
  )
})

test('keywords of older drafts are told with the way out, and only where they are keywords', () => {
  const compiled = compileSchema({
    properties: { dependencies: true, list: { items: {}, additionalItems: false } },
    dependencies: { a: ['b'] },
    $defs: { old: { $recursiveRef: '#', divisibleBy: 2 } },
    enum: [{ dependencies: 1 }, { a: 1 }],
    default: { additionalItems: 1 },
  })
  assert.ok(compiled.ok)
  assert.deepEqual(
    compiled.unheeded.map(({ pointer, message }) => `${pointer} ${message}`).toSorted(),
    [
      '/$defs/old/$recursiveRef is of an older draft and would check nothing: use $dynamicRef',
      '/$defs/old/divisibleBy is of an older draft and would check nothing: use multipleOf',
      '/dependencies is of an older draft and would check nothing: use dependentRequired or dependentSchemas',
      '/properties/list/additionalItems is of an older draft and would check nothing: use items beside prefixItems',
    ],
  )
  assert.deepEqual(compiled.check({ a: 1 }), [])
})

test('every fault is told with its place, up to twenty', () => {
  const schema = {
    type: 'object',
    properties: { 'a/b': { type: 'integer' }, list: { items: { minimum: 1 } } },
    required: ['c'],
    additionalProperties: false,
  }
  assert.deepEqual(faultsOf(schema, { 'a/b': 'x', list: [1, 0], odd: 1 }).toSorted(), [
    '/a~1b must be integer',
    '/c is missing',
    '/list/1 must be >= 1',
    '/odd is not known',
  ])
  const many = Array.from({ length: 100 }, () => 'x')
  assert.equal(faultsOf({ items: { type: 'null' } }, many).length, 20)
})

for (const [name, schema, says] of [
  ['a number', 3, / must be a JSON schema/],
  ['an unknown type', { type: 'nonsense' }, /^\/type must be one of/],
  [
    'a bound that is no number',
    { properties: { a: { minimum: '1' } } },
    /^\/properties\/a\/minimum/,
  ],
  ['a list for items', { items: [true] }, /prefixItems/],
  ['a pattern that needs backtracking', { pattern: '(a)\\1' }, /linear time/],
  ['a reference to elsewhere', { $ref: 'https://example.com/x' }, /nothing is fetched/],
  ['a reference to nothing', { $ref: '#/$defs/none' }, /not in this schema/],
  ['a definition that is none', { $defs: { a: 7 } }, /^\/\$defs\/a must be/],
] as const) {
  test(`${name} is no schema, and the place is named`, () => {
    assert.match(refusalOf(schema), says)
  })
}

test('a pattern that would backtrack for ever runs in linear time', () => {
  assert.deepEqual(faultsOf({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}b`), [
    ' must match the pattern "^(a+)+$"',
  ])
})

test('a long text for a pattern with many places to be in ends with a sentence', () => {
  const schema = { pattern: '(a|b)*a(a|b){1000}' }
  assert.deepEqual(faultsOf(schema, 'ab'.repeat(1_000)), [])
  assert.match(faultsOf(schema, 'ab'.repeat(50_000)).join('; '), /steps to check/)
  assert.match(
    faultsOf({ patternProperties: { [schema.pattern]: true } }, { ['ab'.repeat(50_000)]: 1 }).join(
      '; ',
    ),
    /steps to check/,
  )
})

test('texts and names of usual lengths cost their characters, whatever the pattern', () => {
  const pattern = '^[a-z0-9-]{1,255}$'
  const rows = Array.from({ length: 50_000 }, (_, n) => `row-${n}`)
  assert.deepEqual(faultsOf({ items: { pattern } }, rows), [])
  const named = Object.fromEntries(rows.map((name) => [name, 1]))
  assert.deepEqual(faultsOf({ patternProperties: { [pattern]: { type: 'integer' } } }, named), [])
})

test('alternatives that double with each level end with a sentence', () => {
  const twice = (name: string) => ({
    allOf: [{ properties: { x: { $ref: '#/$defs/a' } } }, { required: [name] }],
  })
  const schema = { $ref: '#/$defs/a', $defs: { a: { anyOf: [twice('y'), twice('z')] } } }
  let value: object = {}
  for (let level = 0; level < 60; level += 1) value = { x: value }
  assert.match(faultsOf(schema, value).join('; '), /steps to check/)
})

test('references in a circle end with a sentence', () => {
  assert.match(faultsOf({ $ref: '#' }, 1).join('; '), /steps to check/)
  assert.match(
    faultsOf(
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
      1,
    ).join('; '),
    /steps to check/,
  )
})

test('a hundred thousand rows are within what a check may cost', () => {
  const schema = {
    items: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  }
  const rows = Array.from({ length: 100_000 }, (_, n) => ({ n }))
  assert.deepEqual(faultsOf(schema, rows), [])
})

describe('a text of any length is checked at once, whatever is in it, for the format', () => {
  // What starts right and repeats what a format repeats, and is none at its end.
  const hostile = [
    ['', 'a', '!'],
    ['', '1', '!'],
    ['', ' ', '!'],
    ['', 't', '!'],
    ['', ':', '!'],
    ['', '@', '!'],
    ['', '1:', '!'],
    ['', '1.', '!'],
    ['', 'a.', '!'],
    ['', 'a-', '!'],
    ['', '%41', '%'],
    ['', '/~0', '~'],
    ['a@', 'a', '!'],
    ['a@', 'a.', '!'],
    ['P', '1', '!'],
    ['PT1.', '1', '!'],
    ['09:30:00.', '1', '!'],
    ['2026-11-22T09:30:00.', '1', '!'],
    ['http://', ':', ' '],
    ['http://', 'a:', ' '],
    ['http://', ':@', ' '],
  ] as const
  const texts = [FORMAT_MAX_CHARS, 262_144].flatMap((chars) =>
    hostile.map(([start, repeated, end]) => {
      const room = chars - start.length - end.length
      return `${start}${repeated.repeat(Math.floor(room / repeated.length))}${end}`
    }),
  )
  for (const [format, isFormat] of FORMATS)
    test(format, () => {
      const check = (): void => {
        for (const text of texts) {
          faultsOf({ format }, text)
          // Without the limit on its length, too: nothing here goes back over a text.
          isFormat(text)
        }
      }
      // Milliseconds, or minutes of one match; only this ends one that has begun.
      runInNewContext('check()', { check }, { timeout: 60_000 })
    })
})
