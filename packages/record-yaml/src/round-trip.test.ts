import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  EXECUTION_PROPERTIES,
  type ExecutionProperty,
  exportDocument,
  type ExportNode,
  importDocuments,
} from './index.ts'

const RUNS = { seed: 20_260_401, numRuns: 300 }

/** Any text that a record can hold: what a terminal, a script or somebody hostile may put there. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\n',
    '  indented\n\ttabbed \n',
    'ends with a line\n',
    'ends with lines\n\n\n',
    'carriage\r\nreturn',
    '# no comment',
    '- no list',
    'key: value',
    '--- no document\n---\n...',
    'null',
    '~',
    'yes',
    '0x1f',
    '1e3',
    '.inf',
    '2026-01-31',
    '*alias',
    '&anchor',
    '!tag',
    '%YAML 1.1',
    '<<',
    '\u0085\u2028\uFEFF',
    'it\'s "quoted"',
    'long '.repeat(400),
  ),
)
/** Postgres keeps no NUL in text, and UTF-8 no half of a surrogate pair. */
const storedText = anyText.map((text) => text.replaceAll('\0', '').toWellFormed())
const anyJson = fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 })
const anyName = storedText.map(
  (text) => Array.from(text.trim()).slice(0, 60).join('').trim() || 'x',
)
const anyTime = fc
  .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString())

function valueOf({ type, values = [] }: ExecutionProperty): fc.Arbitrary<unknown> {
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'enum':
      return fc.constantFrom(...values)
    case 'json':
      return fc.oneof(anyJson, anyText, fc.constant({ ['__proto__']: { '<<': [{}, []] } }))
    case 'smallint':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'smallint[]':
      return fc.array(fc.integer({ min: -32_768, max: 32_767 }))
    case 'string':
      return anyName
    case 'text':
      return storedText
    case 'timestamptz':
      return anyTime
    case 'uuid':
      return fc.uuid()
  }
}

const record: fc.Arbitrary<Record<string, unknown>> = fc
  .record(
    Object.fromEntries(
      EXECUTION_PROPERTIES.map((property) => [
        property.name,
        fc.option(valueOf(property), { freq: 2 }),
      ]),
    ),
  )
  .chain((fields) =>
    fc.record({ type: fc.constantFrom('FLOW', 'SCRIPT'), at: anyTime }).map(({ type, at }) => ({
      ...fields,
      type,
      status: 'ENDED_SUCCESS',
      started_at: at,
      ended_at: at,
      bundle_id: fields['project_id'] === null ? fields['bundle_id'] : null,
    })),
  )

const { tree } = fc.letrec<{ tree: ExportNode }>((tie) => ({
  tree: fc.record({
    record,
    children: fc.oneof(
      { maxDepth: 3 },
      fc.constant([]),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    ),
  }),
}))

test('what was exported is imported as it was: every value, every child under its parent', () => {
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 2 }), (trees) => {
      const text = trees.map((one) => exportDocument(one)).join('')
      const result = importDocuments(text)
      assert.ok(result.ok, JSON.stringify(result))
      const expected = flatten(trees)
      assert.deepEqual(
        result.records.map(({ parent, fields }) => ({ parent, fields })),
        expected,
      )
    }),
    { ...RUNS, numRuns: 60 },
  )
})

test('any text comes back as it was, whatever blanks and breaks it is made of', () => {
  const marks = [
    ' ',
    '\n',
    '\t',
    '\r',
    '\u00a0',
    '\u0085',
    '\u2028',
    '\uFEFF',
    'a',
    '#',
    '-',
    "'",
    '"',
  ]
  const blank = fc.string({ unit: fc.constantFrom(' ', '\n', '\t'), maxLength: 6 })
  const text = fc.oneof(blank, fc.string({ unit: fc.constantFrom(...marks), maxLength: 12 }))
  const ended = { type: 'FLOW', status: 'ENDED_ERROR', ended_at: '2026-01-31T12:00:00.000Z' }
  fc.assert(
    fc.property(text, (message) => {
      const fields = { ...ended, message, input_value: { [message]: [message, { a: message }] } }
      const result = importDocuments(exportDocument({ record: fields }))
      assert.ok(result.ok, JSON.stringify(result))
      assert.deepEqual(result.records[0]?.fields, fields)
    }),
    { ...RUNS, numRuns: 3_000 },
  )
})

test('an export of an import is the same text', () => {
  fc.assert(
    fc.property(record, (fields) => {
      const known = importDocuments(exportDocument({ record: fields }))
      assert.ok(known.ok)
      const text = exportDocument({ record: known.records[0]?.fields ?? {} })
      const again = importDocuments(text)
      assert.ok(again.ok)
      assert.equal(exportDocument({ record: again.records[0]?.fields ?? {} }), text)
    }),
    RUNS,
  )
})

test('a text that nobody wrote for us is refused or read, and never more than that', () => {
  const mutation = fc.record({ at: fc.nat(4_000), cut: fc.nat(40), insert: anyText })
  fc.assert(
    fc.property(record, fc.array(mutation, { maxLength: 4 }), (fields, mutations) => {
      let text = exportDocument({ record: fields })
      for (const { at, cut, insert } of mutations)
        text = `${text.slice(0, at)}${insert}${text.slice(at + cut)}`
      const result = importDocuments(text)
      if (!result.ok) {
        assert.ok(result.errors.length > 0 && result.errors.length <= 100)
        for (const { pointer, message } of result.errors) {
          assert.match(pointer, /^(\/\d+.*)?$/s)
          assert.notEqual(message, '')
        }
      }
    }),
    RUNS,
  )
})

test('the properties are those of the record, and each column has as many as it has', () => {
  const file = join(
    import.meta.dirname,
    '../../../services/gateway/src/operations/execution-properties.json',
  )
  assert.deepEqual(
    EXECUTION_PROPERTIES.map(({ name }) => name),
    JSON.parse(readFileSync(file, 'utf8')),
  )
  const count = (imported: boolean, exported: boolean): number =>
    EXECUTION_PROPERTIES.filter((one) => one.imported === imported && one.exported === exported)
      .length
  assert.deepEqual(
    [count(true, true), count(true, false), count(false, true), count(false, false)],
    [34, 3, 18, 22],
  )
})

/** What has to come back: imported properties only, nothing that is null, children behind parents. */
function flatten(trees: readonly ExportNode[]): { parent: number | null; fields: unknown }[] {
  const all: { parent: number | null; fields: unknown }[] = []
  const walk = (node: ExportNode, parent: number | null): void => {
    const index = all.length
    const kept = EXECUTION_PROPERTIES.filter(
      ({ name, imported, exported }) =>
        imported && exported && node.record[name] !== null && node.record[name] !== undefined,
    )
    // As JSON has it, where -0 is 0.
    const text = JSON.stringify(
      Object.fromEntries(kept.map(({ name }) => [name, node.record[name]])),
    )
    all.push({ parent, fields: JSON.parse(text) as unknown })
    for (const child of node.children ?? []) walk(child, index)
  }
  for (const tree of trees) walk(tree, null)
  return all
}
