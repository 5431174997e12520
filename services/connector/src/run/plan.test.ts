import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptRow, LoadedConnection } from '@millrace/store'
import { writeNotes } from './attempt-notes.ts'
import { ATTEMPTS_MAX, planConnection } from './plan.ts'

const row = (over: Partial<LoadedConnection> = {}): LoadedConnection => ({
  workspaceId: 'w',
  executionId: 'e',
  status: 'WAITING_ENGINE',
  version: 3,
  epoch: 1,
  generation: 1,
  connectorType: 'REST',
  input: '{"url":"http://a.example"}',
  usesKept: false,
  kept: null,
  traceparent: null,
  parentId: null,
  lastAttempt: null,
  ...over,
})
const last = (over: Partial<AttemptRow> = {}): AttemptRow => ({
  attempt: 1,
  processId: 'other',
  isAlive: false,
  repeatClass: 'safe',
  isEnded: false,
  outcome: null,
  details: writeNotes({ generation: 1, nth: 1 }),
  ...over,
})
const self = { version: 3, processId: 'me', isRunning: false }
const plan = (over: Partial<LoadedConnection>, me: Partial<typeof self> = {}) =>
  planConnection(row(over), { ...self, ...me })
const codeOf = (planned: ReturnType<typeof plan>): unknown =>
  planned.kind === 'end'
    ? (JSON.parse(planned.answer.output) as { error?: { code: string } }).error?.code
    : planned.kind

test('a fresh connection gets its first attempt, with its class', () => {
  const planned = plan({})
  assert.deepEqual(planned, {
    kind: 'attempt',
    attempt: 1,
    nth: 1,
    mayHaveHappened: false,
    connectorType: 'REST',
    repeatClass: 'safe',
    input: { url: 'http://a.example' },
  })
})

test('what was moved since its dispatch is left alone', () => {
  assert.equal(plan({ version: 4 }).kind, 'skip')
  assert.equal(plan({ status: 'PAUSED' }).kind, 'skip')
})

test('an open attempt of a lost process: safe repeats, never ends in OUTCOME_UNKNOWN', () => {
  for (const repeatClass of ['safe', 'idem', 'keyed']) {
    const planned = plan({ lastAttempt: last({ repeatClass }) })
    assert.deepEqual(planned.kind === 'attempt' && [planned.attempt, planned.nth], [2, 2])
  }
  assert.equal(codeOf(plan({ lastAttempt: last({ repeatClass: 'never' }) })), 'OUTCOME_UNKNOWN')
})

test('one that may have happened leaves its doubt to all that come after it', () => {
  const doubtAfter = (over: Partial<AttemptRow>, before: object = {}): unknown => {
    const details = writeNotes({ generation: 1, nth: 1, ...before })
    const planned = plan({ lastAttempt: last({ repeatClass: 'idem', details, ...over }) })
    return planned.kind === 'attempt' && planned.mayHaveHappened
  }
  const ended = (outcome: AttemptRow['outcome']): Partial<AttemptRow> => ({
    isEnded: true,
    outcome,
  })
  assert.equal(doubtAfter({}), true, 'its process was lost')
  assert.equal(doubtAfter(ended('unknown')), true)
  assert.equal(doubtAfter(ended('none')), false)
  assert.equal(doubtAfter(ended('none'), { mayHaveHappened: true }), true, 'one before it')
  assert.equal(doubtAfter({ ...ended('unknown'), repeatClass: 'safe' }), false, 'reads have none')
  const details = writeNotes({ generation: 1, nth: 1, mayHaveHappened: true })
  const ours = last({ ...ended('none'), details })
  const gone = plan({ usesKept: true, kept: null, lastAttempt: ours })
  assert.match(gone.kind === 'end' ? gone.answer.output : '', /"outcome":"unknown"/)
  const anew = plan({ generation: 2, lastAttempt: ours })
  assert.equal(anew.kind === 'attempt' && anew.mayHaveHappened, false, 'another generation')
})

test('an open attempt that is under way is not made twice', () => {
  assert.deepEqual(plan({ lastAttempt: last({ isAlive: true }) }), {
    kind: 'defer',
    processId: 'other',
  })
  assert.equal(plan({ lastAttempt: last({ processId: 'me' }) }, { isRunning: true }).kind, 'adopt')
})

test('an answer that waits with its attempt ends the connection without another', () => {
  const answer = { status: 'ENDED_SUCCESS', message: null, output: '{"result":1}' } as const
  const details = writeNotes({ generation: 1, nth: 1, answer })
  assert.deepEqual(plan({ lastAttempt: last({ isEnded: true, details }) }), {
    kind: 'end',
    answer,
    lost: false,
  })
})

test('a revert begins anew, whatever the former generation has left', () => {
  const answer = { status: 'ENDED_SUCCESS', message: null, output: '1' } as const
  for (const attempt of [
    last({ repeatClass: 'never' }),
    last({ isEnded: true, details: writeNotes({ generation: 1, nth: 4, answer }) }),
  ]) {
    const planned = plan({ generation: 2, lastAttempt: attempt })
    assert.deepEqual(planned.kind === 'attempt' && [planned.attempt, planned.nth], [2, 1])
  }
})

test('attempts that are lost again and again end', () => {
  const details = writeNotes({ generation: 1, nth: ATTEMPTS_MAX })
  assert.equal(codeOf(plan({ lastAttempt: last({ details }) })), 'OUTCOME_UNKNOWN')
})

test('an unknown outcome says what may be done next, and warns of no effect where there is none', () => {
  const messageAfter = (over: Partial<AttemptRow>): string => {
    const planned = plan({ lastAttempt: last(over) })
    return planned.kind === 'end' ? (planned.answer.message ?? '') : ''
  }
  const details = writeNotes({ generation: 1, nth: ATTEMPTS_MAX })
  assert.equal(
    messageAfter({ repeatClass: 'never' }),
    'The connector process was lost during the attempt. The request may have taken effect. Check on the far side, then rerun this execution or go on without it.',
  )
  assert.match(messageAfter({ details, repeatClass: 'idem' }), /may have taken effect/)
  assert.equal(
    messageAfter({ details, repeatClass: 'safe' }),
    'Given up after 4 attempts. It only reads, so nothing was changed. Rerun this execution or go on without it.',
  )
})

test('inputs are those of the call over those of the connector, and what is wrong with them ends it', () => {
  const kept = { connectorType: 'REST', value: '{"url":"http://kept.example","headers":[]}' }
  const planned = plan({ usesKept: true, kept, input: '{"url":"http://call.example"}' })
  assert.deepEqual(planned.kind === 'attempt' && planned.input, {
    url: 'http://call.example',
    headers: [],
  })
  assert.equal(codeOf(plan({ input: '{"colour":"red"}' })), 'INPUT')
  assert.equal(codeOf(plan({ input: null })), 'INPUT')
  assert.equal(codeOf(plan({ usesKept: true, kept: null })), 'INPUT')
})
