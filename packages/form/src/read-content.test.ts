import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Form } from './form.ts'
import { type MessageContent, readContent } from './read-content.ts'

function formOf(content: MessageContent): Form {
  const read = readContent(content)
  assert.ok(read.ok, JSON.stringify(read))
  return read.value
}
const bodyOf = (properties: Record<string, unknown>, more: Record<string, unknown> = {}): Form =>
  formOf({ body: { type: 'object', properties, ...more } })
function errorsOf(content: unknown): Record<string, string> {
  const read = readContent(content as MessageContent)
  return read.ok
    ? {}
    : Object.fromEntries(read.errors.map((error) => [error.pointer, error.message]))
}
const propertyErrors = (property: unknown): Record<string, string> =>
  errorsOf({ body: { properties: { x: property } } })

const OK = { element: 'submit', name: null, label: 'OK', required: null }

describe('the three ways', () => {
  test('message is a text and an OK', () => {
    assert.deepEqual(formOf({ subject: 'Done', message: '**All** fine' }), {
      subject: 'Done',
      text: '**All** fine',
      items: [OK],
      required: [],
      rules: {},
    })
  })

  test('request is one text, answered under string', () => {
    assert.deepEqual(formOf({ request: 'Which branch?' }), {
      subject: null,
      text: null,
      items: [
        {
          element: 'string',
          name: 'string',
          label: 'Which branch?',
          description: null,
          is_required: true,
          is_secret: false,
          format: null,
          options: null,
          schema: { type: 'string' },
        },
        OK,
      ],
      required: ['string'],
      rules: {},
    })
  })

  test('body is an item for each property', () => {
    const form = bodyOf(
      {
        start: { element: 'submit', type: 'boolean', label: 'Start', order: 4 },
        none: { element: 'submit', order: 3, required: ['hint'] },
        when: {
          element: 'time',
          type: 'string',
          format: 'time',
          label: 'At',
          default: '08:30',
          example: '09:00',
          order: 1,
        },
        hint: { element: 'markdown', description: 'See *there*' },
      },
      { required: ['when', 'start'], title: 'Schedule\nit', description: 'When?' },
    )
    assert.deepEqual(form, {
      subject: 'Schedule',
      text: 'When?',
      items: [
        {
          element: 'time',
          name: 'when',
          label: 'At',
          description: null,
          is_required: true,
          is_secret: false,
          default: '08:30',
          example: '09:00',
          format: 'time',
          options: null,
          schema: { type: 'string', format: 'time' },
        },
        { element: 'submit', name: 'none', label: 'none', required: [] },
        { element: 'submit', name: 'start', label: 'Start', required: null },
        { element: 'markdown', name: 'hint', text: 'See *there*' },
      ],
      required: ['when'],
      rules: {},
    })
  })

  test('message may stand above the others, which exclude each other', () => {
    assert.equal(formOf({ message: 'm', request: 'r' }).text, 'm')
    assert.equal(formOf({ message: 'm', body: { description: 'd' } }).text, 'm')
    assert.deepEqual(errorsOf({ request: 'r', body: {} }), {
      '/request': 'and body are both given; give one of them',
    })
    const nothing = { '': 'needs one of message, request and body' }
    for (const content of [{}, { subject: 's' }, { message: null }])
      assert.deepEqual(errorsOf(content), nothing)
  })

  test('a form is plain JSON, and the same after it was stored', () => {
    const form = bodyOf({ a: { enum: [1, 2], default: 1 }, b: { element: 'password' } })
    const stored = JSON.stringify(form)
    assert.deepEqual(JSON.parse(stored), form)
  })
})

