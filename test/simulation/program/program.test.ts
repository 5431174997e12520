import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileFlow } from '@millrace/sandbox'
import { checkOutcome } from './check-outcome.ts'
import { checkSections } from './check-sections.ts'
import { expectOutcome } from './expect-outcome.ts'
import { isValid } from './is-valid.ts'
import {
  ALL_FEATURES,
  type Feature,
  FEATURES,
  type Node,
  nodesOf,
  type Program,
} from './program.ts'
import { programFlow } from './program-flow.ts'
import { OUTCOMES_MAX, randomProgram } from './random-program.ts'
import { createRng } from './rng.ts'
import { shrinkProgram, sizeOf } from './shrink-program.ts'

const OPTIONS = { features: ALL_FEATURES, locks: ['a', 'b', 'c'], effectUrl: 'http://stub/' }
const COUNT = 1_000

const programs = (count: number, more: Partial<typeof OPTIONS> = {}): Program[] =>
  Array.from({ length: count }, (_, seed) =>
    randomProgram(createRng(seed + 1), { ...OPTIONS, ...more }),
  )

describe('random programs', () => {
  const many = programs(COUNT)

  test('one seed gives one program', () => {
    assert.deepEqual(programs(50), many.slice(0, 50))
    assert.ok(new Set(many.map((program) => JSON.stringify(program))).size > COUNT * 0.7)
  })

  test('are valid, small, and their ways to end can be listed', () => {
    for (const program of many) {
      assert.ok(isValid(program), JSON.stringify(program))
      const nodes = [...nodesOf(program.body)]
      assert.ok(nodes.length >= 1 && nodes.length <= 12)
      assert.equal(new Set(nodes.map(({ id }) => id)).size, nodes.length)
      const { outcomes } = expectOutcome(program)
      assert.ok(outcomes.length >= 1 && outcomes.length <= OUTCOMES_MAX)
    }
  })

  test('show every feature', () => {
    const nodes = many.flatMap(({ body }) => [...nodesOf(body)])
    const missing = FEATURES.filter((feature) => !nodes.some((node) => SHOWS[feature](node)))
    assert.deepEqual(missing, [])
  })

  test('show no feature that was not asked for', () => {
    const features = new Set<Feature>(['steps', 'timers', 'children'])
    for (const program of programs(300, { features }))
      for (const { kind } of nodesOf(program.body))
        assert.ok(['step', 'sleep', 'child'].includes(kind), kind)
  })

  test('run as a flow that compiles', () => {
    assert.deepEqual(compileFlow(programFlow, 'typescript'), { ok: true })
  })
})

const SHOWS: Readonly<Record<Feature, (node: Node) => boolean>> = {
  steps: (node) => node.kind === 'step' && node.how === 'async',
  chance: (node) => node.kind === 'chance',
  logs: (node) => node.kind === 'log',
  timers: (node) => node.kind === 'sleep' && node.ms > 0,
  large: (node) => node.kind === 'large' && node.bytes > 100_000,
  effects: (node) => node.kind === 'effect',
  errors: (node) => node.kind === 'throw' || node.kind === 'try',
  ends: (node) => node.kind === 'end',
  children: (node) => node.kind === 'child' && node.mode === 'ended',
  detached: (node) => node.kind === 'child' && node.mode === 'detached',
  parked: (node) => node.kind === 'child' && node.mode === 'parked',
  'child-timeouts': (node) => node.kind === 'child' && node.mode === 'timeout',
  cancels: (node) => node.kind === 'cancel',
  gather: (node) => node.kind === 'gather' && typeof node.until === 'object',
  concurrent: (node) => node.kind === 'all' && node.mode === 'fast',
  races: (node) => node.kind === 'race',
  repeat: (node) => node.kind === 'repeat',
  locks: (node) => node.kind === 'lock' && !node.ring,
  'nested-locks': (node) =>
    node.kind === 'lock' &&
    [...nodesOf(node.body)].some((inner) => inner.kind === 'lock' && !inner.ring),
  'lock-timeouts': (node) => node.kind === 'lock' && node.timeoutMs !== null,
  rings: (node) => node.kind === 'lock' && node.ring,
  'stray-releases': (node) => node.kind === 'release',
  messages: (node) => node.kind === 'message' && node.timeoutMs !== null,
}

