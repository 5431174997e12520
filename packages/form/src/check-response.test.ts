import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { checkResponse } from './check-response.ts'
import { ELEMENTS } from './elements.ts'
import { type Form, isButton, isField } from './form.ts'
import { type MessageContent, readContent } from './read-content.ts'

function formOf(content: MessageContent): Form {
  const read = readContent(content)
  assert.ok(read.ok, JSON.stringify(read))
  return read.value
}
const bodyOf = (properties: Record<string, unknown>, more: Record<string, unknown> = {}): Form =>
  formOf({ body: { properties, ...more } })
function responseTo(form: Form, given: unknown): unknown {
  const verdict = checkResponse(form, given)
  return verdict.ok
    ? verdict.response
    : Object.fromEntries(verdict.errors.map(({ pointer, message }) => [pointer, message]))
}

test('a message is answered with nothing, a request with a text', () => {
  assert.deepEqual(checkResponse(formOf({ message: 'm' }), {}), {
    ok: true,
    response: {},
    button: null,
  })
  const request = formOf({ request: 'Which?' })
  assert.deepEqual(responseTo(request, { string: 'main' }), { string: 'main' })
  for (const given of [{}, { string: '' }])
    assert.deepEqual(responseTo(request, given), { '/string': 'is required' })
  assert.deepEqual(responseTo(request, { string: 7 }), { '/string': 'must be string' })
  for (const given of [null, [], 'x', 1, undefined])
    assert.deepEqual(responseTo(request, given), { '': 'must be an object of names and values' })
})

test('what is not of the form is refused, with what is', () => {
  const form = bodyOf({
    a: {},
    note: { element: 'markdown', description: 'x' },
    go: { element: 'submit' },
  })
  const message = 'is no field of this form; it has a, go'
  assert.deepEqual(responseTo(form, { b: 1, note: 'x', timezone: 'UTC', 'c/d': 1 }), {
    '/b': message,
    '/note': message,
    '/timezone': message,
    '/c~1d': message,
  })
  assert.deepEqual(responseTo(formOf({ message: 'm' }), { a: 1 }), {
    '/a': 'is no field of this form; it has none',
  })
  assert.deepEqual(responseTo(form, JSON.parse('{"__proto__":{"a":1}}')), {
    '/__proto__': message,
  })
})

describe('defaults and blanks', () => {
  const form = bodyOf(
    {
      ref: { type: 'string', default: 'develop' },
      wait: { element: 'toggle', default: true },
      loud: { element: 'toggle' },
      count: { type: 'number' },
      kept: { type: 'string', minLength: 0 },
      choice: { enum: ['', 'a'] },
      any: { element: 'json' },
    },
    { required: ['ref', 'loud'] },
  )

  test('what is not named has its default, and a toggle is off', () => {
    assert.deepEqual(responseTo(form, {}), { ref: 'develop', wait: true, loud: false })
    assert.deepEqual(responseTo(form, { ref: 'main', wait: false, loud: true, count: 0 }), {
      ref: 'main',
      wait: false,
      loud: true,
      count: 0,
    })
  })

  test('an emptied field is nothing given, unless its schema takes it', () => {
    assert.deepEqual(responseTo(form, { ref: '' }), { '/ref': 'is required' })
    const { ref: _, ...optional } = { ref: 'main', kept: '', choice: '', any: '' }
    assert.deepEqual(responseTo(form, optional), {
      ref: 'develop',
      wait: true,
      loud: false,
      ...optional,
    })
    assert.deepEqual(responseTo(bodyOf({ a: { type: 'string', default: 'x' } }), { a: '' }), {})
  })

  test('null is a value, and is refused where it is none', () => {
    assert.deepEqual(responseTo(form, { count: null }), { '/count': 'must be number' })
    assert.deepEqual(responseTo(bodyOf({ a: { type: ['number', 'null'] } }), { a: null }), {
      a: null,
    })
  })

  test('a field may be named like what every object has', () => {
    const odd = bodyOf(
      { constructor: { type: 'string' }, toString: {} },
      { required: ['constructor'] },
    )
    assert.deepEqual(responseTo(odd, {}), { '/constructor': 'is required' })
    assert.deepEqual(responseTo(odd, { constructor: 'x' }), { constructor: 'x' })
  })
})

