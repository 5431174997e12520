import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { RESPONSE_LIMITS } from './check-response.ts'
import type { FieldError, Form, JsonSchema } from './form.ts'
import { FORMATS } from './formats.ts'
import { readContent } from './read-content.ts'
import { createCheck } from './schema-check.ts'

/** A form with one field, as it is stored. */
const formOf = (schema: JsonSchema): Form => ({
  subject: null,
  text: null,
  items: [
    {
      element: 'string',
      name: 'a',
      label: 'a',
      description: null,
      is_required: false,
      is_secret: false,
      format: null,
      options: null,
      schema,
    },
  ],
  required: [],
  rules: {},
})

function errorsOf(format: string, value: unknown): readonly FieldError[] {
  const check = createCheck(formOf({ format }), [])
  assert.ok(check.ok)
  return check.value({ a: value })
}

const accepts = (format: string, value: unknown): boolean => errorsOf(format, value).length === 0

/** What starts right and repeats what a format repeats, and is none at its end. */
const HOSTILE: readonly (readonly [start: string, repeated: string, end: string])[] = [
  ['', 'a', '!'],
  ['', '1', '!'],
  ['', ' ', '!'],
  ['', '.', '!'],
  ['', ':', '!'],
  ['', '@', '!'],
  ['', '/', ' '],
  ['', '(', ''],
  ['', '{', ''],
  ['', '\\', ''],
  ['', '\n', '!'],
  ['', 'AAAA', '!'],
  ['', 'AAA!\n', '!'],
  ['', 'A=\n', '!'],
  ['', 'a.', '!'],
  ['', 'a-', '!'],
  ['', '1:', '!'],
  ['', '1.', '!'],
  ['', '%41', '%'],
  ['', '{a}', '{'],
  ['{a', ',a', '!'],
  ['{a', '%41', '!'],
  ['', '/~0', '~'],
  ['0', '/~0', '~'],
  ['#', '/~0', '~'],
  ['a', '@a', '!'],
  ['a@', 'a', '!'],
  ['a@', 'a-', '!'],
  ['a@', 'a.', '!'],
  ['P', '1', '!'],
  ['PT', '1', '!'],
  ['PT1.', '1', '!'],
  ['09:30:00.', '1', '!'],
  ['2026-11-22T09:30:00.', '1', '!'],
  ['a:', '/', ' '],
  ['a://', 'a:', ' '],
  ['a://', 'a#', ' '],
  ['http://', ':', ''],
  ['http://', ':', ' '],
  ['http://', ':@', ' '],
  ['http://', 'a:', ' '],
  ['http://', 'a-', '!'],
  ['http://', 'a.', '!'],
  ['http://', 'xn--a.', '!'],
  ['http://', 'ü', '!'],
  ['http://', '/..', ' '],
  ['http://a', '/b/..', ''],
  ['http://a', '\u0315\u0300', ''],
  ['urn:uuid:', '0', ''],
]

describe('an answer of full length is checked at once, whatever is in it, for the format', () => {
  const texts = HOSTILE.map(([start, repeated, end]) => {
    const room = RESPONSE_LIMITS.chars - start.length - end.length
    return `${start}${repeated.repeat(Math.floor(room / repeated.length))}${end}`
  })
  for (const format of [...FORMATS, 'regex', 'odd'])
    test(format, () => {
      const check = (): void => texts.forEach((text) => errorsOf(format, text))
      // Milliseconds, or minutes of one match; only this ends one that has begun.
      runInNewContext('check()', { check }, { timeout: 60_000 })
    })
})

test('formats hold, and what is not of one is told in words', () => {
  const cases: readonly (readonly [format: string, good: unknown, bad: unknown])[] = [
    ['byte', 'aGk=', 'a'],
    ['date', '2028-02-29', '2026-02-29'],
    ['date-time', '2026-11-22T09:30', '2026-11-22'],
    ['duration', 'P1DT2H', '1 day'],
    ['email', 'a@example.com', 'a'],
    ['hostname', 'db-1.example.com', 'a b'],
    ['int32', 7, 3_000_000_000],
    ['int64', 3_000_000_000, 0.5],
    ['ipv4', '192.0.2.1', '192.0.2'],
    ['ipv6', '2001:db8::1', '2001:db8'],
    ['iso-date-time', '2026-11-22T09:30:00', '2026-11-22'],
    ['iso-time', '09:30:00', '09:30'],
    ['json-pointer', '/a/0', 'a'],
    ['json-pointer-uri-fragment', '#/a/0', '/a'],
    ['relative-json-pointer', '1/a', '/a'],
    ['time', '09:30', 'noon'],
    ['uri', 'mailto:a@example.com', 'example.com'],
    ['uri-reference', '/a?b#c', 'a b'],
    ['uri-template', '/a{?b}', '/a{'],
    ['url', 'https://user@example.com:8080/a?b=ü#c', 'example.com'],
    ['uuid', '0b4f6a52-9f3e-4a9e-8a55-0d7c1f4a2b3c', '0b4f6a52'],
  ]
  for (const [format, good, bad] of cases) {
    assert.ok(FORMATS.has(format), format)
    assert.ok(accepts(format, good), format)
    assert.match(
      errorsOf(format, bad)[0]?.message ?? '',
      /^must be (?:an? |of the format )/,
      format,
    )
  }
  const free = ['binary', 'double', 'float', 'password']
  assert.deepEqual([...FORMATS], [...cases.map(([format]) => format), ...free].toSorted())
})

test('a url is one of the web or of ftp, with a host and without blanks', () => {
  for (const good of ['http://localhost:8080', 'HTTPS://10.0.0.1/', 'ftp://example.com/a'])
    assert.ok(accepts('url', good), good)
  for (const bad of [
    'http:example.com',
    'http://',
    'http://a b',
    'http://a/b c',
    'mailto:a@b.example',
  ])
    assert.equal(accepts('url', bad), false, bad)
})

test('a format that is not known is refused where a form is written, with those that there are', () => {
  const read = readContent({
    body: {
      properties: {
        a: { type: 'string', format: 'color' },
        b: { type: 'array', items: { type: 'string', format: 'regex' } },
        format: { type: 'string', format: 'uri', default: 'a:b', enum: ['a:b'] },
      },
      anyOf: [{ properties: { a: { format: 'hue' } } }, { required: ['b'] }],
    },
  })
  assert.ok(!read.ok)
  const message = `is not known; known are ${[...FORMATS].join(', ')}`
  assert.deepEqual(
    read.errors,
    ['/properties/a', '/properties/b/items', '/anyOf/0/properties/a'].map((at) => ({
      pointer: `/body${at}/format`,
      message,
    })),
  )
  assert.match(message, /known are binary, byte, date, .*, url, uuid$/)
})

test('a form that was stored with an unknown format is answered as if it had none', () => {
  for (const format of ['color', 'regex', 'constructor', '__proto__'])
    assert.ok(accepts(format, '('), format)
})