describe('an element that is not named', () => {
  test('follows from type, format and choices', () => {
    const form = bodyOf({
      string: { type: 'string' },
      maybe: { type: ['string', 'null'] },
      number: { type: 'number' },
      integer: { type: 'integer' },
      toggle: { type: 'boolean' },
      time: { type: 'string', format: 'time' },
      date: { type: 'string', format: 'date' },
      datetime: { type: 'string', format: 'date-time' },
      password: { type: 'string', format: 'password' },
      mail: { type: 'string', format: 'email' },
      select: { enum: ['a', 1, null] },
      titled: { oneOf: [{ const: 1, title: 'One' }, { const: 'two' }] },
      multiselect: { type: 'array', items: { enum: ['a'] } },
      list: { type: 'array', items: { type: 'string' } },
      object: { type: 'object', properties: {} },
      several: { type: ['string', 'number'] },
      any: {},
    })
    const elements = Object.fromEntries(form.items.map(({ name, element }) => [name, element]))
    assert.deepEqual(elements, {
      string: 'string',
      maybe: 'string',
      number: 'number',
      integer: 'number',
      toggle: 'toggle',
      time: 'time',
      date: 'date',
      datetime: 'datetime',
      password: 'password',
      mail: 'string',
      select: 'select',
      titled: 'select',
      multiselect: 'multiselect',
      list: 'json',
      object: 'json',
      several: 'json',
      any: 'json',
      null: 'submit',
    })
    const options = form.items.map((item) => ('options' in item ? item.options : null))
    assert.deepEqual(
      options.filter((list) => list !== null),
      [
        [
          { value: 'a', label: 'a' },
          { value: 1, label: '1' },
          { value: null, label: 'null' },
        ],
        [
          { value: 1, label: 'One' },
          { value: 'two', label: 'two' },
        ],
        [{ value: 'a', label: 'a' }],
      ],
    )
  })

  test('gives its type and format to the check', () => {
    const schemas = bodyOf({
      a: { element: 'number' },
      b: { element: 'date' },
      c: { element: 'multiselect', items: { enum: ['x'] } },
      d: { element: 'select', enum: ['x', 1] },
    }).items.map((item) => ('schema' in item ? item.schema : null))
    assert.deepEqual(schemas, [
      { type: 'number' },
      { type: 'string', format: 'date' },
      { items: { enum: ['x'] }, type: 'array', uniqueItems: true },
      { enum: ['x', 1] },
      null,
    ])
  })
})

test('items are in their order, and equal ones as they were written', () => {
  const form = bodyOf({ d: {}, b: { order: 2 }, a: { order: -1 }, c: { order: 2 }, e: {} })
  assert.deepEqual(
    form.items.map(({ name }) => name),
    ['a', 'b', 'c', 'd', 'e', null],
  )
})

test('secret is what says so in any of the usual ways', () => {
  const form = bodyOf({
    a: { element: 'password' },
    b: { type: 'string', format: 'password', element: 'string' },
    c: { type: 'string', writeOnly: true },
    d: { type: 'object', 'x-secret': true },
    e: { type: 'string' },
  })
  assert.deepEqual(
    form.items.map((item) => 'is_secret' in item && item.is_secret),
    [true, true, true, true, false, false],
  )
})

test('what an author’s code leaves null is left out', () => {
  const form = bodyOf({
    a: {
      type: 'string',
      default: null,
      example: null,
      label: null,
      order: null,
      description: null,
    },
    b: { type: ['string', 'null'], default: null },
  })
  assert.equal('default' in (form.items[0] ?? {}), false)
  assert.equal('example' in (form.items[0] ?? {}), false)
  assert.equal((form.items[1] as { default?: unknown }).default, null)
})

