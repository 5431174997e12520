import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Bus, Subscription } from '@millrace/bus'
import { isEnded } from '@millrace/execution'
import type { Json } from '@millrace/replay'
import { newId } from '@millrace/runtime'
import {
  answerMessage,
  answerWaits,
  closeMessages,
  createExecutions,
  type Database,
  type ExecutionRow,
  putScripts,
  readExecution,
  readMessagesOf,
  readWaits,
  revertExecution,
  scriptHash,
} from '@millrace/store'
import { newExecution } from '@millrace/store/testing'
import type { EagerResult } from '@millrace/wire'
import { type EngineFixture, startEngineFixture } from './engine-fixture.ts'

let engine: EngineFixture
let db: Database
let bus: Bus
let workspaceId: string
before(async () => {
  engine = await startEngineFixture()
  ;({ db, bus, workspaceId } = engine)
})
after(() => engine[Symbol.asyncDispose]())

test('a flow that returns a value ends with it', async () => {
  const source = 'export default (system, self, inputs) => inputs.n + 1'
  const first = await run(source, { n: 41 })
  assert.equal(first.status, 'ENDED_SUCCESS')
  assert.equal(first.output, '42')
  // The realm is warm now: one is over before a claim is due, one move from ready to ended. On a busy
  // machine not each of them is.
  const versions: number[] = []
  while (!versions.includes(2) && versions.length < 20)
    versions.push((await run(source, { n: 1 })).version)
  assert.ok(versions.includes(2), `versions ${versions.join(', ')}`)
})

test('what ends at once is born and ended in one commit when it was not stored before', async () => {
  const source =
    'export default async (system, self, inputs) => { self.log("x"); return await self.step("s", () => inputs.n + 1) }'
  const result = await eagerly(source, { input: '{"n":41}' })
  assert.ok('end' in result)
  assert.equal(result.end.output, '42')
  const row = await readExecution(db, { workspaceId, executionId: result.executionId })
  assert.ok(row)
  assert.deepEqual([row.status, row.version, row.output], ['ENDED_SUCCESS', 2, '42'])
  assert.equal(row.ended_at, result.end.endedAt)
  assert.ok(row.created_at <= (row.started_at ?? 0) + 1 && row.created_at <= (row.ended_at ?? 0))
})

test('what waits, has children or writes is given back, and nothing of it is stored', async () => {
  for (const code of [
    'await self.sleep(1)',
    'await self.script("export default () => 1")',
    'await system.setting("s").set(1)',
    'await system.setting("s").lock(() => 1)',
  ]) {
    const result = await eagerly(`export default async (system, self) => { ${code} }`)
    assert.ok('refusal' in result, code)
    assert.equal(result.refusal, 'waits', code)
    assert.equal(await readExecution(db, { workspaceId, executionId: result.executionId }), null)
  }
})

test('what runs for long is given back before it has ended', async () => {
  const result = await eagerly('export default () => { for (;;); }')
  assert.ok('refusal' in result)
  assert.equal(result.refusal, 'slow')
  assert.equal(await readExecution(db, { workspaceId, executionId: result.executionId }), null)
})

test('an eager start whose id exists changes nothing of it', async () => {
  const id = await start('export default () => "first"')
  const before = await engine.until(id, (row) => isEnded(row.status))
  const result = await eagerly('export default () => "second"', { executionId: id })
  assert.deepEqual(result, { executionId: id, refusal: 'busy' })
  assert.deepEqual(await readExecution(db, { workspaceId, executionId: id }), before)
})

test('a flow that throws ends in error with its line', async () => {
  const ended = await run('export default () => {\n  throw new Error("no luck")\n}')
  assert.equal(ended.status, 'ENDED_ERROR')
  assert.match(ended.message ?? '', /no luck/)
  assert.match(ended.message ?? '', /:2:/)
})

test('ten steps are one history row', async () => {
  const ended = await run(
    'export default async (system, self) => { let s = 0; for (let i = 0; i < 10; i++) s += await self.step("s" + i, () => i); return s }',
  )
  assert.equal(ended.output, '45')
  const rows = await db.query<{ last_seq: number }>(
    { name: 'probe', text: 'SELECT last_seq FROM savepoint WHERE execution_id = $1' },
    [ended.id],
  )
  assert.deepEqual(rows, [{ last_seq: 10 }])
})

test('an execution that waits is parked, and its answer continues it', async () => {
  const id = await start(
    'export default async (system, self) => { await self.sleep(3600); return "woke" }',
  )
  await engine.until(id, (row) => row.status === 'SCHEDULED')
  const [wait] = await readWaits(db, { workspaceId, executionId: id })
  assert.equal(wait?.kind, 'TIMER')
  await wake(id, wait.seq)
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.equal(ended.output, '"woke"')
})

test('an engine that never saw it replays it to the same result', async () => {
  const id = await start(
    'export default async (system, self) => { const r = await self.step("r", () => Math.random()); await self.sleep(3600); return [r, await self.step("again", () => r)] }',
  )
  await engine.until(id, (row) => row.status === 'SCHEDULED')
  await engine.restart()
  await wake(id, 2)
  const ended = await engine.until(id, (row) => isEnded(row.status))
  const [first, again] = JSON.parse(ended.output ?? '[]') as unknown[]
  assert.equal(typeof first, 'number')
  assert.equal(first, again)
})

