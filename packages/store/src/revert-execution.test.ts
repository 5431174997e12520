import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { HistoryEntry } from '@millrace/replay'
import { newId } from '@millrace/runtime'
import { forkExecution } from './fork-execution.ts'
import { patchExecution } from './execution-records.ts'
import { listReverts } from './list-reverts.ts'
import { loadForActivation } from './load-executions.ts'
import { readExecution, readWaits } from './read-execution.ts'
import { revertExecution } from './revert-execution.ts'
import { newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const user = newId()

after(() => store.close())

const done = { kind: 'value', value: { v: null } } as const
const call = (seq: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  seq,
  kind: 'call',
  label: `c${seq}`,
  line: seq,
  digest: `d${seq}`,
  ...more,
})

/** Five calls in two rows: call, call, savepoint | lock, call; all but the last answered. */
async function past(row: Record<string, unknown> = {}): Promise<string> {
  const id = await store.execution({
    status: 'ENDED_ERROR',
    version: 9,
    answered: 3,
    message: 'failed',
    output: { a: 1 },
    started_at: '2026-01-02T03:04:05.678Z',
    ended_at: new Date().toISOString(),
    ...row,
  })
  const key = { workspace_id: workspaceId, execution_id: id, generation: 1 }
  const entries = [
    call(1),
    call(2),
    call(3, { kind: 'savepoint', label: 'here', outcome: { kind: 'value', value: { v: 0 } } }),
    call(4, { kind: 'lock', label: 'k' }),
    call(5),
  ]
  await store.seed('savepoint', [
    { ...key, first_seq: 1, last_seq: 3, entries: entries.slice(0, 3) },
    { ...key, first_seq: 4, last_seq: 5, entries: entries.slice(3) },
  ])
  await store.seed(
    'answer',
    [2, 1, 4].map((seq, at) => ({
      ...key,
      position: at + 1,
      seq,
      outcome: done,
      created_at: `2026-01-02T03:04:0${at + 6}.123Z`,
    })),
  )
  return id
}

const load = async (executionId: string) => {
  const [loaded] = await loadForActivation(db, [{ workspaceId, executionId }])
  assert.ok(loaded)
  return loaded
}

