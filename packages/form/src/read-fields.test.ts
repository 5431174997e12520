import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFields } from './read-fields.ts'

const AT = Date.UTC(2026, 10, 22, 9, 30)

function pointersOf(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const read = readFields(fields, AT)
  return read.ok ? [] : read.errors.map(({ pointer }) => pointer)
}

test('a message without any of them is for everybody, after a login, for ever', () => {
  assert.deepEqual(readFields({}, AT), {
    ok: true,
    value: { assignees: [], allowsLinks: false, plan: null },
  })
})

test('names lose the blanks around them, and count once', () => {
  const read = readFields({ assignees: [' anna', 'ben', 'anna '], allows_links: true }, AT)
  assert.deepEqual(read.ok && read.value, {
    assignees: ['anna', 'ben'],
    allowsLinks: true,
    plan: null,
  })
})

test('the plan says when, and what is done then', () => {
  const read = readFields(
    {
      assignees: ['anna'],
      due_after: 60,
      remind_every: 120,
      remind_flow: 'mail',
      remind_input: { to: 'anna@example.com' },
      escalate_after: 600,
      escalate_assignees: ['ben'],
    },
    AT,
  )
  assert.deepEqual(read.ok && read.value.plan, {
    dueAt: AT + 60_000,
    remindAt: AT + 120_000,
    remindEveryMs: 120_000,
    remindersMax: 10,
    escalateAt: AT + 600_000,
    remindFlow: 'mail',
    remindInput: { to: 'anna@example.com' },
    escalateFlow: null,
    escalateInput: {},
    escalateAssignees: ['ben'],
  })
})

test('a what without a when, or a when without a what, is named', () => {
  assert.deepEqual(pointersOf({ remind_flow: 'f' }), ['/remind_flow'])
  assert.deepEqual(pointersOf({ escalate_flow: 'f' }), ['/escalate_flow'])
  assert.deepEqual(pointersOf({ escalate_after: 60 }), ['/escalate_after'])
  assert.deepEqual(pointersOf({ escalate_after: 60, escalate_assignees: ['ben'] }), [
    '/escalate_assignees',
  ])
  assert.deepEqual(pointersOf({ remind_after: 60, remind_input: { a: 1 } }), ['/remind_input'])
})

test('what is of the wrong kind or too much is named', () => {
  const list = Array.from({ length: 101 }, (_, n) => `user ${n}`)
  assert.deepEqual(pointersOf({ assignees: 'anna' }), ['/assignees'])
  assert.deepEqual(pointersOf({ assignees: list }), ['/assignees'])
  assert.deepEqual(pointersOf({ assignees: ['anna', '', 'x'.repeat(129), 'a\nb'] }), [
    '/assignees/1',
    '/assignees/2',
    '/assignees/3',
  ])
  assert.deepEqual(pointersOf({ allows_links: 'yes' }), ['/allows_links'])
  assert.deepEqual(pointersOf({ remind_flow: 3, remind_input: [] }), [
    '/remind_flow',
    '/remind_input',
  ])
  assert.deepEqual(
    pointersOf({ remind_after: 1, remind_flow: 'f', remind_input: { a: 'x'.repeat(65_536) } }),
    ['/remind_input'],
  )
})

test('whatever is given, it does not throw', () => {
  const names = [
    'assignees',
    'due_at',
    'due_after',
    'remind_times',
    'escalate_flow',
    'remind_input',
  ]
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), (fields) => {
      readFields(fields, AT)
    }),
    { seed: 70 },
  )
})