test('a first activation that was claimed is replayed from the time at which it began', async () => {
  const id = await start(
    'export default async (system, self) => { let x = 0; for (let i = 0; i < 2e8; i++) x += i; const t = Date.now(); await self.script("export default () => 1", {}, { wait: false }); await self.sleep(3600); return t }',
  )
  const parked = await engine.until(id, (row) => row.status === 'SCHEDULED')
  assert.equal(parked.epoch, 1, 'it was claimed')
  await engine.restart()
  await wake(id, 2)
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.equal(ended.message, null)
  assert.equal(ended.output, String(parked.started_at))
})

test('a flow that awaits what never comes ends in error instead of standing still', async () => {
  const ended = await run('export default () => new Promise(() => {})')
  assert.equal(ended.status, 'ENDED_ERROR')
  assert.match(ended.message ?? '', /can never come/)
})

test('an unknown child is an error that the code can catch', async () => {
  const ended = await run(
    'export default async (system, self) => { try { await self.flow("nobody") } catch (error) { return error.name } }',
  )
  assert.equal(ended.output, '"ResourceNotFoundError"')
})

test('a message is made with the commit that asks, once, and its answer continues the flow', async () => {
  const id = await start(
    'export default async (system, self) => { const m = await self.message({ subject: "Go?", request: "Why", assignees: ["anna"], due_after: 60, timeout: 3600 }); return [m.response, m.button, await m.get("answered_by")] }',
  )
  await bus.publishDispatch('engine', [{ workspaceId, executionId: id, version: 1 }])
  const parked = await engine.until(id, (row) => row.status === 'WAITING_RESPONSE')
  const rows = await readMessagesOf(db, { workspaceId, executionId: id }, 10)
  assert.equal(rows.length, 1)
  const [message] = rows
  assert.ok(message)
  assert.deepEqual(
    [message.status, message.title, message.assignees, message.seq, message.generation],
    ['OPEN', 'Go?', ['anna'], 1, 1],
  )
  assert.ok(message.due_at !== null && message.next_at === message.due_at)
  const [wait] = await readWaits(db, { workspaceId, executionId: id })
  assert.deepEqual([wait?.kind, wait?.ref, wait?.subject], ['RESPONSE', message.id, 'Go?'])
  assert.ok(parked.scheduled_for !== null)
  const v = { response: { string: 'so' }, button: null, answered_by: 'anna', answered_at: 'now' }
  await wake(id, 1, { v })
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.equal(ended.output, JSON.stringify([{ string: 'so' }, null, 'anna']))
})

test('a message that is wrong is an error at its call, and is not made', async () => {
  const wrong = async (message: string): Promise<[string, string]> => {
    const source = `export default async (system, self) => { try { await self.message(${message}) } catch (error) { return [error.name, error.message] } }`
    const ended = await run(source)
    assert.deepEqual(await readMessagesOf(db, { workspaceId, executionId: ended.id }, 1), [])
    return JSON.parse(ended.output ?? '[]') as [string, string]
  }
  assert.deepEqual(await wrong('{}'), [
    'InvalidInputError',
    'self.message: needs one of message, request and body',
  ])
  const [name, text] = await wrong('{ body: { properties: { a: { $ref: "#" } } } }')
  assert.equal(name, 'InvalidInputError')
  assert.match(text, /body\/properties\/a\/\$ref/)
  assert.match((await wrong('{ message: "x", remind_flow: "f" }'))[1], /remind_flow needs/)
  const [missing] = await wrong('{ message: "x", remind_after: 1, remind_flow: "nobody" }')
  assert.equal(missing, 'ResourceNotFoundError')
})

test('a message of another execution is read, waited for when open, and answered at once when not', async () => {
  const asking = await run(
    'export default async (system, self) => (await self.message({ message: "open", wait: false })).id',
  )
  const messageId = JSON.parse(asking.output ?? '') as string
  const source =
    'export default async (system, self, id) => { const m = system.message(id); const status = await m.get("status"); await m.wait(); return [status, m.response, await m.load("status")] }'
  const id = await start(source, messageId)
  await engine.until(id, (row) => row.status === 'WAITING_RESPONSE')
  const by = { by: 'anna', byId: null, button: null, response: '{}' }
  await answerMessage(db, { workspaceId, messageId }, by)
  const v = { response: {}, button: null, answered_by: 'anna', answered_at: 'now' }
  await wake(id, 2, { v })
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.equal(ended.output, JSON.stringify(['OPEN', {}, 'ANSWERED']))
  assert.equal((await run(source, messageId)).output, JSON.stringify(['ANSWERED', {}, 'ANSWERED']))
  const none = await run(
    'export default async (system) => { try { await system.message("nothing").wait() } catch (error) { return error.name } }',
  )
  assert.equal(none.output, '"ResourceNotFoundError"')
})