describe('shrinking', () => {
  test('gives valid programs that are smaller each time, and comes to an end', () => {
    for (const program of programs(20)) {
      let current: Program | undefined = program
      for (let rounds = 0; current !== undefined; rounds += 1) {
        assert.ok(rounds < 500)
        const smaller: Program[] = [...shrinkProgram(current)]
        for (const one of smaller) {
          assert.ok(isValid(one))
          assert.ok(sizeOf(one) < sizeOf(current))
        }
        // The slowest way down: the least cut each time.
        current = smaller.at(-1)
      }
    }
  })

  test('finds the least program that still has what is looked for', () => {
    const hasLockedSleep = ({ body }: Program): boolean =>
      [...nodesOf(body)].some(
        (node) =>
          node.kind === 'lock' && [...nodesOf(node.body)].some((inner) => inner.kind === 'sleep'),
      )
    const found = programs(200).filter(hasLockedSleep)
    assert.ok(found.length > 5)
    for (const program of found) {
      let current = program
      for (;;) {
        const next = [...shrinkProgram(current)].find(hasLockedSleep)
        if (next === undefined) break
        current = next
      }
      assert.equal([...nodesOf(current.body)].length, 2)
    }
  })
})

const only = (...body: Node[]): Program => ({ body })
const step = (id: number): Node => ({ kind: 'step', id, how: 'value' })
const outcomesOf = (program: Program) =>
  expectOutcome(program).outcomes.map(({ status, output }) => [status, output])

describe('the reference', () => {
  test('says the same each time', () => {
    for (const program of programs(300))
      assert.deepEqual(expectOutcome(program), expectOutcome(program))
  })

  test('knows what a sequence gives, and that nothing runs after a throw', () => {
    assert.deepEqual(outcomesOf(only(step(1), { kind: 'log', id: 2 }, step(3))), [
      ['ENDED_SUCCESS', { trace: [[1, 0], 'log', [3, 2]] }],
    ])
    assert.deepEqual(outcomesOf(only(step(1), { kind: 'throw', id: 2 })), [
      ['ENDED_ERROR', { failed: { at: '/2', name: 'Thrown', done: [[[1, 0]]] } }],
    ])
  })

  test('knows that going back does a part once more, and that only the last time is told', () => {
    const body: Node[] = [
      { kind: 'sleep', id: 2, ms: 10 },
      { kind: 'log', id: 3 },
    ]
    const { outcomes } = expectOutcome(only({ kind: 'back', id: 1, times: 2, body }))
    assert.deepEqual(
      outcomes.map(({ output, logs, notBeforeMs }) => [output, logs, notBeforeMs]),
      [[{ trace: [{ back: 2, made: ['slept', 'log'] }] }, ['/1/3'], 30]],
    )
    const locked = { kind: 'lock', id: 4, lock: 'a', timeoutMs: null, ring: false } as const
    assert.ok(isValid(only({ kind: 'back', id: 1, times: 1, body: [{ ...locked, body }] })))
    const back: Node = { kind: 'back', id: 1, times: 1, body }
    assert.ok(!isValid(only({ ...locked, body: [back] })), 'where it holds a lock')
  })

  test('lists every winner of a race, and what losers may have done', () => {
    const effect = (id: number): Node => ({ kind: 'effect', id })
    const bodies = [[effect(2)], [effect(3)]]
    const program = { ...only({ kind: 'race', id: 1, bodies }), effectUrl: 'http://stub/' }
    const { outcomes } = expectOutcome(program)
    assert.deepEqual(
      outcomes.map(({ output, effects, maybeEffects }) => [output, effects, maybeEffects]),
      [
        [{ trace: [{ winner: 0, value: ['effect'] }] }, ['/1.0/2'], ['/1.0/2', '/1.1/3']],
        [{ trace: [{ winner: 1, value: ['effect'] }] }, ['/1.1/3'], ['/1.0/2', '/1.1/3']],
      ],
    )
  })

  test('adds up the time on a path', () => {
    const sleep = (id: number, ms: number): Node => ({ kind: 'sleep', id, ms })
    const body = [sleep(4, 30)]
    const program = only(
      sleep(1, 10),
      { kind: 'all', id: 2, mode: 'settled', bodies: [[sleep(3, 5)], body] },
      { kind: 'child', id: 5, mode: 'wait', body: [sleep(6, 100)] },
      { kind: 'child', id: 7, mode: 'detached', body: [sleep(8, 1_000)] },
    )
    assert.deepEqual(
      expectOutcome(program).outcomes.map(({ notBeforeMs }) => notBeforeMs),
      [140],
    )
  })

  test('takes a cancel from outside for possible when told so, and then knows no more', () => {
    const { outcomes } = expectOutcome(only(step(1)), { cancelled: 'maybe' })
    assert.deepEqual(
      outcomes.map(({ status, output }) => [status, output]),
      [
        ['ENDED_SUCCESS', { trace: [[1, 0]] }],
        ['ENDED_CANCELLED', undefined],
      ],
    )
  })
})

