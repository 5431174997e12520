import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EffectRow, Evidence } from '../evidence.ts'
import { checkAll } from './check-all.ts'
import { answer, CLEAN, event, execution, op, withRows } from './planted.ts'

const END = event('end', 'a', { generation: 1, status: 'ENDED_SUCCESS' }, { xid: 7 })
const TIMER_GONE = event('wait over', 'a', { kind: 'TIMER', seq: 1, generation: 1, due: 1 })

const effect = (fields: Partial<EffectRow>): EffectRow => ({
  at: 10,
  key: 'a/effect 0',
  execution: 'a',
  mode: 'put',
  lock: null,
  token: null,
  phase: 'effect 0',
  acted: true,
  repeated: false,
  stale: false,
  answer: 'ok',
  ...fields,
})

const attempt = (number: number) => ({
  execution: 'c',
  parent: 'a',
  attempt: number,
  repeatClass: 'idem',
  startedAt: 960,
  outcome: 'known',
  xmin: 6,
})

const section = (token: number, entered: number, left: number) => ({
  lock: 'program-1',
  ...{ token, entered, left },
})

/** A flow that reports one effect. */
const withEffect = (
  report: object,
  effects: readonly EffectRow[],
  attempts: readonly ReturnType<typeof attempt>[] = [attempt(1)],
): Evidence =>
  withRows(
    {
      executions: [execution('a', { name: 'effect-1', output: [report] })],
      attempts,
    },
    {
      ops: [op({ key: 'effect-1', call: 1, ret: 2, value: 'a', work: 'effect', input: { n: 1 } })],
      effects,
    },
  )
const DONE = { key: 'a/effect 0', outcome: 'done', stale: false }

const steps = (events: readonly [string, string, object, number][]): Evidence =>
  withRows({
    events: [
      END,
      ...events.map(([what, id, detail, xid], n) =>
        event(what as 'ask', id, { key: 'setting:s', ...detail }, { xid, n }),
      ),
    ],
  })