describe('what is wrong', () => {
  test('with the texts is named', () => {
    assert.deepEqual(errorsOf({ subject: 'a\nb', message: '' }), {
      '/subject': 'must be one line; say more in message',
      '/message': 'is empty; leave it out',
    })
    assert.deepEqual(errorsOf({ subject: 1, message: 'x'.repeat(65_537) }), {
      '/subject': 'must be text',
      '/message': 'has 65537 characters; 65536 are accepted',
    })
  })

  test('with the body is named', () => {
    const at = (body: unknown) => errorsOf({ body })
    assert.deepEqual(at([]), { '/body': 'must be a JSON schema of an object' })
    assert.match(at({ type: 'string' })['/body/type'] ?? '', /^must be "object"/)
    assert.deepEqual(at({ properties: [] }), { '/body/properties': 'must be an object' })
    assert.deepEqual(at({ properties: { a: {} }, required: ['a', 'b'] }), {
      '/body/required/1': 'names no property of the form',
    })
    assert.deepEqual(at({ properties: { a: {} }, required: 'a' }), {
      '/body/required': 'must be a list of names of properties',
    })
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, {}]))
    assert.match(at({ properties: many })['/body/properties'] ?? '', /^has 101 entries; 100/)
    const buttons = Object.fromEntries(
      Array.from({ length: 11 }, (_, index) => [`b${index}`, { element: 'submit' }]),
    )
    assert.match(at({ properties: buttons })['/body/properties'] ?? '', /more than 10 submit/)
    assert.match(at({ description: 'x'.repeat(70_000) })['/body'] ?? '', /65536 are accepted$/)
  })

  test('with a property is named, with the way out', () => {
    const cases: [unknown, string, RegExp][] = [
      [1, '', /^must be an object$/],
      [{ element: 'slider' }, '/element', /^is not known; known are string, text, .*submit$/],
      [{ element: 'constructor' }, '/element', /^is not known/],
      [{ element: 7 }, '/element', /^is not known/],
      [{ element: 'time', type: 'number' }, '/type', /^must be "string" for the element time$/],
      [{ element: 'number', type: 'string' }, '/type', /^must be "number" or "integer"/],
      [{ element: 'string', type: ['string', 'number'] }, '/type', /^must be "string"/],
      [{ element: 'time', format: 'date' }, '/format', /^must be "time" for the element time$/],
      [{ element: 'submit', type: 'string' }, '/type', /^must be "boolean"/],
      [{ element: 'submit', required: ['y'] }, '/required/0', /^names no property/],
      [{ element: 'select' }, '/enum', /^is missing/],
      [{ element: 'multiselect', items: {} }, '/items/enum', /^is missing/],
      [{ element: 'markdown' }, '/description', /^is missing/],
      [{ label: 1 }, '/label', /^must be text$/],
      [{ label: 'x'.repeat(1_025) }, '/label', /^has 1025 characters; 1024/],
      [{ order: 'first' }, '/order', /^must be a number$/],
      [{ type: 'string', required: true }, '/required', /^is said for the whole form/],
      [{ type: 'number', default: 'x' }, '/default', /^must be number$/],
      [{ element: 'time', default: '8:30' }, '/default', /^must be a time such as/],
      [{ enum: ['a'], default: 'b' }, '/default', /^must be one of "a"$/],
      [{ element: 'json', type: 'text' }, '/type', /^must be "object" or/],
      [{ type: 'string', maxLength: -1 }, '/maxLength', /must be >= 0/],
      [{ type: 'string', pattern: '(' }, '/pattern', /^cannot be matched in linear time/],
      [{ type: 'string', pattern: '(a)\\1' }, '/pattern', /^cannot be matched in linear time/],
      [{ $ref: '#' }, '/$ref', /^is not accepted in a form/],
      [{ $defs: {} }, '/$defs', /^is not accepted in a form/],
      [{ items: { $ref: 'https://x' } }, '/items/$ref', /^is not accepted in a form/],
    ]
    for (const [property, pointer, expected] of cases) {
      const errors = propertyErrors(property)
      const where = `/body/properties/x${pointer}`
      assert.match(errors[where] ?? `nothing: ${JSON.stringify(errors)}`, expected, where)
    }
  })

  test('with the name of a property is named', () => {
    const named = (name: string) =>
      errorsOf({ body: { properties: JSON.parse(`{${JSON.stringify(name)}:{}}`) as object } })
    for (const name of ['', 'a\nb', 'x'.repeat(129), '__proto__'])
      assert.equal(Object.keys(named(name)).length, 1, name)
    for (const name of ['Send invitation', 'a/b~c', 'constructor', 'toString', 'required'])
      assert.deepEqual(named(name), {}, name)
    assert.deepEqual(
      errorsOf({ body: { properties: { 'a/b~c': { element: 'x' } } } })[
        '/body/properties/a~1b~0c/element'
      ]?.slice(0, 12),
      'is not known',
    )
  })

  test('schemas without end are refused before they are measured', () => {
    let nested: unknown = {}
    for (let level = 0; level < 5_000; level += 1) nested = { items: nested }
    const errors = propertyErrors(nested)
    assert.match(Object.values(errors)[0] ?? '', /^is nested deeper than 16 schemas/)
  })
})

test('a property may be named like a keyword', () => {
  const form = bodyOf({
    pattern: { type: 'string' },
    default: { type: 'string', pattern: '^a$' },
    $ref: {},
  })
  assert.equal(form.items.length, 4)
})

test('rules over several fields are kept, and checked when the form is made', () => {
  const rules = { dependentRequired: { a: ['b'] }, anyOf: [{ required: ['a'] }] }
  assert.deepEqual(bodyOf({ a: {}, b: {} }, rules).rules, rules)
  const errors = errorsOf({ body: { properties: { a: {} }, anyOf: [] } })
  assert.deepEqual(Object.keys(errors), ['/body/anyOf'])
})
