import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isEnded } from '@millrace/execution'
import type { Outcome } from '@millrace/replay'
import { type AnsweredExecution, answerWaits, type ExecutionRow, readWaits } from '@millrace/store'
import { type EngineFixture, startEngineFixture } from './engine-fixture.ts'

/** How much past an execution may have: the sum counts, whether it is replayed or goes on where it is. */

let engine: EngineFixture
before(async () => {
  engine = await startEngineFixture()
})
after(() => engine[Symbol.asyncDispose]())

const MIB = 2 ** 20
const LIMIT = /history of the execution and the answers to its calls have more than 40 MiB/
/**
 * Wakes until nobody wakes it again, and holds nothing of what it was woken with. It sleeps for less than
 * a minute: what sleeps for longer is not kept warm.
 */
const LOOP = 'export default async (system, self) => { for (;;) await self.sleep(50) }'

/** A value in the payload table, of 8 MiB as it says. */
const large: Outcome = {
  kind: 'value',
  value: { p: { hash: 'cd'.repeat(32), size: 8 * MIB } },
}
/** A small one in its row. */
const small: Outcome = { kind: 'value', value: { v: null } }

for (const [how, restartsAt] of [
  ['goes on warm', []],
  ['is replayed on the way', [1, 3]],
  ['is replayed with the last answer', [4]],
] as const)
  test(`answers end an execution at the same sum when it ${how}`, async () => {
    const id = await engine.start(LOOP)
    for (let answered = 0; answered < 4; answered++) {
      await parked(id, answered)
      if ((restartsAt as readonly number[]).includes(answered)) await engine.restart()
      await wake(id, [large])
    }
    const before = await parked(id, 4)
    assert.equal(before.status, 'SCHEDULED', '32 MiB go on')
    if ((restartsAt as readonly number[]).includes(4)) await engine.restart()
    await wake(id, [large])
    const ended = await engine.until(id, (row) => isEnded(row.status))
    assert.equal(ended.status, 'ENDED_ERROR')
    assert.match(ended.message ?? '', LIMIT)
    assert.deepEqual(await readWaits(engine.db, key(id)), [])
  })

test('answers that came while no engine had it end it before they are read', async () => {
  const source =
    'export default async (system, self) => Promise.all(Array.from({ length: 50 }, () => self.sleep(3600)))'
  const id = await engine.start(source)
  await engine.until(id, (row) => row.status === 'SCHEDULED')
  await engine.restart()
  // In their rows: 50 MiB of text.
  await wake(
    id,
    Array.from({ length: 50 }, () => ({ kind: 'value', value: { v: 'x'.repeat(MIB) } })),
  )
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.match(ended.message ?? '', LIMIT)
})

test('what the code itself leaves in its history counts', async () => {
  const id = await engine.start(
    'export default async (system, self) => { for (;;) { await self.step("s", () => "x".repeat(16777216)); await self.sleep(3600) } }',
  )
  for (let answered = 0; answered < 2; answered++) {
    await parked(id, answered)
    await wake(id, [small])
  }
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.match(ended.message ?? '', LIMIT)
  assert.equal(ended.answered, 2, 'it ended with its third step')
})

test('what the engine answers by itself counts within one activation', async () => {
  const id = await engine.start(
    'export default async (system, self) => { const big = system.setting("big"); await big.set("x".repeat(1000000)); for (let i = 0; i < 60; i++) await big.get(); return 1 }',
  )
  const ended = await engine.until(id, (row) => isEnded(row.status))
  assert.match(ended.message ?? '', LIMIT)
})

test('what is loaded with many others and has more than its share is read whole', async () => {
  const ids = await Promise.all(
    Array.from({ length: 3 }, () =>
      engine.start('export default async (system, self) => { await self.sleep(3600); return 1 }'),
    ),
  )
  for (const id of ids) await engine.until(id, (row) => row.status === 'SCHEDULED')
  await engine.restart()
  const v = 'x'.repeat(25 * MIB)
  const items = []
  for (const id of ids) items.push(await answer(id, [{ kind: 'value', value: { v } }]))
  await engine.bus.publishDispatch('engine', items)
  for (const id of ids)
    assert.equal((await engine.until(id, (row) => isEnded(row.status))).output, '1')
})

test('many with large pasts go on, one after the other', async () => {
  const source =
    'export default async (system, self) => { await self.sleep(3600); await self.sleep(3600); return 1 }'
  const ids = await Promise.all(Array.from({ length: 20 }, () => engine.start(source)))
  for (let answered = 0; answered < 2; answered++) {
    const items = []
    for (const id of ids) {
      await parked(id, answered)
      items.push(await answer(id, [{ kind: 'value', value: { v: 'x'.repeat(MIB) } }]))
    }
    await engine.bus.publishDispatch('engine', items)
  }
  for (const id of ids)
    assert.equal((await engine.until(id, (row) => isEnded(row.status))).output, '1')
})

const key = (executionId: string) => ({ workspaceId: engine.workspaceId, executionId })

const parked = (id: string, answered: number): Promise<ExecutionRow> =>
  engine.until(id, (row) => row.answered === answered && row.status === 'SCHEDULED')

/** Answers its oldest waits. */
async function answer(id: string, outcomes: readonly Outcome[]): Promise<AnsweredExecution> {
  const waits = await readWaits(engine.db, key(id))
  const items = outcomes.map((outcome, place) => {
    const { seq = 0 } = waits[place] ?? {}
    return { ...key(id), generation: 1, seq, outcome }
  })
  const [answered] = await answerWaits(engine.db, items)
  assert.ok(answered)
  return answered
}

async function wake(id: string, outcomes: readonly Outcome[]): Promise<void> {
  await engine.bus.publishDispatch('engine', [await answer(id, outcomes)])
}
