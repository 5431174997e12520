import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutHistory, findSavepoint, standAt } from './index.ts'
import type { CommandKind, GivenAnswer, HistoryEntry, Outcome } from './index.ts'

const LIFE = { id: 'x', generation: 1, startedAt: 10 }
const done: Outcome = { kind: 'value', value: { v: null } }

/** Calls in order: `call`, or `step!` with an outcome of its own, with a label after a blank. */
function calls(...words: string[]): HistoryEntry[] {
  return words.map((word, at): HistoryEntry => {
    const [kind = '', label = ''] = word.split(' ')
    const entry = {
      seq: at + 1,
      kind: kind.replace('!', '') as CommandKind,
      label,
      line: at + 1,
      digest: `d${at + 1}`,
    }
    return kind.endsWith('!') ? { ...entry, outcome: done } : entry
  })
}

const answers = (...seqs: number[]): GivenAnswer[] =>
  seqs.map((seq, at) => ({ position: at + 1, seq, kind: 'value' }))

function cut(history: HistoryEntry[], given: GivenAnswer[], seq: number) {
  const result = cutHistory({ life: LIFE, history, answers: given }, seq, 99)
  assert.equal(result.kind, 'cut')
  return result.kind === 'cut' ? result : assert.fail()
}

test('keeps the calls up to the savepoint with their answers, and says whose they are', () => {
  const result = cut(calls('call a', 'sleep', 'call b'), answers(1, 2, 3), 2)
  assert.deepEqual([result.seq, result.lastPosition, result.kept], [2, 2, 2])
  assert.deepEqual(
    result.entries.map(({ seq, again }) => [seq, again]),
    [
      [1, undefined],
      [2, undefined],
    ],
  )
  assert.deepEqual(result.entries[0]?.lives, [{ ...LIFE, last: 2, cutAt: 99 }])
  assert.equal(result.entries[1]?.lives, undefined)
})

test('begins anew from savepoint 0', () => {
  const { entries, kept, lastPosition } = cut(calls('call a'), answers(1), 0)
  assert.deepEqual([entries, kept, lastPosition], [[], 0, 0])
})

test('what was open then is to be asked again, whatever came of it later', () => {
  const history = calls('call slow', 'sleep', 'call b')
  // The slow one came back last of all.
  const result = cut(history, answers(2, 3, 1), 2)
  assert.deepEqual([result.lastPosition, result.kept], [1, 1])
  assert.deepEqual(
    result.entries.map(({ again }) => again ?? false),
    [true, false],
  )
})

test('the savepoint of a call that came back late is after its own answer', () => {
  const result = cut(calls('call slow', 'sleep', 'call b'), answers(2, 3, 1), 1)
  assert.deepEqual([result.seq, result.lastPosition, result.kept], [1, 3, 1])
  assert.equal(result.entries[0]?.again, undefined)
})

test('an answer that a later call may have needed is kept even for a call answered at once', () => {
  const history = calls('call a', 'step! s', 'call b')
  assert.equal(cut(history, answers(1, 3), 2).lastPosition, 1)
  assert.equal(cut(history, answers(1), 2).lastPosition, 1)
  assert.equal(cut(history, answers(3, 1), 2).lastPosition, 0)
})

test('a lock that is held at the savepoint refuses it, with the one before', () => {
  const history = calls('step! s', 'lock k', 'call a', 'unlock! k', 'call b')
  const refused = cutHistory({ life: LIFE, history, answers: answers(2, 3, 5) }, 3, 99)
  assert.deepEqual(refused, { kind: 'holdsLocks', locks: ['k'], before: 1 })
  assert.equal(cut(history, answers(2, 3, 5), 4).kept, 2)
  assert.equal(cut(history, answers(2, 3, 5), 1).kept, 0)
})

const before = (history: HistoryEntry[], given: GivenAnswer[], seq: number): number | null => {
  const result = cutHistory({ life: LIFE, history, answers: given }, seq, 99)
  return result.kind === 'holdsLocks' ? result.before : null
}