/** Every planted violation and the invariant that names it. */
const PLANTED: readonly [string, string, Evidence][] = [
  ['I1', 'an accepted execution is gone', withRows({ executions: [], savepoints: [] })],
  ['I1', 'a row was deleted', withRows({ events: [END, event('deleted', 'a', {})] })],
  ['I2', 'an execution ends twice', withRows({ events: [END, END] })],
  [
    'I2',
    'a savepoint comes after the end',
    withRows({
      savepoints: [
        ...CLEAN.rows.savepoints,
        {
          execution: 'a',
          generation: 1,
          firstSeq: 3,
          lastSeq: 3,
          seqs: [3],
          createdAt: 1_001,
          xmin: 9,
        },
      ],
    }),
  ],
  [
    'I2',
    'a child is made after the end',
    withRows({
      executions: [
        ...CLEAN.rows.executions,
        execution('b', { parent: 'a', createdAt: 1_500, endedAt: 1_600 }),
      ],
      events: [END, event('born', 'b', {}, { xid: 8 }), event('end', 'b', { generation: 1 })],
    }),
  ],
  ['I3', 'a version falls', withRows({ events: [END, event('backwards', 'a', {})] })],
  [
    'I3',
    'a status changes without a version',
    withRows({ events: [END, event('unversioned', 'a', {})] }),
  ],
  [
    'I3',
    'two hold a lock at once',
    steps([
      ['grant', 'x', { token: 1 }, 1],
      ['grant', 'y', { token: 2 }, 2],
    ]),
  ],
  [
    'I3',
    'a token is given twice',
    steps([
      ['grant', 'x', { token: 1 }, 1],
      ['free', 'x', { token: 1 }, 2],
      ['grant', 'y', { token: 1 }, 2],
    ]),
  ],
  [
    'I3',
    'two random programs are inside of a lock at once',
    withRows({
      executions: [
        ...CLEAN.rows.executions,
        execution('b', { output: { sections: [section(1, 10, 20)] } }),
        execution('c', { output: { sections: [section(2, 15, 30)] } }),
      ],
      events: [END, event('end', 'b', { generation: 1 }), event('end', 'c', { generation: 1 })],
    }),
  ],
  [
    'I4',
    'two savepoints tell of the same command',
    withRows({
      savepoints: [
        ...CLEAN.rows.savepoints,
        {
          execution: 'a',
          generation: 1,
          firstSeq: 2,
          lastSeq: 2,
          seqs: [2],
          createdAt: 990,
          xmin: 6,
        },
      ],
    }),
  ],
  [
    'I4',
    'answers have a hole',
    withRows({
      executions: [execution('a', { name: 'quick-1', answered: 1 })],
      answers: [answer({ position: 2 })],
    }),
  ],
  [
    'I4',
    'a command is answered twice',
    withRows({
      executions: [execution('a', { name: 'quick-1', answered: 2 })],
      answers: [answer({ position: 1 }), answer({ position: 2 })],
    }),
  ],
  [
    'I5',
    'a later ticket is granted first',
    steps([
      ['ticket', 'x', { seq: 1, ticket: 1, was: null }, 1],
      ['ticket', 'y', { seq: 1, ticket: 2, was: null }, 2],
      ['unask', 'y', { seq: 1, ticket: 2, action: 'acquire' }, 3],
      ['grant', 'y', { token: 1 }, 3],
    ]),
  ],
  [
    'I5',
    'somebody without a ticket passes those who wait',
    steps([
      ['ticket', 'x', { seq: 1, ticket: 1, was: null }, 1],
      ['unask', 'y', { seq: 1, ticket: null, action: 'acquire' }, 3],
      ['grant', 'y', { token: 1 }, 3],
    ]),
  ],
  [
    'I6',
    'a timer comes early',
    withRows({
      executions: [execution('a', { name: 'quick-1', answered: 1 })],
      answers: [answer({ seq: 1, createdAt: 990 })],
      events: [END, event('wait over', 'a', { kind: 'TIMER', seq: 1, generation: 1, due: 992.5 })],
    }),
  ],
  [
    'I6',
    'a timer is dropped',
    withRows({
      events: [TIMER_GONE, { ...END, n: 2 }],
    }),
  ],
  [
    'I7',
    'an output is wrong',
    withRows({ executions: [execution('a', { name: 'quick-1', output: { twice: 9 } })] }),
  ],
  [
    'I7',
    'nobody asked for the cancel',
    withRows({ executions: [execution('a', { name: 'quick-1', status: 'ENDED_CANCELLED' })] }),
  ],
  [
    'I8',
    'an ended one is changed',
    withRows({ events: [END, event('after end', 'a', { from: 'ENDED_SUCCESS' })] }),
  ],
  ['I9', 'what is called done was never done', withEffect(DONE, [])],
  [
    'I9',
    'what is called not sent has arrived',
    withEffect({ key: 'a/effect 0', outcome: 'none' }, [effect({})]),
  ],
  [
    'I9',
    'what may not be repeated comes twice',
    withEffect(
      DONE,
      [effect({ mode: 'post' }), effect({ mode: 'post', acted: false, repeated: true })],
      [attempt(1), attempt(2)],
    ),
  ],
  [
    'I9',
    'a request leaves without an attempt written down',
    withEffect(DONE, [effect({}), effect({ acted: false, repeated: true })]),
  ],
  [
    'I9',
    'more attempts than the policy allows',
    withEffect(DONE, [effect({})], [1, 2, 3, 4, 5].map(attempt)),
  ],
  [
    'I14',
    'an execution never ends',
    withRows({
      executions: [execution('a', { name: 'quick-1', status: 'AT_ENGINE', endedAt: null })],
      events: [],
    }),
  ],
  [
    'I14',
    'a lock request is left over',
    withRows({ left: [{ what: 'request', execution: 'a', detail: 'acquire setting:s' }] }),
  ],
  [
    'I15',
    'one key starts two',
    withRows({
      executions: [...CLEAN.rows.executions, execution('b', { name: 'quick-1' })],
      events: [END, event('end', 'b', { generation: 1 })],
    }),
  ],
  [
    'I15',
    'a key has two answers',
    withRows(
      {
        executions: [...CLEAN.rows.executions, execution('b')],
        events: [END, event('end', 'b', { generation: 1 })],
      },
      { ops: [...CLEAN.ops, op({ key: 'quick-1', call: 3, ret: 4, value: 'b', work: 'quick' })] },
    ),
  ],
  [
    'I15',
    'what was refused runs',
    withRows({}, { ops: [op({ key: 'quick-1', outcome: 'refused', status: 422, work: 'quick' })] }),
  ],
  [
    'I15',
    'a cancel is accepted and not obeyed',
    withRows(
      {},
      {
        ops: [
          ...CLEAN.ops,
          op({ kind: 'cancel', key: 'a', call: 5, ret: 6, value: 'ENDED_CANCELLED' }),
        ],
      },
    ),
  ],
  [
    'I16',
    'an execution is given up',
    withRows({
      executions: [
        execution('a', { name: 'quick-1', status: 'ENDED_ERROR', message: 'internal error' }),
      ],
    }),
  ],
]

