import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decide } from '@millrace/execution'
import { newId } from '@millrace/runtime'
import { answerWaits } from './answers.ts'
import type { ActivationCommit, NewWait } from './commit-activations.ts'
import { debugPropertiesOf, isDebugged, withDebugProperties } from './debug-properties.ts'
import {
  commitDebugged,
  makeProductive,
  readDebugSession,
  readFlowBreakpoints,
  releaseStop,
} from './debug-sessions.ts'
import { findFiles } from './file-contents.ts'
import { readExecution, readWaits, toExecution } from './read-execution.ts'
import { steerExecutions } from './steer-executions.ts'
import { newCommit, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const processId = newId()

after(() => store.close())

const STOP = { seq: 2, line: 4, text: '{"seq":2,"line":4}' }
const CONTINUE = { action: 'continue' } as const
const born = (row: object = {}) => store.execution({ is_productive: false, ...row })
const keyOf = (executionId: string) => ({ workspaceId, executionId })
const rowOf = async (executionId: string) =>
  (await readExecution(db, keyOf(executionId))) ?? assert.fail()

const timer: NewWait = {
  seq: 1,
  kind: 'TIMER',
  returnWhen: null,
  needed: null,
  ref: null,
  subject: null,
  dueIn: 60,
  dueAt: null,
  members: [],
}

function stopCommit(executionId: string, over: Partial<ActivationCommit> = {}): ActivationCommit {
  return newCommit({
    workspaceId,
    executionId,
    processId,
    status: 'WAITING_ENGINE',
    ended: false,
    line: 4,
    ...over,
  })
}

test('a stop pauses as decide() says, over what it waits for besides', async () => {
  for (const waits of [[], [timer]]) {
    const id = await born()
    const before = toExecution(await rowOf(id), [])
    const status = waits.length === 0 ? 'WAITING_ENGINE' : 'SCHEDULED'
    const result = await commitDebugged(db, stopCommit(id, { waits, status }), STOP)
    assert.deepEqual(
      [result.applied && result.status, result.applied && result.version],
      ['PAUSED', 2],
    )
    const row = await rowOf(id)
    const open = await readWaits(db, keyOf(id))
    assert.deepEqual(
      open.map(({ kind, subject }) => [kind, subject]),
      [...waits.map(() => ['TIMER', null]), ['BREAK', '4']],
    )
    assert.equal(row.lineno, 4)
    const opened = open.map(({ seq, kind }) => ({ seq, kind }))
    const decision = decide(before, { type: 'parked', version: 1, consumed: 0, opened })
    assert.ok(decision.kind === 'moved')
    assert.deepEqual(toExecution(row, open), decision.next)
  }
})

test('an answer to another wait is kept beneath the stop, and the answer to the stop goes on', async () => {
  const id = await born()
  await commitDebugged(db, stopCommit(id, { waits: [timer], status: 'SCHEDULED' }), STOP)
  const wait = { workspaceId, executionId: id, generation: 1, seq: 1 }
  const [other] = await answerWaits(db, [{ ...wait, outcome: { kind: 'timeout' } }])
  assert.deepEqual([other?.status, other?.moved], ['PAUSED', true])
  const { version } = await rowOf(id)
  const before = toExecution(await rowOf(id), await readWaits(db, keyOf(id)))
  assert.equal(await releaseStop(db, keyOf(id), { version: 1, seq: 2, answer: CONTINUE }), null)
  assert.equal((await readWaits(db, keyOf(id))).length, 1)
  const answer = { action: 'run_to', line: 7 } as const
  assert.equal(await releaseStop(db, keyOf(id), { version, seq: 2, answer }), version + 1)
  const decision = decide(before, { type: 'debuggerAnswered', generation: 1, seq: 2 })
  assert.ok(decision.kind === 'moved')
  assert.deepEqual(toExecution(await rowOf(id), await readWaits(db, keyOf(id))), decision.next)
  const answers = await store.sql<{ position: number; outcome: unknown }>(
    'SELECT position, seq, outcome FROM answer WHERE execution_id = $1 ORDER BY position',
    [id],
  )
  assert.deepEqual(answers.at(-1), {
    position: 2,
    seq: 2,
    outcome: { kind: 'value', value: { v: answer } },
  })
})

test('a resume that has to wait for a stop on its way leaves it standing', async () => {
  const id = await born()
  const twin = await born({ status: 'PAUSED', beneath: 'WAITING_ENGINE' })
  await store.sql('BEGIN')
  await store.sql(
    `UPDATE execution SET status = 'PAUSED', beneath = 'WAITING_ENGINE', version = version + 1 WHERE id = $1`,
    [id],
  )
  await store.wait(id, { seq: 2, kind: 'BREAK', subject: '4' })
  const executions = [id, twin].map(keyOf)
  const resuming = steerExecutions(db, { action: 'resume', executions, message: null })
  const waiting = {
    name: 'test.waiting',
    text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  }
  while ((await db.query(waiting)).length === 0);
  await store.sql('COMMIT')
  const moved = new Map((await resuming).map((one) => [one.executionId, one.moved?.status ?? null]))
  assert.deepEqual([moved.get(id), moved.get(twin)], [null, 'WAITING_ENGINE'])
  assert.equal((await rowOf(id)).status, 'PAUSED')
})

test('what an activation in development mode wrote to files is there with its stop, or not at all', async () => {
  const id = await born()
  const name = `debugged-${id}`
  const files = [{ name, bytes: Buffer.from('abc'), contentType: null }]
  const refused = await commitDebugged(db, stopCommit(id, { files, version: 7 }), STOP)
  assert.equal(refused.applied, false)
  assert.deepEqual(await findFiles(db, [{ workspaceId, name }]), [null])
  const result = await commitDebugged(db, stopCommit(id, { files }), STOP)
  assert.equal(result.applied && result.status, 'PAUSED')
  const [file] = await findFiles(db, [{ workspaceId, name }])
  assert.notEqual(file ?? null, null)
})

test('a stop is used up once: break is cleared, everything else stays', async () => {
  const extra = { metadata: { b: 1, a: 2 }, break: true, breakpoints: [4], use_breakpoints: true }
  const id = await born({ extra })
  await commitDebugged(db, stopCommit(id), STOP)
  const session = await readDebugSession(db, keyOf(id))
  assert.deepEqual(session, {
    isProductive: false,
    wanted: { breakpoints: [4], useBreakpoints: true, onlyExplicit: false, breakNext: false },
    seen: 0,
    stop: STOP.text,
  })
  const { extra: text } = await rowOf(id)
  assert.deepEqual(Object.keys(JSON.parse(text ?? '') as object), [
    'metadata',
    'breakpoints',
    'use_breakpoints',
  ])
})

test('what goes on forgets its stop and keeps what it has seen; its end forgets all', async () => {
  const id = await born()
  await commitDebugged(db, stopCommit(id), STOP)
  await releaseStop(db, keyOf(id), { version: 2, seq: 2, answer: CONTINUE })
  const parked = { version: 3, consumed: 1, status: 'SCHEDULED', waits: [timer] } as const
  await commitDebugged(db, stopCommit(id, parked), null)
  const session = await readDebugSession(db, keyOf(id))
  assert.deepEqual([session?.seen, session?.stop], [1, null])
  await store.sql('UPDATE execution SET generation = 2 WHERE id = $1', [id])
  assert.equal((await readDebugSession(db, keyOf(id)))?.seen, null)
  const end = newCommit({ workspaceId, executionId: id, processId, version: 4, generation: 2 })
  await commitDebugged(db, end, null)
  assert.deepEqual(await store.sql('SELECT 1 FROM debug_session WHERE execution_id = $1', [id]), [])
})

test('an activation that somebody else was quicker than leaves nothing', async () => {
  const id = await born({ version: 5 })
  assert.deepEqual(await commitDebugged(db, stopCommit(id), STOP), { applied: false })
  assert.deepEqual(await readWaits(db, keyOf(id)), [])
  assert.equal((await readDebugSession(db, keyOf(id)))?.stop, null)
})

test('one that became productive while it ran is not stopped', async () => {
  const id = await born()
  assert.equal(await makeProductive(db, keyOf(id), { version: 1, seq: null }), 1)
  const result = await commitDebugged(db, stopCommit(id), STOP)
  assert.deepEqual(
    [result.applied && result.status, result.applied && result.version],
    ['WAITING_ENGINE', 3],
  )
  assert.deepEqual(await readWaits(db, keyOf(id)), [])
  assert.equal((await rowOf(id)).answered, 1)
})

test('one that is stopped becomes productive and goes on in one commit', async () => {
  const id = await born()
  await commitDebugged(db, stopCommit(id), STOP)
  assert.equal(await makeProductive(db, keyOf(id), { version: 9, seq: 2 }), null)
  assert.equal((await rowOf(id)).is_productive, false)
  assert.equal(await makeProductive(db, keyOf(id), { version: 2, seq: 2 }), 3)
  const row = await rowOf(id)
  assert.deepEqual([row.is_productive, row.status], [true, 'WAITING_ENGINE'])
})

test('breakpoints of flows come rising, and those without any are left out', async () => {
  const [some, none] = [newId(), newId()]
  const flow = { workspace_id: workspaceId, script_hash: '\\xab' }
  await store.seed('flow', [
    { ...flow, id: some, name: 'some', breakpoints: [7, 4, 7] },
    { ...flow, id: none, name: 'none' },
  ])
  const lines = await readFlowBreakpoints(db, { workspaceId, ids: [some, none] })
  assert.deepEqual([...lines], [[some, [4, 7]]])
})

test('the properties of the debugger are read and changed among the others', () => {
  assert.equal(isDebugged(debugPropertiesOf(null)), false)
  assert.equal(isDebugged(debugPropertiesOf('{"breakpoints":[1]}')), false)
  for (const name of ['break', 'use_breakpoints', 'use_only_explicit_breakpoints'])
    assert.equal(isDebugged(debugPropertiesOf(`{"${name}":true}`)), true)
  assert.equal(withDebugProperties(null, { breakNext: false }), null)
  assert.equal(withDebugProperties('{"break":true}', { breakNext: false }), null)
  assert.equal(
    withDebugProperties('{"tags":["a"]}', { breakpoints: [3], useBreakpoints: true }),
    '{"tags":["a"],"breakpoints":[3],"use_breakpoints":true}',
  )
})