describe('a revert', () => {
  test('begins a life with the calls up to the savepoint and their answers, and takes back what was set', async () => {
    const executionId = await past()
    const key = { workspaceId, executionId }
    const result = await revertExecution(db, key, { to: { name: 'here' }, by: user })
    assert.equal(result.kind, 'reverted')
    const row = await readExecution(db, key)
    assert.deepEqual(
      [row?.status, row?.version, row?.generation, row?.answered, row?.lineno],
      ['WAITING_ENGINE', 10, 2, 2, 3],
    )
    assert.deepEqual([row?.output, row?.message, row?.ended_at], [null, null, null])
    assert.equal(row?.started_at, Date.parse('2026-01-02T03:04:05.678Z'))
    const { history, answers } = await load(executionId)
    assert.deepEqual(
      history.map(({ seq, digest }) => [seq, digest]),
      [
        [1, 'd1'],
        [2, 'd2'],
        [3, 'd3'],
      ],
    )
    assert.deepEqual(history[2]?.outcome, { kind: 'value', value: { v: 1 } })
    assert.deepEqual(
      answers.map(({ position, seq, at }) => [position, seq, new Date(at).toISOString()]),
      [
        [1, 2, '2026-01-02T03:04:06.123Z'],
        [2, 1, '2026-01-02T03:04:07.123Z'],
      ],
    )
    const [life] = history[0]?.lives ?? []
    assert.deepEqual(
      [life?.id, life?.generation, life?.last, life?.startedAt],
      [executionId, 1, 3, row?.started_at],
    )
    const reverts = await listReverts(db, key, { after: 0, limit: 9 })
    assert.deepEqual(
      reverts.map((one) => [
        one.generation,
        one.from_generation,
        one.seq,
        one.name,
        one.created_by,
      ]),
      [[2, 1, 3, 'here', user]],
    )
  })

  test('leaves the former life as it was, and goes back to any savepoint of it', async () => {
    const executionId = await past()
    const key = { workspaceId, executionId }
    await revertExecution(db, key, { to: { seq: 0 }, by: user })
    assert.equal((await readExecution(db, key))?.started_at, null)
    assert.deepEqual((await load(executionId)).history, [])
    // Its code has not run: there is nothing of its own to go back to.
    const again = await revertExecution(db, key, { to: { seq: 0 }, by: user })
    assert.equal(again.kind, 'impossible')
    await store.sql(`UPDATE execution SET started_at = clock() WHERE id = $1`, [executionId])
    const result = await revertExecution(db, key, { to: { generation: 1, seq: 2 }, by: user })
    assert.equal(result.kind === 'reverted' && result.generation, 3)
    const { history, answers } = await load(executionId)
    assert.deepEqual([history.length, answers.length], [2, 1])
    assert.deepEqual([history[0]?.again, history[1]?.again], [true, undefined])
    const [life] = history[0]?.lives ?? []
    assert.deepEqual(
      [life?.generation, life?.startedAt],
      [1, Date.parse('2026-01-02T03:04:05.678Z')],
      'the time of the life that it was',
    )
    const rows = await store.sql<{ generation: number }>(
      'SELECT generation FROM savepoint WHERE execution_id = $1 ORDER BY generation, first_seq',
      [executionId],
    )
    assert.deepEqual(
      rows.map(({ generation }) => generation),
      [1, 1, 3],
    )
  })

  test('marks what was open to be asked again, and gives up its waits', async () => {
    const executionId = await past({ status: 'WAITING_DEPENDENCY', ended_at: null })
    const key = { workspaceId, executionId }
    await store.wait(executionId, { seq: 5, kind: 'DEPENDENCY' })
    await store.sql('DELETE FROM answer WHERE execution_id = $1 AND seq <> 2', [executionId])
    const result = await revertExecution(db, key, { to: { seq: 2 }, by: user })
    assert.equal(result.kind, 'reverted')
    assert.deepEqual(await readWaits(db, key), [])
    const { history, answers } = await load(executionId)
    assert.deepEqual(
      history.map(({ again }) => again),
      [true, undefined],
    )
    assert.equal(answers.length, 1)
  })

  test('says why there is no going back, and has changed nothing', async () => {
    const executionId = await past()
    const key = { workspaceId, executionId }
    const why = async (to: Parameters<typeof revertExecution>[2]['to']) => {
      const result = await revertExecution(db, key, { to, by: user })
      return 'why' in result ? `${result.kind}: ${result.why}` : result.kind
    }
    assert.match(await why({ seq: 6 }), /^missing: .* no savepoint 1\.6: the last one is 1\.5/)
    assert.match(await why({ name: 'none' }), /^missing: .* no savepoint named "none"/)
    assert.match(await why({ generation: 2, seq: 1 }), /^missing: .* no generation 2: it has 1/)
    assert.match(await why({ seq: 5 }), /^impossible: .* holds the lock "k".* is 3\./)
    assert.equal((await readExecution(db, key))?.version, 9)
    const connection = await store.execution({ type: 'CONNECTION' })
    const result = await revertExecution(
      db,
      { workspaceId, executionId: connection },
      { to: { seq: 0 }, by: user },
    )
    assert.equal(result.kind, 'impossible')
  })

  test('is refused to one that has given back its place in a limited flow', async () => {
    const executionId = await past()
    const gate = { workspace_id: workspaceId, execution_id: executionId, ordinal: 1, capacity: 1 }
    await store.seed('start_gate', [{ ...gate, key: `concurrency:${newId()}` }])
    const key = { workspaceId, executionId }
    const result = await revertExecution(db, key, { to: { seq: 1 }, by: user })
    assert.ok(result.kind === 'impossible' && result.why.includes('given back its place'))
    await store.sql(
      `UPDATE execution SET status = 'WAITING_ENGINE', ended_at = NULL WHERE id = $1`,
      [executionId],
    )
    assert.equal((await revertExecution(db, key, { to: { seq: 1 }, by: user })).kind, 'reverted')
  })

  test('is overtaken by whoever moved it first', async () => {
    const executionId = await past()
    const key = { workspaceId, executionId }
    const request = { to: { seq: 1 }, by: null, version: 8 } as const
    assert.equal((await revertExecution(db, key, request)).kind, 'overtaken')
    const twice = await Promise.all([
      revertExecution(db, key, { ...request, version: 9 }),
      revertExecution(db, key, { ...request, version: 9 }),
    ])
    assert.deepEqual(twice.map(({ kind }) => kind).toSorted(), ['overtaken', 'reverted'])
  })

  test('from inside comes back to one savepoint a thousand times, not more', async () => {
    const executionId = await past()
    const key = { workspaceId, executionId }
    await store.seed(
      'revert',
      Array.from({ length: 1_000 }, (_, at) => ({
        workspace_id: workspaceId,
        execution_id: executionId,
        generation: 1_002 + at,
        from_generation: 1,
        seq: 3,
      })),
    )
    const result = await revertExecution(db, key, { to: { seq: 3 }, by: null })
    assert.ok(result.kind === 'impossible' && result.why.includes('1000 times'))
    assert.equal((await revertExecution(db, key, { to: { seq: 3 }, by: user })).kind, 'reverted')
  })

  test('with savepoint_retention LAST leads to the newest only, and leaves no former life', async () => {
    const executionId = await past({ extra: { savepoint_retention: 'LAST' } })
    const key = { workspaceId, executionId }
    assert.equal((await revertExecution(db, key, { to: { seq: 2 }, by: user })).kind, 'impossible')
    await store.sql(`DELETE FROM savepoint WHERE execution_id = $1 AND first_seq = 4`, [
      executionId,
    ])
    await store.sql(`DELETE FROM answer WHERE execution_id = $1 AND seq = 4`, [executionId])
    assert.equal((await revertExecution(db, key, { to: { seq: 3 }, by: user })).kind, 'reverted')
    const rows = await store.sql<{ generation: number }>(
      'SELECT generation FROM savepoint WHERE execution_id = $1',
      [executionId],
    )
    assert.deepEqual(
      rows.map(({ generation }) => generation),
      [2],
    )
  })
})

