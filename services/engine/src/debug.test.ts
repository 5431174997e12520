import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Bus } from '@millrace/bus'
import { isEnded } from '@millrace/execution'
import type { Stop, StopAnswer } from '@millrace/replay'
import { newId } from '@millrace/runtime'
import {
  answerWaits,
  createExecutions,
  type Database,
  type ExecutionRow,
  makeProductive,
  patchExecution,
  putScripts,
  readDebugSession,
  readExecution,
  readWaits,
  releaseStop,
  scriptHash,
  withDebugProperties,
} from '@millrace/store'
import { newExecution } from '@millrace/store/testing'
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

const LOOP = `export default async (system, self, inputs) => {
  let sum = 0
  for (const x of [1, 2, 3]) {
    const twice = await self.step('twice', () => x * 2)
    sum += twice
    self.log(sum)
  }
  return sum
}`

test('a breakpoint in a loop stops in every turn, with the variables of then', async () => {
  const id = await start(LOOP, { breakpoints: [5], use_breakpoints: true })
  const seen: unknown[] = []
  for (let turn = 1; turn <= 3; turn++) {
    const { row, stop } = await stopped(id)
    assert.deepEqual([row.status, row.beneath, row.lineno], ['PAUSED', 'WAITING_ENGINE', 5])
    seen.push([stop.reason, stop.line, stop.hit, variable(stop, 'x'), variable(stop, 'sum')])
    await go(id, { action: 'continue' })
  }
  assert.deepEqual(seen, [
    ['breakpoint', 5, 1, 1, 0],
    ['breakpoint', 5, 2, 2, 2],
    ['breakpoint', 5, 3, 3, 6],
  ])
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.deepEqual([ended.status, ended.output], ['ENDED_SUCCESS', '12'])
  assert.deepEqual(await logs(id), [2, 6, 12])
})

test('a stop outlives its engine, and a step goes on from it with another', async () => {
  const id = await start(LOOP, { breakpoints: [5], use_breakpoints: true })
  const before = (await stopped(id)).stop
  await engine.restart()
  assert.deepEqual((await stopped(id)).stop, before)
  await change(id, { breakpoints: [] })
  await go(id, { action: 'step_over' })
  assert.deepEqual([(await stopped(id)).stop.reason, (await stopped(id)).stop.line], ['step', 6])
  await change(id, { breakpoints: [8] })
  await go(id, { action: 'continue' })
  const { stop } = await stopped(id)
  assert.deepEqual([stop.line, variable(stop, 'sum')], [8, 12])
  await go(id, { action: 'continue' })
  assert.equal((await engine.until(id, (row) => isEnded(row.status))).output, '12')
})

test('break stops at the first line and is used up; what waits meanwhile is answered beneath', async () => {
  const source = `export default async (system, self) => {
  const nap = self.sleep(3600)
  const a = 1
  await nap
  return a
}`
  const id = await start(source, { break: true })
  assert.equal((await stopped(id)).stop.line, 2)
  await go(id, { action: 'step_over' })
  const { row } = await stopped(id)
  assert.deepEqual([row.lineno, row.beneath], [3, 'SCHEDULED'])
  const waits = await readWaits(db, { workspaceId, executionId: id })
  assert.deepEqual(
    waits.map(({ kind }) => kind),
    ['TIMER', 'BREAK'],
  )
  const outcome = { kind: 'value', value: { v: null } } as const
  const seq = waits[0]?.seq ?? 0
  await answerWaits(db, [{ workspaceId, executionId: id, generation: 1, seq, outcome }])
  assert.equal((await readExecution(db, { workspaceId, executionId: id }))?.status, 'PAUSED')
  await go(id, { action: 'continue' })
  assert.equal((await engine.until(id, (one) => isEnded(one.status))).output, '1')
})

