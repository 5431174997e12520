import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { readFields } from '@millrace/form'
import { newId } from '@millrace/runtime'
import {
  answerMessage,
  flows,
  insertMessages,
  type NewMessage,
  putScript,
  setStaticWrappers,
  wrappers,
} from '@millrace/store'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql('TRUNCATE execution, wait, answer, message, flow, process_lease, shard_lease'),
)
afterEach(() => bench.stopAll())

const FORM = JSON.stringify({ subject: 'Go?', text: null, items: [], required: [], rules: {} })

/** A message with an execution that waits for it; its plan is `lateMs` late. */
async function ask(
  fields: Readonly<Record<string, unknown>> = {},
  lateMs = 0,
  over: Partial<NewMessage> = {},
): Promise<NewMessage> {
  const { workspaceId } = bench.store
  const executionId = await bench.store.execution({ status: 'WAITING_RESPONSE', name: 'asks' })
  const read = readFields(fields, Date.now() - lateMs)
  assert.ok(read.ok)
  const { plan, assignees } = read.value
  const message: NewMessage = {
    workspaceId,
    id: newId(),
    executionId,
    generation: 1,
    seq: 1,
    isAwaited: true,
    title: 'Go?',
    form: FORM,
    assignees,
    allowsLinks: false,
    plan: plan === null ? null : JSON.stringify(plan),
    nextAt: plan === null ? null : Date.now() - 1,
    dueAt: plan?.dueAt ?? null,
    ...over,
  }
  await bench.store.wait(executionId, { kind: 'RESPONSE', ref: message.id })
  await insertMessages(bench.store.db, [message])
  return message
}

async function flow(name: string, over: object = {}): Promise<string> {
  const { workspaceId, db } = bench.store
  const script = { language: 'typescript', source: `export default () => '${name}'` } as const
  const script_hash = await putScript(db, workspaceId, script)
  const id = newId()
  await flows.insert(db, { workspaceId, id, by: newId(), fields: { name, script_hash, ...over } })
  return id
}

interface Row {
  status: string
  closed_why: string | null
  progress: Record<string, unknown> | null
  assignees: string[]
  next_at: Date | null
}

async function read({ id }: NewMessage): Promise<Row> {
  const [row] = await bench.sql<Row>(
    'SELECT status, closed_why, progress, assignees, next_at FROM message WHERE id = $1',
    [id],
  )
  assert.ok(row)
  return row
}

const answersOf = (executionId: string) =>
  bench.sql<{ outcome: { kind: string; error?: { name: string } } }>(
    'SELECT outcome FROM answer WHERE execution_id = $1',
    [executionId],
  )

const born = () =>
  bench.sql<{
    name: string
    input: { message: Record<string, unknown> }
    parent: string
    orphan: boolean
  }>(
    `SELECT name, input, parent_execution_id AS parent, orphan FROM execution WHERE name <> 'asks' ORDER BY name`,
  )

test('a message that is due, and late for a reminder and an escalation, gets each once by two copies', async () => {
  await flow('remind')
  await flow('escalate')
  const message = await ask(
    {
      assignees: ['anna'],
      due_after: 60,
      remind_every: 60,
      remind_times: 3,
      remind_flow: 'remind',
      remind_input: { to: 'anna' },
      escalate_after: 120,
      escalate_flow: 'escalate',
      escalate_assignees: ['ben'],
    },
    130_000,
  )
  await bench.start()
  await bench.start()
  await eventually(async () => (await born()).length, 2)
  const row = await read(message)
  assert.deepEqual(
    [row.progress?.['isDue'], row.progress?.['isEscalated'], row.progress?.['reminders']],
    [true, true, 2],
  )
  assert.deepEqual(row.assignees, ['anna', 'ben'])
  assert.ok(row.next_at !== null && row.next_at.getTime() > Date.now(), 'the third reminder')
  const [escalated, reminded] = await born()
  assert.deepEqual([escalated?.name, reminded?.name], ['escalate', 'remind'])
  assert.deepEqual([escalated?.parent, escalated?.orphan], [message.executionId, true])
  const { message: told, ...rest } = reminded?.input ?? { message: {} }
  assert.deepEqual(rest, { to: 'anna' })
  assert.deepEqual(
    [told['id'], told['step'], told['reminders'], told['assignees']],
    [message.id, 'remind', 2, ['anna', 'ben']],
  )
  assert.equal((await answersOf(message.executionId)).length, 0, 'nobody answers by himself')
})

test('a flow that is gone is named on the message, and the message goes on', async () => {
  const message = await ask({ remind_after: 60, remind_flow: 'gone' }, 61_000)
  await bench.start()
  await eventually(
    async () => (await read(message)).progress?.['failure'],
    'there is no flow named "gone" any more',
  )
  assert.equal((await read(message)).next_at, null)
  assert.equal((await born()).length, 0)
})