test('types, formats, choices and limits hold, and all faults are named', () => {
  const form = bodyOf(
    {
      n: { type: 'integer', minimum: 3 },
      mail: { type: 'string', format: 'email' },
      day: { element: 'date' },
      pick: { oneOf: [{ const: 1, title: 'One' }, { const: 2 }] },
      many: { element: 'multiselect', items: { enum: ['a', 'b'] } },
      code: { type: 'string', pattern: '^[A-Z]{3}$' },
      deep: {
        type: 'object',
        properties: { a: { type: 'number' } },
        required: ['a'],
        additionalProperties: false,
      },
    },
    { required: ['n'] },
  )
  assert.deepEqual(
    responseTo(form, {
      n: 1.5,
      mail: 'x',
      day: '2026-02-29',
      pick: 3,
      many: ['a', 'c', 'a'],
      code: 'abc',
      deep: { b: 1 },
    }),
    {
      '/n': 'must be integer',
      '/mail': 'must be a mail address',
      '/day': 'must be a date such as 2026-11-22',
      '/pick': 'must be one of 1,2',
      '/many': 'must NOT have duplicate items (items ## 0 and 2 are identical)',
      '/many/1': 'must be one of "a","b"',
      '/code': 'must match pattern "^[A-Z]{3}$"',
      '/deep/a': 'is required',
      '/deep': 'has "b", which is not accepted',
    },
  )
  const good = {
    n: 3,
    mail: 'a@example.com',
    day: '2028-02-29',
    pick: 2,
    many: ['b', 'a'],
    code: 'ABC',
    deep: { a: 1 },
  }
  assert.deepEqual(responseTo(form, good), good)
})

describe('buttons', () => {
  const form = bodyOf(
    {
      name: { type: 'string' },
      approve: { element: 'submit' },
      reject: { element: 'submit', required: [] },
      escalate: { element: 'submit', required: ['name', 'why'] },
      why: { type: 'string' },
    },
    { required: ['name'] },
  )

  test('one is pressed, and the others are false', () => {
    assert.deepEqual(checkResponse(form, { name: 'x', approve: true, reject: false }), {
      ok: true,
      response: { name: 'x', approve: true, reject: false, escalate: false },
      button: 'approve',
    })
  })

  test('none, several and nonsense are refused', () => {
    const none = { '': 'presses none of approve, reject, escalate' }
    assert.deepEqual(responseTo(form, { name: 'x' }), none)
    assert.deepEqual(responseTo(form, { name: 'x', approve: false }), none)
    assert.deepEqual(responseTo(form, { name: 'x', approve: true, reject: true }), {
      '': 'presses approve and reject; press one',
    })
    assert.deepEqual(responseTo(form, { name: 'x', approve: 'yes', reject: true }), {
      '/approve': 'must be true or false',
    })
  })

  test('each says what it requires', () => {
    assert.deepEqual(responseTo(form, { approve: true }), { '/name': 'is required' })
    assert.equal(checkResponse(form, { reject: true }).ok, true)
    assert.deepEqual(responseTo(form, { escalate: true, name: 'x' }), { '/why': 'is required' })
  })

  test('the only one is taken for pressed, unless it is said that it is not', () => {
    const single = bodyOf({ go: { element: 'submit', required: [] }, a: {} }, { required: ['a'] })
    assert.deepEqual(responseTo(single, {}), { go: true })
    assert.deepEqual(responseTo(single, { go: true }), { go: true })
    assert.deepEqual(Object.keys(responseTo(single, { go: false }) as object), ['/go', '/a'])
  })
})

describe('times', () => {
  const form = bodyOf({ at: { element: 'time' }, on: { element: 'datetime' } })

  test('come with or without seconds and offset, and stay as they were sent', () => {
    for (const at of ['09:30', '23:59:59', '09:30:00.5Z', '09:30+02:00', '09:30:00-0530'])
      assert.deepEqual(responseTo(form, { at }), { at })
    for (const on of ['2026-11-22T09:30', '2026-11-22 09:30:00', '2028-02-29T00:00:00.123+14:00'])
      assert.deepEqual(responseTo(form, { on }), { on })
    for (const at of [
      '9:30',
      '24:00',
      '09:60',
      '09:30:60',
      '09:30+25:00',
      'noon',
      '09:30 Europe/Vienna',
    ])
      assert.match(
        String((responseTo(form, { at }) as Record<string, string>)['/at']),
        /^must be a time/,
      )
    for (const on of [
      '2026-02-29T09:30',
      '2026-13-01T09:30',
      '2026-11-22',
      '2026-11-22T',
      '22.11.2026 09:30',
    ])
      assert.match(
        String((responseTo(form, { on }) as Record<string, string>)['/on']),
        /^must be a date/,
      )
  })

  test('may say which zone they are meant in', () => {
    for (const timezone of ['Europe/Vienna', 'UTC', '+05:30'])
      assert.deepEqual(responseTo(form, { at: '09:30', timezone }), { at: '09:30', timezone })
    for (const timezone of ['Vienna', '', 1, null, 'Europe/Vienna\n'])
      assert.match(
        String((responseTo(form, { timezone }) as Record<string, string>)['/timezone']),
        /^must be a time zone such as/,
      )
  })

  test('leave a field named timezone to the form that has one', () => {
    const own = bodyOf({ at: { element: 'time' }, timezone: { enum: ['CET'] } })
    assert.deepEqual(responseTo(own, { timezone: 'CET' }), { timezone: 'CET' })
    assert.deepEqual(responseTo(own, { timezone: 'UTC' }), { '/timezone': 'must be one of "CET"' })
  })
})