test('breakpoints that are set while it waits are heeded from there on, and not in the past', async () => {
  const source = `export default async (system, self) => {
  const a = 1
  await self.sleep(3600)
  const b = a + 1
  return b
}`
  const id = await start(source)
  await engine.until(id, (row) => row.status === 'SCHEDULED')
  await change(id, { breakpoints: [2, 4], useBreakpoints: true })
  const [nap] = await readWaits(db, { workspaceId, executionId: id })
  const outcome = { kind: 'value', value: { v: null } } as const
  const [answered] = await answerWaits(db, [
    { workspaceId, executionId: id, generation: 1, seq: nap?.seq ?? 0, outcome },
  ])
  await bus.publishDispatch('engine', [
    { workspaceId, executionId: id, version: answered?.version ?? 0 },
  ])
  assert.equal((await stopped(id)).stop.line, 4)
  await go(id, { action: 'continue' })
  assert.equal((await engine.until(id, (row) => isEnded(row.status))).output, '2')
})

test('a child that is stepped into stops at its first line; children inherit the mode', async () => {
  const source = `export default async (system, self) => {
  const child = await self.script(\`export default async () => {
    const x = 1
    return x
  }\`)
  return child.output
}`
  const id = await start(source, { break: true })
  await stopped(id)
  await go(id, { action: 'step_into' })
  await engine.until(id, (row) => row.status === 'WAITING_DEPENDENCY')
  const [child] = await db.query<{ id: string; is_productive: boolean }>(
    {
      name: 'probe-child',
      text: 'SELECT id, is_productive FROM execution WHERE parent_execution_id = $1',
    },
    [id],
  )
  assert.equal(child?.is_productive, false)
  assert.equal((await stopped(child.id)).stop.line, 2)
  await go(child.id, { action: 'continue' })
  assert.equal((await engine.until(child.id, (row) => isEnded(row.status))).output, '1')
})

test('one that becomes productive goes on without stops', async () => {
  const id = await start(LOOP, { breakpoints: [5], use_breakpoints: true })
  const { row, stop } = await stopped(id)
  const key = { workspaceId, executionId: id }
  const version = await makeProductive(db, key, { version: row.version, seq: stop.seq })
  await bus.publishDispatch('engine', [{ ...key, version: version ?? 0 }])
  const ended = await engine.until(id, (one) => isEnded(one.status))
  assert.deepEqual([ended.status, ended.output], ['ENDED_SUCCESS', '12'])
})

const variable = ({ variables }: Stop, name: string) =>
  variables.find((one) => one.name === name)?.value

async function start(source: string, extra: object | null = null): Promise<string> {
  const script = { language: 'typescript', source } as const
  await putScripts(db, [{ workspaceId, ...script }])
  const id = newId()
  await createExecutions(db, [
    newExecution({
      workspaceId,
      id,
      type: 'SCRIPT',
      scriptHash: scriptHash(script),
      isProductive: false,
      extra: extra === null ? null : JSON.stringify(extra),
    }),
  ])
  await bus.publishDispatch('engine', [{ workspaceId, executionId: id, version: 1 }])
  return id
}

async function stopped(id: string): Promise<{ row: ExecutionRow; stop: Stop }> {
  const row = await engine.until(id, ({ status }) => status === 'PAUSED')
  const session = await readDebugSession(db, { workspaceId, executionId: id })
  return { row, stop: JSON.parse(session?.stop ?? 'null') as Stop }
}

/** What a gateway does. */
async function go(id: string, answer: StopAnswer): Promise<void> {
  const { row, stop } = await stopped(id)
  const key = { workspaceId, executionId: id }
  const version = await releaseStop(db, key, { version: row.version, seq: stop.seq, answer })
  assert.ok(version !== null)
  await bus.publishDispatch('engine', [{ ...key, version }])
}

const change = (id: string, wanted: Parameters<typeof withDebugProperties>[1]) =>
  patchExecution(db, { workspaceId, id }, { extra: (text) => withDebugProperties(text, wanted) })

async function logs(id: string): Promise<unknown[]> {
  const rows = await db.query<{ lines: string }>(
    { name: 'probe-log', text: 'SELECT lines FROM log WHERE execution_id = $1 ORDER BY first_seq' },
    [id],
  )
  return rows.flatMap(({ lines }) =>
    (JSON.parse(lines) as { values: unknown[] }[]).flatMap(({ values }) => values),
  )
}
