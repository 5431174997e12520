import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  exportDocument,
  importDocuments,
  importInSteps,
  IMPORT_LIMITS,
  LEVELS_MAX,
} from './index.ts'

const ENDED = {
  type: 'FLOW',
  status: 'ENDED_ERROR',
  started_at: '2026-01-31T12:00:00.000Z',
  ended_at: '2026-01-31T12:00:01.000Z',
}
const text = (fields: object): string => exportDocument({ record: { ...ENDED, ...fields } })

function refused(yaml: string): { pointer: string; message: string; line?: number }[] {
  const result = importDocuments(yaml)
  assert.ok(!result.ok, 'it was taken')
  return [...result.errors]
}

test('informational properties and ids are ignored on import', () => {
  const yaml = `execution:
  type: SCRIPT
  status: ENDED_SUCCESS
  ended_at: 2026-01-31T13:00:00+01:00
  id: 01890a5d-ac96-774b-bcce-b302099a8057
  created_at: whenever it was
  lineno: [not, looked, at]
  status_label: Succeeded
`
  const result = importDocuments(yaml)
  assert.ok(result.ok)
  assert.deepEqual(result.records, [
    {
      pointer: '/0/execution',
      parent: null,
      fields: { type: 'SCRIPT', status: 'ENDED_SUCCESS', ended_at: '2026-01-31T12:00:00.000Z' },
    },
  ])
})

test('properties that are only imported are taken and never written', () => {
  const fields = { breakpoints: [3, 7], commit_message: 'moved', roles: ['reader'] }
  assert.doesNotMatch(text(fields), /breakpoints|commit_message|roles/)
  const result = importDocuments(
    `execution: {type: FLOW, status: ENDED_SUCCESS, ended_at: 2026-01-31T12:00:00Z, breakpoints: [3, 7], commit_message: moved, roles: [reader]}`,
  )
  assert.ok(result.ok)
  assert.deepEqual(
    { ...fields },
    Object.fromEntries(Object.keys(fields).map((name) => [name, result.records[0]?.fields[name]])),
  )
})

test('a time in the year 0, which Postgres does not have, is a fault', () => {
  for (const time of ['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+01:00'])
    assert.deepEqual(
      refused(text({ started_at: time })).map(({ pointer }) => pointer),
      ['/0/execution/started_at'],
    )
  assert.ok(importDocuments(text({ started_at: '0001-01-01T00:00:00Z' })).ok)
})

test('every fault is named with its document, place and line, and nothing is imported', () => {
  const yaml = `${text({})}${text({ name: 'n'.repeat(129), colour: 1 })}---
execution:
  type: FLOW
  status: PAUSED
  project_id: no id
  children:
    - type: DREAM
      status: ENDED_SUCCESS
      ended_at: yesterday
`
  assert.deepEqual(
    refused(yaml).map(({ pointer, message }) => `${pointer} ${message}`),
    [
      '/1/execution/name is longer than 128 characters',
      '/2/execution/project_id must be a UUID',
      '/2/execution/ended_at is missing',
      '/2/execution/status is PAUSED: only ended executions are imported',
      '/2/execution/children/0/type must be one of FLOW, SCRIPT, CONNECTION, SCHEDULE, WRAPPER',
      '/2/execution/children/0/ended_at must be a time with its zone, such as 2026-01-31T12:00:00Z',
    ],
  )
})

test('an unknown property is an error, so that a slip of the pen is not lost', () => {
  const [fault] = refused(text({}).replace('  type:', '  input_valeu: 1\n  type:'))
  assert.deepEqual(fault, { pointer: '/0/execution/input_valeu', message: 'is not known' })
})

for (const [name, yaml, says] of [
  ['nothing', '', /no document/],
  ['a comment', '# nothing here\n', /no document/],
  ['no mapping', '- execution\n', /must be one record/],
  ['another type', 'flow:\n  name: x\n', /it has flow/],
  ['broken YAML', 'execution: [1,\n', /no YAML/],
  ['a key twice', 'execution:\n  type: FLOW\n  type: FLOW\n', /twice/],
  ['a key that is a list', 'execution:\n  ? [a, b]\n  : 1\n', /no text/],
  ['infinity', 'execution:\n  input_value: .inf\n', /no number/],
  ['a tag', 'execution:\n  input_value: !!binary aGk=\n', /tag/i],
  ['YAML 1.1', '%YAML 1.1\n---\nexecution:\n  is_paused: yes\n', /1\.2/],
  ['an alias to nothing', 'execution:\n  input_value: *nobody\n', /no anchor/],
  ['an alias to itself', 'execution:\n  input_value: &a [*a]\n', /itself/],
  ['a project and a bundle', text({ project_id: id(1), bundle_id: id(2) }), /exclude/],
  ['an end before the start', text({ ended_at: '2026-01-31T11:00:00Z' }), /before started_at/],
  ['half a surrogate pair', text({ message: '\ud800' }), /surrogate/],
  ['a time without a zone', text({ last_sync: '2026-01-31T12:00:00' }), /zone/],
] as const) {
  test(`${name} is refused with a sentence`, () => {
    const faults = refused(yaml)
    assert.match(faults.map(({ message }) => message).join('; '), says)
  })
}