test('the one before is the last at which the code held no lock, whatever ran beside', () => {
  const words = ['lock j', 'lock k', 'unlock! j', 'unlock! k', 'call a', 'step! s', 'break b']
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...words), fc.nat(5)), { maxLength: 14 }),
      fc.nat(99),
      (made, late) => {
        const history = calls(...made.map(([word]) => word))
        // Each is answered a few calls later, or not at all.
        const order = made
          .flatMap(([, delay], at) => (delay === 5 ? [] : [{ seq: at + 1, due: at + delay }]))
          .filter(({ seq }) => history[seq - 1]?.outcome === undefined)
          .sort((one, other) => one.due - other.due)
        const given = order.map(({ seq }, at): GivenAnswer => ({
          position: at + 1,
          seq,
          kind: seq === late ? 'timeout' : 'value',
        }))
        for (let seq = 1; seq <= history.length; seq++) {
          const stand = standAt(history, given, seq)
          if (stand.locks.length === 0) continue
          let wanted = 0
          for (let at = stand.seq - 1; at > 0 && wanted === 0; at--) {
            const one = standAt(history, given, at)
            if (history[at]?.kind === 'lock' && one.locks.length === 0) wanted = one.seq
          }
          assert.equal(before(history, given, seq), wanted)
        }
      },
    ),
    { seed: 7, numRuns: 2_000 },
  )
})

// One that looked at each place from the beginning would take minutes.
test('the one before is found among very many locks', () => {
  const inner = Array.from({ length: 20_000 }, () => ['lock row', 'unlock! row']).flat()
  const history = calls('call a', 'lock job', ...inner, 'call b')
  const given = answers(1, 2, ...inner.flatMap((word, at) => (word === 'lock row' ? [at + 3] : [])))
  assert.equal(before(history, given, history.length), 1)
})

test('a lock that was waited for in vain, or still is, is none', () => {
  const history = calls('lock k', 'call a')
  const timedOut: GivenAnswer[] = [{ position: 1, seq: 1, kind: 'timeout' }, ...answers()]
  assert.deepEqual(standAt(history, timedOut, 2).locks, [])
  assert.deepEqual(standAt(history, [], 2).locks, [])
  assert.deepEqual(
    standAt(history, [], 2).open.map(({ seq }) => seq),
    [1, 2],
  )
})

test('a lock that was taken twice is given back twice', () => {
  const history = calls('lock k', 'lock k', 'unlock! k', 'unlock! k')
  assert.deepEqual(standAt(history, answers(1, 2), 3).locks, ['k'])
  assert.deepEqual(standAt(history, answers(1, 2), 4).locks, [])
})

test('there is no going back to a call that was not made', () => {
  assert.deepEqual(cutHistory({ life: LIFE, history: calls('log!'), answers: [] }, 2, 99), {
    kind: 'noSuchCall',
    last: 1,
  })
})

test('a life does not begin in a stop that nobody answered, in a step, or by going back', () => {
  assert.equal(cut(calls('call a', 'break step'), answers(1), 2).seq, 1)
  assert.equal(cut(calls('call a', 'step s', 'break step'), answers(1), 3).seq, 1)
  assert.equal(cut(calls('call a', 'savepoint! p', 'revert p'), answers(1), 3).seq, 2)
  assert.equal(cut(calls('call a', 'break step', 'call b'), answers(1, 2), 2).seq, 2)
})

test('a savepoint by name says how often it was come back to', () => {
  const history = calls('savepoint! p', 'call a', 'savepoint! p', 'savepoint! q')
  assert.equal(findSavepoint(history, 'p'), 3)
  assert.equal(findSavepoint(history, 'none'), null)
  let entries = [...history]
  for (const times of [1, 2, 3]) {
    entries = [...cut(entries, answers(2), 3).entries]
    assert.deepEqual(entries.at(-1)?.outcome, { kind: 'value', value: { v: times } })
  }
  assert.deepEqual(entries[0]?.outcome, done, 'the one before was passed once')
})

test('lives follow each other, and a cut before the last takes those after it away', () => {
  const first = cut(calls('call a', 'call b', 'call c'), answers(1, 2, 3), 2)
  const second = {
    life: { id: 'x', generation: 2, startedAt: 10 },
    history: [...first.entries, ...calls('log!', 'log!', 'call d', 'call e').slice(2)],
    answers: answers(1, 2, 3),
  }
  const lives = (seq: number) => {
    const result = cutHistory(second, seq, 200)
    return result.kind === 'cut' ? result.entries[0]?.lives : assert.fail()
  }
  assert.deepEqual(lives(3), [
    { ...LIFE, last: 2, cutAt: 99 },
    { id: 'x', generation: 2, startedAt: 10, last: 3, cutAt: 200 },
  ])
  assert.deepEqual(lives(2), [{ ...LIFE, last: 2, cutAt: 200 }])
  assert.deepEqual(lives(1), [{ ...LIFE, last: 1, cutAt: 200 }])
})
