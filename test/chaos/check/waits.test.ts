import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptRow, EffectRow, Evidence, ExecutionRow, MessageRow, Op } from '../evidence.ts'
import { checkCascades } from './cascades.ts'
import { checkAll } from './check-all.ts'
import { answer, CLEAN, event, execution, op, withRows } from './planted.ts'

/** The clean run with one more execution that has ended well, and what else is said of it. */
function besides(
  fields: Partial<ExecutionRow>,
  rows: Partial<Evidence['rows']> = {},
  more: Partial<Evidence> = {},
): Evidence {
  const one = execution(fields.id ?? 'b', fields)
  const ends = Array.from({ length: one.generation }, (_, n) =>
    event('end', one.id, { generation: n + 1, status: one.status }, { xid: 20 + n }),
  )
  return withRows(
    {
      executions: [...CLEAN.rows.executions, one],
      ...rows,
      events: [...CLEAN.rows.events, ...ends, ...(rows.events ?? [])],
    },
    { ...more, ops: [...CLEAN.ops, ...(more.ops ?? [])] },
  )
}

const startOf = (work: string, input: unknown): Op =>
  op({ key: `${work}-1`, call: 3, ret: 4, value: 'b', work, input })

// People

const message = (fields: Partial<MessageRow> = {}): MessageRow => ({
  id: 'm',
  execution: 'b',
  generation: 1,
  status: 'ANSWERED',
  answer: 'one',
  ...fields,
})

const reply = (words: string, outcome: Op['outcome'], more: Partial<Op> = {}): Op =>
  op({ kind: 'reply', key: 'm', call: 5, ret: 6, outcome, value: words, input: words, ...more })

const asked = (
  replies: readonly Op[],
  { told = 'one', kept = message() }: { told?: string; kept?: MessageRow } = {},
): Evidence =>
  besides(
    { name: 'ask-1', output: { answers: [['m', told]] } },
    { messages: [kept] },
    { ops: [startOf('ask', { n: 1, shared: false }), ...replies] },
  )
const FIRST = [reply('one', 'ok'), reply('two', 'refused')]

// Webhooks

const hookCall = (fields: Partial<Op> = {}): Op =>
  op({ kind: 'hook', key: 'd', call: 5, ret: 6, value: 'b', input: { signed: true }, ...fields })

const delivered = (calls: readonly Op[], runs = ['b'], delivery = 'd'): Evidence =>
  besides(
    { output: { delivery } },
    { hooked: runs.map((id) => ({ id, delivery: 'd' })) },
    { ops: calls },
  )

// Limits

const KEY = 'concurrency:f'
const place = (
  what: 'grant' | 'free',
  id: string,
  xid: number,
  until: number | null = null,
  token = xid,
) => event(what, id, { key: KEY, token, until }, { xid, n: xid, at: 500 + xid })

const limited = (events: Evidence['rows']['events'], gated = ['b']): Evidence =>
  besides({}, { gates: gated.map((id) => ({ key: KEY, execution: id, capacity: 1 })), events })

// Debuggers

const stopped = (left: readonly Op[], answers = 2): Evidence =>
  besides(
    { name: 'debugged-1', output: [0], answered: answers },
    {
      answers: Array.from({ length: answers }, (_, n) =>
        answer({ execution: 'b', position: n + 1, seq: n + 1 }),
      ),
    },
    { ops: [startOf('debugged', { n: 1 }), ...left] },
  )
const goOn = (seq: number, outcome: Op['outcome'] = 'ok'): Op =>
  op({ kind: 'debug', key: 'b', call: 5, ret: 6, outcome, value: 'PAUSED', input: { seq } })

// Wrappers

const wrapped = (tries: number, type = 'WRAPPER'): Evidence => {
  const output = { tries: 2, output: { twice: 2 } }
  const children = Array.from({ length: tries }, (_, n) => execution(`c${n}`, { parent: 'b' }))
  const evidence = besides(
    { name: 'wrapped-1', type, output },
    {},
    { ops: [startOf('wrapped', { n: 1, fails: 1, nested: false })] },
  )
  return {
    ...evidence,
    rows: {
      ...evidence.rows,
      executions: [...evidence.rows.executions, ...children],
      events: [
        ...evidence.rows.events,
        ...children.map(({ id }) => event('end', id, { generation: 1 })),
      ],
    },
  }
}

// Reverts