test('a life that goes back to an open message asks it again, and a replay knows that it waits', async () => {
  const key = {
    workspaceId,
    executionId: await start(
      'export default async (system, self) => { const asked = self.message({ message: "Go?", due_after: 60 }); await self.sleep(3600); await self.sleep(3600); return (await asked).response }',
    ),
  }
  const id = key.executionId
  await engine.until(id, (row) => row.status === 'WAITING_RESPONSE')
  const [first] = await readMessagesOf(db, key, 10)
  assert.ok(first)
  const reverted = await revertExecution(db, key, { to: { seq: 1 }, by: newId() })
  assert.ok(reverted.kind === 'reverted')
  const [withdrawn] = await readMessagesOf(db, key, 10)
  assert.equal(withdrawn?.closed_why, 'WITHDRAWN')
  // As the sweep does, should it be first.
  await closeMessages(db, [{ workspaceId, messageId: first.id }])
  await bus.publishDispatch('engine', [{ workspaceId, executionId: id, version: reverted.version }])
  await engine.until(id, (row) => row.status === 'WAITING_RESPONSE')
  const messages = await readMessagesOf(db, key, 10)
  assert.deepEqual(
    messages.map((one) => [one.id, one.status, one.generation, one.closed_why]),
    [[first.id, 'OPEN', 2, null]],
  )
  assert.ok((messages[0]?.due_at ?? 0) > (first.due_at ?? 0), 'its times count anew')

  // An engine that has never seen it: the message is still what it waits for when something else comes.
  await engine.restart()
  await wake(id, 2, { generation: 2 })
  const isParked = ({ status }: ExecutionRow): boolean =>
    !['WAITING_ENGINE', 'AT_ENGINE'].includes(status)
  const parked = await engine.until(id, (row) => row.answered === 1 && isParked(row))
  assert.equal(parked.status, 'WAITING_RESPONSE')
  assert.deepEqual(
    (await readWaits(db, key)).map(({ kind, ref }) => [kind, ref]),
    [
      ['RESPONSE', first.id],
      ['TIMER', null],
    ],
  )
  await wake(id, 3, { generation: 2 })
  const v = { response: { so: 1 }, button: null, answered_by: 'anna', answered_at: 'now' }
  await wake(id, 1, { generation: 2, v })
  assert.equal((await engine.until(id, (row) => isEnded(row.status))).output, '{"so":1}')
})

test('links are made where a message allows them', async () => {
  const link = (message: string) =>
    run(
      `export default async (system, self) => { const m = await self.message({ message: 'x', wait: false, ${message} }); try { return await m.link('ben') } catch (error) { return error.message } }`,
    )
  assert.match((await link('')).output ?? '', /allows no links/)
  const made = JSON.parse((await link('allows_links: true')).output ?? '{}') as { url: string }
  assert.match(made.url, /^http:\/\/127\.0\.0\.1:8080\/answer#millrace-link-1\./)
})

async function run(source: string, input: unknown = null): Promise<ExecutionRow> {
  return engine.until(await start(source, input), (row) => isEnded(row.status))
}

/** Hands it to the engine before it is stored, and resolves with what the engine says of it. */
async function eagerly(
  source: string,
  { executionId = newId(), input = 'null' }: { executionId?: string; input?: string } = {},
): Promise<EagerResult> {
  const script = { language: 'typescript', source } as const
  await putScripts(db, [{ workspaceId, ...script }])
  const replyTo = newId()
  let subscription: Subscription | null = null
  const result = await new Promise<EagerResult>((resolve, reject) => {
    subscription = bus.onEagerResults(
      replyTo,
      ([first]) => {
        if (first !== undefined) resolve(first)
      },
      () => reject(new Error('no engine listens')),
    )
    const item = {
      workspaceId,
      executionId,
      type: 'SCRIPT' as const,
      name: null,
      flowId: null,
      scriptHash: scriptHash(script),
      projectId: null,
      input,
      isProductive: true,
      priority: 0,
      createdBy: null,
      traceparent: null,
      extra: null,
    }
    bus.publishEager(replyTo, [item])
  })
  await (subscription as Subscription | null)?.close()
  return result
}

async function start(source: string, input: unknown = null): Promise<string> {
  const script = { language: 'typescript', source } as const
  await putScripts(db, [{ workspaceId, ...script }])
  const id = newId()
  await createExecutions(db, [
    newExecution({
      workspaceId,
      id,
      type: 'SCRIPT',
      scriptHash: scriptHash(script),
      input: JSON.stringify(input),
    }),
  ])
  await bus.publishDispatch('engine', [{ workspaceId, executionId: id, version: 1 }])
  return id
}

async function wake(
  executionId: string,
  seq: number,
  { v = null, generation = 1 }: { v?: Json; generation?: number } = {},
): Promise<void> {
  const outcome = { kind: 'value', value: { v } } as const
  const [answered] = await answerWaits(db, [{ workspaceId, executionId, generation, seq, outcome }])
  assert.ok(answered)
  await bus.publishDispatch('engine', [{ workspaceId, executionId, version: answered.version }])
}