test('what always stands around a flow stands around it when it reminds, and its schemas hold', async () => {
  const { db, workspaceId } = bench.store
  const input_schema = JSON.stringify({ type: 'object', required: ['message'] })
  const output_schema = JSON.stringify({ type: 'string' })
  await flow('escalate', { input_schema, output_schema })
  const reminding = await flow('remind', { input_schema: JSON.stringify({ type: 'string' }) })
  const wrapperId = newId()
  const script_hash = await putScript(db, workspaceId, { language: 'typescript', source: 'wraps' })
  const fields = { name: `audit ${wrapperId}`, script_hash }
  await wrappers.insert(db, { workspaceId, id: wrapperId, by: null, fields })
  const wraps = [{ id: wrapperId, input: { why: 'audit' } }]
  await setStaticWrappers(db, { workspaceId, type: 'flow', id: reminding, wrappers: wraps })
  await ask(
    {
      remind_after: 60,
      remind_flow: 'remind',
      remind_input: { to: 'anna' },
      escalate_after: 60,
      escalate_flow: 'escalate',
    },
    61_000,
  )
  await bench.start()
  await eventually(async () => (await born()).length, 2)
  const rows = await bench.sql<{
    type: string
    input: { why?: string; wrapped?: { flow_id: string; input_value: { to: string } } }
    extra: Record<string, unknown>
  }>(`SELECT type, input, extra FROM execution WHERE name <> 'asks' ORDER BY name`)
  const [escalated, reminded] = rows
  assert.equal(escalated?.type, 'FLOW')
  const hashes = ['input_schema_hash', 'output_schema_hash'].map((name) => escalated.extra[name])
  assert.ok(hashes.every((hash) => typeof hash === 'string'))
  const stored = await bench.sql(`SELECT FROM payload WHERE encode(hash, 'hex') = ANY ($1)`, [
    hashes,
  ])
  assert.equal(stored.length, 2)
  // The wrapper may make another input of it, and has that checked when it starts the flow.
  assert.deepEqual([reminded?.type, reminded?.extra['wrapper_id']], ['WRAPPER', wrapperId])
  assert.equal(reminded?.input.why, 'audit')
  assert.equal(reminded.input.wrapped?.flow_id, reminding)
  assert.equal(reminded.input.wrapped.input_value.to, 'anna')
})

test('a flow that does not take what it is given is named on the message, and is not started', async () => {
  await flow('remind', { input_schema: JSON.stringify({ type: 'object', required: ['to'] }) })
  const message = await ask({ remind_after: 60, remind_flow: 'remind' }, 61_000)
  await bench.start()
  await eventually(
    async () => String((await read(message)).progress?.['failure']).split(':')[0],
    'the input of the flow "remind" does not match its input_schema',
  )
  assert.equal((await born()).length, 0)
})

test('an answered message is left alone', async () => {
  await flow('remind')
  const message = await ask({ remind_after: 60, remind_flow: 'remind' }, 61_000)
  const key = { workspaceId: message.workspaceId, messageId: message.id }
  await answerMessage(bench.store.db, key, {
    response: '{}',
    button: null,
    by: 'anna',
    byId: null,
  })
  const other = await ask({ due_after: 1 }, 2_000)
  await bench.start()
  await eventually(async () => (await read(other)).progress?.['isDue'], true)
  assert.equal((await born()).length, 0)
})

test('what its execution waits for no more is written down as closed', async () => {
  const message = await ask()
  await bench.sql('DELETE FROM wait WHERE execution_id = $1', [message.executionId])
  await bench.start({ sweepPauseMs: 100 })
  await eventually(async () => {
    const { status, closed_why } = await read(message)
    return [status, closed_why]
  }, ['CLOSED', 'TIMEOUT'])
})

test('a wait for a message that was answered meanwhile is answered by a nudge', async () => {
  const message = await ask()
  const key = { workspaceId: message.workspaceId, messageId: message.id }
  await answerMessage(bench.store.db, key, {
    response: '{"a":1}',
    button: null,
    by: 'anna',
    byId: null,
  })
  await bench.start({ sweepPauseMs: 600_000 })
  const { workspaceId, executionId } = message
  // The copy may not have its shards yet; any copy answers any nudge.
  await eventually(async () => {
    bench.bus.nudgeResponses([{ workspaceId, executionId, seq: 1 }])
    return (await answersOf(executionId)).length
  }, 1)
})

test('without the nudge the sweep finds it, also when the message was closed or is not there', async () => {
  const closed = await ask()
  const waits = await bench.store.execution({ status: 'WAITING_RESPONSE', name: 'asks' })
  const lost = await bench.store.execution({ status: 'WAITING_RESPONSE', name: 'asks' })
  const since = new Date(Date.now() - 60_000).toISOString()
  await bench.store.wait(waits, { kind: 'RESPONSE', ref: closed.id, since })
  await bench.store.wait(lost, { kind: 'RESPONSE', ref: newId(), since })
  await bench.sql('DELETE FROM wait WHERE execution_id = $1', [closed.executionId])
  await bench.start({ sweepPauseMs: 100 })
  const nameOf = async (id: string) => (await answersOf(id))[0]?.outcome.error?.name
  await eventually(() => nameOf(waits), 'MessageClosedError')
  await eventually(() => nameOf(lost), 'ResourceNotFoundError')
})