describe('a rerun from a savepoint', () => {
  test('is born ready with the past of another, once', async () => {
    const from = await past()
    const item = newExecution({ workspaceId, id: newId(), scriptHash: null })
    const fork = () => forkExecution(db, item, { executionId: from, savepoint: { seq: 3 } })
    assert.equal((await fork()).kind, 'forked')
    assert.equal((await fork()).kind, 'forked')
    const row = await readExecution(db, { workspaceId, executionId: item.id })
    assert.deepEqual(
      [row?.status, row?.version, row?.generation, row?.answered, row?.started_at],
      ['WAITING_ENGINE', 1, 1, 2, null],
    )
    const { history, answers } = await load(item.id)
    assert.deepEqual([history.length, answers.length], [3, 2])
    assert.deepEqual(history[0]?.lives?.[0]?.id, from)
    assert.equal((await load(from)).history.length, 5, 'the other one is as it was')
  })

  test('sees the name that the calls it begins with have seen', async () => {
    const from = await past({ name: 'first' })
    const key = { workspaceId, id: from }
    await patchExecution(db, key, { name: 'second' })
    await patchExecution(db, key, { name: 'third' })
    const fork = async (seq: number) => {
      const fields = { workspaceId, id: newId(), scriptHash: null, name: 'own' }
      const item = newExecution(fields)
      await forkExecution(db, item, { executionId: from, savepoint: { seq } })
      const row = await readExecution(db, { workspaceId, executionId: item.id })
      return [row?.name, (await load(item.id)).name]
    }
    assert.deepEqual(await fork(3), ['own', 'first'])
    assert.deepEqual(await fork(0), ['own', 'own'], 'of what has inherited nothing')
    const user = newId()
    await revertExecution(db, { workspaceId, executionId: from }, { to: { seq: 3 }, by: user })
    assert.equal((await load(from)).name, 'first')
  })

  test('keeps the payloads that it refers to', async () => {
    const from = await past()
    const hash = 'ab'.repeat(32)
    await store.sql(
      `INSERT INTO payload (workspace_id, hash, size, body, used_at)
       VALUES ($1, decode($2, 'hex'), 1, '1', '2020-01-01')`,
      [workspaceId, hash],
    )
    const large = JSON.stringify({ kind: 'value', value: { p: { hash, size: 1 } } })
    await store.sql('UPDATE answer SET outcome = $2 WHERE execution_id = $1 AND seq = 1', [
      from,
      large,
    ])
    const item = newExecution({ workspaceId, id: newId(), scriptHash: null })
    await forkExecution(db, item, { executionId: from, savepoint: { seq: 3 } })
    const [payload] = await store.sql<{ is_new: boolean }>(
      `SELECT used_at > clock() - interval '1 hour' AS is_new FROM payload WHERE hash = decode($1, 'hex')`,
      [hash],
    )
    assert.equal(payload?.is_new, true)
  })

  test('is refused where nothing can begin', async () => {
    const from = await past()
    const item = newExecution({ workspaceId, id: newId(), scriptHash: null })
    const refused = await forkExecution(db, item, { executionId: from, savepoint: { seq: 5 } })
    assert.equal(refused.kind, 'impossible')
    assert.equal(await readExecution(db, { workspaceId, executionId: item.id }), null)
  })
})