const effect = (fields: Partial<EffectRow> = {}): EffectRow => ({
  ...{ at: 10, key: 'b/effect 0', execution: 'b', lock: null, token: null, phase: 'effect 0' },
  ...{ acted: true, repeated: false, stale: false },
  mode: 'post',
  answer: 'ok',
  ...fields,
})
const attempt = (id: string, number: number): AttemptRow => ({
  ...{ execution: id, parent: 'b', attempt: number, repeatClass: 'never', startedAt: 960 },
  ...{ outcome: 'known', xmin: 6 },
})
const DONE = { key: 'b/effect 0', outcome: 'done', stale: false }
const takenBack = (lives: number, own = false): Evidence['rows']['reverts'] =>
  Array.from({ length: lives - 1 }, (_, n) => ({ execution: 'b', generation: n + 2, seq: 0, own }))

const effects = (lives: number, arrivals: number, attempts: readonly AttemptRow[]): Evidence =>
  besides(
    { name: 'post-1', output: [DONE], generation: lives },
    { reverts: takenBack(lives), attempts },
    {
      ops: [startOf('post', { n: 1 })],
      effects: Array.from({ length: arrivals }, (_, n) =>
        effect({ acted: n === 0, repeated: n > 0 }),
      ),
    },
  )

const steered = (ops: readonly Op[], status = 'ENDED_SUCCESS', generation = 2): Evidence =>
  besides(
    { name: 'quick-2', status, generation },
    { reverts: takenBack(generation) },
    { ops: [op({ key: 'quick-2', call: 3, ret: 4, value: 'b', work: 'quick' }), ...ops] },
  )
const asks = (kind: 'cancel' | 'read' | 'revert', at: number, value: string): Op =>
  op({ kind, key: 'b', call: at, ret: at + 1, value })

/** Every planted violation and the invariant that names it. */
const PLANTED: readonly [string, string, Evidence][] = [
  ['I10', 'two answers are taken', asked([reply('one', 'ok'), reply('two', 'ok')])],
  [
    'I10',
    'what was taken is not what is kept',
    asked([reply('two', 'ok'), reply('one', 'unknown')]),
  ],
  ['I10', 'what is kept was refused', asked([reply('one', 'refused')])],
  ['I10', 'what is kept was said by nobody', asked([reply('two', 'refused')])],
  ['I10', 'whoever has asked was told something else', asked(FIRST, { told: 'two' })],
  ['I10', 'a delivery starts two', delivered([hookCall()], ['b', 'a'])],
  ['I10', 'a delivery has two answers', delivered([hookCall(), hookCall({ value: 'a' })])],
  ['I10', 'a delivery is accepted and starts nothing', delivered([hookCall({ value: null })], [])],
  ['I10', 'a forged one is let in', delivered([hookCall({ input: { signed: false } })])],
  ['I10', 'a signed one is not let in', delivered([hookCall({ outcome: 'refused', status: 401 })])],
  ['I10', 'somebody starts what nobody has sent', delivered([])],
  ['I1', 'what a delivery has started is gone', delivered([hookCall({ value: 'gone' })])],
  ['I7', 'a run has got another delivery', delivered([hookCall()], ['b'], 'other')],
  ['I17', 'two have one place', limited([place('grant', 'b', 1), place('grant', 'x', 2)])],
  [
    'I17',
    'two have a turn at once',
    limited([place('grant', 'b', 1, 900), place('grant', 'x', 2, 901)]),
  ],
  ['I17', 'somebody has run without a place', limited([])],
  [
    'I17',
    'a run goes on without its place',
    limited([place('grant', 'b', 1), event('no place', 'b', {})]),
  ],
  [
    'I17',
    'a place is taken from a run',
    limited([place('grant', 'b', 1), event('place lost', 'b', {})]),
  ],
  ['I17', 'a turn is free early', limited([place('grant', 'b', 1), event('turn early', 'b', {})])],
  [
    'I3',
    'tokens start anew while a place is held',
    limited([place('grant', 'b', 1), place('grant', 'x', 2, null, 1)]),
  ],
  ['I4', 'a stop is left twice', stopped([goOn(1), goOn(1)])],
  ['I4', 'a run has passed a breakpoint', stopped([goOn(1)], 1)],
  ['I4', 'a wrapper makes a try too many', wrapped(3)],
  ['I4', 'a wrapper is left out', wrapped(2, 'FLOW')],
  ['I8', 'a life begins that nobody has asked for', besides({ generation: 2 })],
  [
    'I8',
    'code goes back more often than it says',
    besides(
      { name: 'back-1', output: { times: 1, done: DONE }, generation: 3 },
      { reverts: takenBack(3, true), attempts: [attempt('c', 1)] },
      { ops: [startOf('back', { times: 1 })], effects: [effect()] },
    ),
  ],
  [
    'I9',
    'what may not be repeated comes twice in one life',
    effects(1, 2, [attempt('c', 1), attempt('d', 1)]),
  ],
  [
    'I9',
    'it comes three times in two lives',
    effects(2, 3, [attempt('c', 1), attempt('d', 1), attempt('e', 1)]),
  ],
  ['I9', 'one call of it is tried twice', effects(1, 1, [attempt('c', 1), attempt('c', 2)])],
  [
    'I15',
    'what was cancelled lives without a revert',
    steered([asks('cancel', 5, 'ENDED_CANCELLED'), asks('read', 8, 'AT_ENGINE')]),
  ],
  [
    'I15',
    'a revert is accepted and not done',
    steered(
      [
        asks('cancel', 5, 'ENDED_CANCELLED'),
        asks('revert', 8, 'WAITING_ENGINE'),
        asks('read', 11, 'ENDED_CANCELLED'),
      ],
      'ENDED_CANCELLED',
    ),
  ],
]