test('rules over several fields hold', () => {
  const form = bodyOf({ a: {}, b: {}, c: {} }, { dependentRequired: { a: ['b'] } })
  assert.deepEqual(responseTo(form, { a: 1 }), {
    '': 'must have property b when property a is present',
  })
  assert.deepEqual(responseTo(form, { a: 1, b: 2 }), { a: 1, b: 2 })
})

test('responses without end are refused before they are checked', () => {
  const form = bodyOf({ a: { type: 'array', uniqueItems: true } })
  let deep: unknown = 1
  for (let level = 0; level < 50_000; level += 1) deep = [deep]
  assert.deepEqual(responseTo(form, { a: deep }), { '': 'is nested deeper than 16 levels' })
  assert.match(
    JSON.stringify(responseTo(form, { a: Array.from({ length: 1_001 }, () => ({})) })),
    /list of more than 1000/,
  )
  const lists = Array.from({ length: 900 }, () => Array.from({ length: 20 }, () => 1))
  assert.match(JSON.stringify(responseTo(form, { a: lists })), /more than 10000 values/)
  assert.match(
    JSON.stringify(responseTo(form, { a: ['x'.repeat(300_000)] })),
    /262144 are accepted/,
  )
})

describe('any form and any answer', () => {
  const name = fc.oneof(
    fc.constantFrom('a', 'b', 'c', 'timezone', 'constructor', '__proto__', 'a/b'),
    fc.string({ minLength: 1, maxLength: 5 }),
  )
  const usual = fc.constantFrom(
    {},
    { type: 'string', default: 'x' },
    { type: 'boolean' },
    { element: 'number' },
    { element: 'time', default: '08:30' },
    { element: 'password', minLength: 0 },
    { enum: ['', 'a', 1], default: '' },
    { element: 'multiselect', items: { enum: ['a'] }, default: [] },
    { element: 'markdown', description: 'text' },
    { element: 'submit' },
    { element: 'submit', required: [] },
  )
  const odd = fc.record(
    {
      type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'array', 'object', 'odd', [
        'string',
        'null',
      ]),
      element: fc.constantFrom(...ELEMENTS, 'odd'),
      format: fc.constantFrom('time', 'date', 'date-time', 'email', 'odd'),
      enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
      items: fc.record({ enum: fc.array(fc.string(), { minLength: 1, maxLength: 3 }) }),
      default: fc.jsonValue({ maxDepth: 2 }),
      label: fc.oneof(fc.string(), fc.integer()),
      description: fc.string(),
      order: fc.double(),
      minLength: fc.integer({ min: -1, max: 3 }),
      pattern: fc.constantFrom('^a*$', '(', '[0-9]+'),
      required: fc.oneof(fc.boolean(), fc.array(name, { maxLength: 2 })),
    },
    { requiredKeys: [] },
  )
  const property = fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: odd })
  const body = fc.record(
    {
      properties: fc.dictionary(name, property, { maxKeys: 4 }),
      required: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 1 }),
    },
    { requiredKeys: ['properties'] },
  )
  const any = fc.record(
    {
      subject: fc.string(),
      message: fc.jsonValue(),
      request: fc.string(),
      body: fc.oneof(body, fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  const content = fc.oneof(
    { weight: 5, arbitrary: fc.record({ body }) },
    { weight: 1, arbitrary: any },
  ) as unknown as fc.Arbitrary<MessageContent>
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.boolean(),
    fc.constantFrom('09:30', '', 'a'),
  )
  const answers = fc.dictionary(name, value, { maxKeys: 5 })

  test('F1 F2 F3 never throw; what is accepted has the keys of the form and is accepted again', () => {
    let accepted = 0
    fc.assert(
      fc.property(content, answers, fc.nat(), (given, answer, pick) => {
        const read = readContent(given)
        if (!read.ok) {
          for (const error of read.errors) assert.match(error.pointer, /^(?:\/.*)?$/)
          return
        }
        const form = read.value
        const buttons = form.items.filter(isButton)
        assert.ok(buttons.length > 0)
        const button = buttons[pick % buttons.length]?.name ?? null
        const fields = form.items.filter(isField).map((field) => field.name)
        const pressed = Object.fromEntries([
          ...Object.entries(answer).filter(([key]) => fields.includes(key)),
          ...(button === null ? [] : [[button, true] as const]),
        ])
        for (const response of [answer, pressed]) {
          const verdict = checkResponse(form, response)
          if (!verdict.ok) {
            assert.ok(verdict.errors.length > 0)
            continue
          }
          accepted += 1
          const keys = new Set([...fields, ...buttons.map((one) => one.name), 'timezone'])
          for (const key of Object.keys(verdict.response)) assert.ok(keys.has(key), key)
          // A field that was emptied has its default when it is not named at all.
          const again = checkResponse(form, verdict.response)
          assert.ok(again.ok)
          assert.deepEqual({ ...again.response, ...verdict.response }, again.response)
        }
      }),
      { seed: 12, numRuns: 1_500 },
    )
    assert.ok(accepted > 100, `only ${accepted} were accepted`)
  })
})