describe('checkOutcome', () => {
  const program = { ...only(step(1), { kind: 'effect', id: 2 }), effectUrl: 'http://stub/' }
  const expectation = expectOutcome(program)
  const good = {
    status: 'ENDED_SUCCESS',
    output: { trace: [[1, 0], 'effect'], sections: [] },
    message: null,
    tookMs: 5,
    effects: ['/2'],
    logs: [],
  } as const

  test('finds nothing wrong with what was expected', () => {
    assert.deepEqual(checkOutcome(expectation, good), [])
  })

  for (const [what, wrong] of [
    ['another status', { status: 'ENDED_ERROR' }],
    ['a step that is missing', { output: { trace: ['effect'] } }],
    ['a step that is there twice', { output: { trace: [[1, 0], [1, 0], 'effect'] } }],
    ['an effect that is missing', { effects: [] }],
    ['an effect that came twice', { effects: ['/2', '/2'] }],
    ['an effect that nobody ordered', { effects: ['/2', '/9'] }],
    ['a log line that nobody wrote', { logs: ['/1'] }],
    ['a message that nobody set', { message: 'hello' }],
  ] as const)
    test(`sees ${what}`, () => {
      assert.notDeepEqual(checkOutcome(expectation, { ...good, ...wrong }), [])
    })

  test('sees an end that came too early', () => {
    const sleeping = expectOutcome(only({ kind: 'sleep', id: 1, ms: 50 }))
    const output = { trace: ['slept'] }
    const seen = { ...good, output, effects: null, logs: null }
    assert.deepEqual(checkOutcome(sleeping, { ...seen, tookMs: 50 }), [])
    assert.equal(checkOutcome(sleeping, { ...seen, tookMs: 49 }).length, 2)
  })
})

describe('checkSections', () => {
  const stay = (token: number, entered: number | null, left: number | null) => ({
    lock: 'a',
    token,
    entered,
    left,
  })

  test('takes stays one after the other, told more than once or cut short', () => {
    const told = [stay(1, 10, 20), stay(2, 20, null), stay(2, 20, 25), stay(4, 30, 31)]
    assert.deepEqual(checkSections(told.toReversed()), [])
    assert.deepEqual(checkSections([stay(1, 10, 20), { ...stay(2, 15, 18), lock: 'b' }]), [])
    assert.deepEqual(checkSections([stay(1, null, null), stay(2, 5, 18), stay(3, null, null)]), [])
  })

  test('sees two holders at once, tokens out of order, and what a flow itself has noticed', () => {
    assert.equal(checkSections([stay(1, 10, 20), stay(2, 19, 30)]).length, 1)
    assert.equal(checkSections([stay(2, 10, 20), stay(1, 30, 40)]).length, 1)
    assert.equal(checkSections([{ ...stay(1, 10, 20), trouble: 'saw 2' }]).length, 1)
  })
})