describe('the checkers of waits, steering and lives', () => {
  const CLEAN_ONES: readonly [string, Evidence][] = [
    ['an answer', asked(FIRST)],
    [
      'an answer whose sender was not told',
      asked([reply('one', 'unknown'), reply('two', 'refused')]),
    ],
    ['a delivery that came twice', delivered([hookCall(), hookCall()])],
    [
      'places one after the other',
      limited([place('grant', 'b', 1), place('free', 'b', 2), place('grant', 'x', 3)]),
    ],
    [
      'turns one after the other',
      limited([place('grant', 'b', 1, 501.5), place('grant', 'x', 2, 600)]),
    ],
    [
      'tokens that start anew when nobody needed the limit',
      limited([
        ...[place('grant', 'b', 1), place('free', 'b', 2)],
        place('grant', 'x', 3, null, 1),
      ]),
    ],
    ['stops', stopped([goOn(1), goOn(1, 'refused')])],
    ['tries of a wrapper', wrapped(2)],
    ['an effect in each of two lives', effects(2, 2, [attempt('c', 1), attempt('d', 1)])],
    [
      'a revert of what was cancelled',
      steered([asks('cancel', 5, 'ENDED_CANCELLED'), asks('revert', 8, 'WAITING_ENGINE')]),
    ],
  ]
  for (const [what, evidence] of CLEAN_ONES)
    test(`find nothing wrong with ${what}`, () => {
      assert.deepEqual(checkAll(evidence), [])
    })

  for (const [invariant, what, evidence] of PLANTED)
    test(`${invariant} is named when ${what}`, () => {
      const found = checkAll(evidence)
      assert.ok(
        found.some((violation) => violation.invariant === invariant),
        JSON.stringify(found),
      )
    })

  test('a revert takes the timers of the life before it away', () => {
    const over = { kind: 'TIMER', seq: 1, generation: 1, due: 1 }
    const events = [event('wait over', 'b', over, { xid: 40 })]
    const gone = (more: typeof events): string[] =>
      checkAll(
        besides({ generation: 2 }, { reverts: takenBack(2), events: [...events, ...more] }),
      ).map(({ invariant }) => invariant)
    assert.deepEqual(gone([event('life', 'b', { generation: 2 }, { xid: 40 })]), [])
    assert.deepEqual(gone([event('life', 'b', { generation: 2 }, { xid: 41 })]), ['I6'])
  })

  test('a cancel reaches all below it within a lease', () => {
    const below = (endedAt: number, orphan = false): Evidence =>
      withRows({
        executions: [
          execution('top', { status: 'ENDED_CANCELLED', endedAt: 1_000 }),
          execution('mid', { parent: 'top', orphan, endedAt: 1_500 }),
          execution('low', { parent: 'mid', createdAt: 900, endedAt }),
        ],
      })
    assert.deepEqual(checkCascades(below(10_900)), [])
    assert.deepEqual(checkCascades(below(90_000, true)), [])
    assert.deepEqual(
      checkCascades(below(11_100)).map(({ invariant }) => invariant),
      ['M33'],
    )
  })
})