describe('the checkers', () => {
  test('find nothing in a clean run', () => {
    assert.deepEqual(checkAll(CLEAN), [])
    assert.deepEqual(checkAll(withEffect(DONE, [effect({})])), [])
  })

  for (const [invariant, what, evidence] of PLANTED)
    test(`${invariant} is named when ${what}`, () => {
      const found = checkAll(evidence)
      assert.ok(
        found.some((violation) => violation.invariant === invariant),
        JSON.stringify(found),
      )
    })

  test('a child may be made by the commit that ends its parent', () => {
    const born = withRows({
      executions: [
        ...CLEAN.rows.executions,
        execution('b', { parent: 'a', createdAt: 1_500, endedAt: 1_600 }),
      ],
      events: [END, event('born', 'b', {}, { xid: 7 }), event('end', 'b', { generation: 1 })],
    })
    assert.deepEqual(
      checkAll(born).filter(({ text }) => text.includes('child')),
      [],
    )
  })

  test('a program may have cancelled itself before anybody else asks for it', () => {
    const seen = (output: unknown): string[] => {
      const ended = execution('a', { name: 'program-1', status: 'ENDED_CANCELLED', output })
      const ops = [
        ...CLEAN.ops,
        op({ kind: 'read', key: 'a', call: 5, ret: 6, value: 'ENDED_CANCELLED' }),
        op({ kind: 'cancel', key: 'a', call: 5, ret: 7, outcome: 'refused', status: 409 }),
      ]
      return checkAll(withRows({ executions: [ended] }, { ops }))
        .map(({ text }) => text)
        .filter((text) => text.startsWith('cancel of'))
    }
    assert.deepEqual(seen({ ended: 'cancel', at: '/1' }), [])
    assert.equal(seen(null).length, 1, 'nobody else may have done it')
  })

  test('the timer of one that has ended may be dropped', () => {
    assert.deepEqual(checkAll(withRows({ events: [END, { ...TIMER_GONE, n: 2 }] })), [])
    assert.deepEqual(checkAll(withRows({ events: [{ ...TIMER_GONE, xid: END.xid }, END] })), [])
  })

  test('those who no longer wait for a lock are not passed over', () => {
    const evidence = steps([
      ['ticket', 'x', { seq: 1, ticket: 1, was: null }, 1],
      ['wait over', 'x', { kind: 'LOCK', seq: 1, generation: 1, due: null }, 2],
      ['unask', 'y', { seq: 1, ticket: null, action: 'acquire' }, 3],
      ['grant', 'y', { token: 1 }, 3],
    ])
    assert.deepEqual(checkAll(evidence), [])
  })
})