test('anchors and aliases that people write by hand are followed', () => {
  const result = importDocuments(`execution:
  type: SCRIPT
  status: ENDED_SUCCESS
  ended_at: 2026-01-31T12:00:00Z
  input_value: &same {a: [1, 2]}
  output_value: {first: *same, second: *same}
`)
  assert.ok(result.ok)
  const value = { a: [1, 2] }
  assert.deepEqual(result.records[0]?.fields['output_value'], { first: value, second: value })
})

test('a bomb of aliases is refused before it is unfolded', () => {
  const lines = Array.from({ length: 40 }, (_, n) =>
    n === 0 ? '    - &a0 [x, x]' : `    - &a${n} [*a${n - 1}, *a${n - 1}]`,
  )
  const [fault] = refused(`execution:\n  input_value:\n${lines.join('\n')}\n`)
  assert.match(fault?.message ?? '', /too large once its aliases/)
})

test('a bomb of one long text is refused, too', () => {
  const long = 'x'.repeat(1_000_000)
  const aliases = Array.from({ length: 60 }, () => '*long').join(', ')
  const [fault] = refused(`execution:\n  message: &long ${long}\n  input_value: [${aliases}]\n`)
  assert.match(fault?.message ?? '', /too large once its aliases/)
})

test('nesting without end is an error and not the end of the process', () => {
  for (const deep of [
    `execution:\n  input_value: ${'['.repeat(500_000)}`,
    `execution:\n  input_value: ${'['.repeat(20_000)}`,
    `execution: ${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}`,
    `execution:\n  input_value: ${'['.repeat(300)}${']'.repeat(300)}`,
    `execution:\n  input_value: ${'['.repeat(66)}${']'.repeat(66)}`,
  ])
    assert.ok(refused(deep).length > 0)
})

test('a value may be 64 levels deep, wherever it stands', () => {
  let node = {
    record: { ...ENDED, output_value: JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`) as unknown },
  }
  for (let level = 1; level < LEVELS_MAX; level += 1)
    node = { record: { ...ENDED }, children: [node] } as never
  const result = importDocuments(exportDocument(node))
  assert.ok(result.ok, JSON.stringify(result))
  assert.equal(result.records.length, LEVELS_MAX)
  assert.throws(() => exportDocument({ record: ENDED, children: [node] }), /32 levels/)
})

test('limits are those of the caller, and say what to do', () => {
  const two = text({}).repeat(2)
  const says = (limits: object): string => {
    const result = importDocuments(two, { ...IMPORT_LIMITS, ...limits })
    return result.ok ? 'taken' : (result.errors[0]?.message ?? '')
  }
  assert.equal(says({}), 'taken')
  assert.match(says({ chars: two.length - 1 }), /in parts/)
  assert.match(says({ documents: 1 }), /more than 1 documents/)
  assert.match(says({ records: 1 }), /more than 1 executions/)
  assert.match(says({ nodes: 6 }), /too large/)
  assert.match(says({ tokens: 10 }), /more than 10 .* leave/)
})

test('an import in steps does one document at a time and comes to the same', () => {
  const three = text({ name: 'one' }) + text({ name: 'two' }) + text({ name: 'three' })
  const steps = importInSteps(three)
  for (let n = 0; n < 3; n += 1) assert.equal(steps.next().done, false)
  assert.deepEqual(steps.next().value, importDocuments(three))
})

test('ten thousand keys of one mapping are read in no time that counts', () => {
  const keys = Array.from({ length: 10_000 }, (_, n) => `    key${n}: ${n}`).join('\n')
  const result = importDocuments(`execution:
  type: SCRIPT
  status: ENDED_SUCCESS
  ended_at: 2026-01-31T12:00:00Z
  input_value:
${keys}
`)
  assert.ok(result.ok)
  assert.equal(Object.keys(result.records[0]?.fields['input_value'] as object).length, 10_000)
})

function id(n: number): string {
  return `01890a5d-ac96-774b-bcce-b30209900${String(n).padStart(3, '0')}`
}
