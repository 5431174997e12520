import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { createMetrics, newId, sha256Hex } from '@millrace/runtime'
import { addPartition, dropPartition, PARTITIONED, readPartitions } from '@millrace/store'
import { startTestStore, type TestStore } from '@millrace/store/testing'
import { planPartitions } from '../src/retention/plan-partitions.ts'
import { removeOldTrees } from '../src/retention/remove-old-trees.ts'
import { removeUnused } from '../src/retention/remove-unused.ts'
import { createSchedulerMetrics } from '../src/telemetry.ts'
import {
  CONTENTS,
  expectKept,
  type Forest,
  forests,
  KEEP_MINUTES,
  lastUse,
  payloadsOf,
} from './retention-forest.ts'

const MINUTE = 60_000
const keepMs = KEEP_MINUTES * MINUTE
const metrics = createSchedulerMetrics(createMetrics('test'))
const paced = <T>(work: () => Promise<T>): Promise<T> => work()
// Small, so that a few executions need several pages and some trees are large.
const TREES = { page: 5, largest: 3, deepest: 2 }
const UNUSED = { page: 2, most: 3, survivors: 2, removed: 1 }

let store: TestStore
/** One for each forest, so that all of them are there at once. */
let workspaceId: string

before(async () => {
  store = await startTestStore()
  await makePartitions()
})
after(() => store.close())

const ago = (minutes: number): string => new Date(Date.now() - minutes * MINUTE).toISOString()
const idAt = (minutes: number): string => {
  const hex = (Date.now() - minutes * MINUTE).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-${newId().slice(14)}`
}
const contentHash = (what: string, index: number): string => sha256Hex(`${what} ${index}`)
const bytea = (what: string, index: number): string => `\\x${contentHash(what, index)}`
const reference = (index: number): string =>
  index < 0
    ? '{"v":1}'
    : JSON.stringify({ p: { hash: contentHash('payload', index), size: 40_000 } })

/** Of the last twelve hours, in place of what the migration made. */
async function makePartitions(): Promise<void> {
  const { at, partitions } = await readPartitions(store.db)
  for (const partition of partitions) await dropPartition(store.db, { ...partition, mostKept: 0 })
  const marks = [720, 360, 180, 90, -120].map((minutes) => at - minutes * MINUTE)
  for (const table of PARTITIONED)
    for (const [index, to] of marks.slice(1).entries())
      await addPartition(store.db, { of: table, from: marks[index] ?? 0, to })
}

/** Rows as the services leave them, past all of their rules. Returns the ids by index. */
async function plant({ nodes, flows }: Forest): Promise<string[]> {
  const ids = nodes.map(({ born }) => idAt(born))
  const topOf = (index: number): number => {
    const { parent } = nodes[index]!
    return parent < 0 ? index : topOf(parent)
  }
  await store.executions(
    nodes.map((node, index) => ({
      workspace_id: workspaceId,
      id: ids[index],
      type: node.type,
      status: node.ended === null ? 'WAITING_DEPENDENCY' : 'ENDED_SUCCESS',
      ended_at: node.ended === null ? null : ago(node.ended),
      parent_execution_id: node.parent < 0 ? null : ids[node.parent],
      top_execution_id: ids[topOf(index)],
      orphan: node.orphan,
      input_hash: node.input < 0 ? null : bytea('payload', node.input),
      output_hash: node.output < 0 ? null : bytea('payload', node.output),
      script_hash: bytea('script', node.script),
    })),
  )
  for (const [index, node] of nodes.entries())
    if (node.ended === null && node.waitsFor >= 0) {
      const awaited = ids[node.waitsFor]
      const wait = { kind: 'DEPENDENCY', return_when: 'ALL_ENDED' }
      const ref = node.waitsForSeveral ? null : awaited
      await store.wait(ids[index] ?? '', { workspace_id: workspaceId, ...wait, ref })
      if (node.waitsForSeveral)
        await store.seed('wait_member', [
          {
            workspace_id: workspaceId,
            execution_id: ids[index],
            member_id: awaited,
            seq: 1,
            ordinal: 0,
          },
        ])
    }
  const own = (index: number) => ({
    workspace_id: workspaceId,
    execution_id: ids[index],
    generation: 1,
    created_at: ago(0),
  })
  const entries = ({ step }: { step: number }) =>
    `[{"seq":1,"outcome":{"kind":"value","value":${reference(step)}}}]`
  await store.seed(
    'savepoint',
    nodes.map((node, index) => ({
      ...own(index),
      first_seq: 1,
      last_seq: 1,
      format: 1,
      entries: JSON.parse(entries(node)) as unknown,
    })),
  )
  await store.seed(
    'answer',
    nodes.map(({ answer }, index) => ({
      ...own(index),
      position: 1,
      seq: 1,
      outcome: {
        kind: 'dependency',
        ended: [{ output: JSON.parse(reference(answer)) as unknown }],
      },
    })),
  )
  await store.seed(
    'log',
    nodes.map((_, index) => ({ ...own(index), first_seq: 1, lines: [] })),
  )
  const calls = nodes.flatMap(({ type }, index) => (type === 'CONNECTION' ? [index] : []))
  await store.seed(
    'connection_attempt',
    calls.map((index) => ({
      workspace_id: workspaceId,
      execution_id: ids[index],
      attempt: 1,
      epoch: 1,
      process_id: newId(),
      repeat_class: 'safe',
      started_at: ago(0),
    })),
  )
  const contents = Array.from({ length: CONTENTS }, (_, index) => index)
  const usedAt = (users: readonly Forest['nodes'][number][]) =>
    ago(Math.min(600, ...users.map(lastUse)))
  await store.seed(
    'payload',
    contents.map((index) => ({
      workspace_id: workspaceId,
      hash: bytea('payload', index),
      size: 1,
      body: '1',
      created_at: ago(600),
      used_at: usedAt(nodes.filter((node) => payloadsOf(node).includes(index))),
    })),
  )
  await store.seed(
    'script',
    contents.map((index) => ({
      workspace_id: workspaceId,
      hash: bytea('script', index),
      language: 'typescript',
      source: '',
      created_at: ago(600),
      used_at: usedAt(nodes.filter(({ script, born }) => script === index && born < KEEP_MINUTES)),
    })),
  )
  await store.seed(
    'flow',
    flows.map((index) => ({
      workspace_id: workspaceId,
      id: newId(),
      name: `flow ${index}`,
      script_hash: bytea('script', index),
      created_at: ago(600),
      modified_at: ago(600),
    })),
  )
  return ids
}

const walk = async (): Promise<void> => {
  const context = { db: store.db, metrics }
  await removeOldTrees(context, { workspaceId, keepMs }, paced, TREES)
  await removeUnused(context, { workspaceId, keepMs }, paced, UNUSED)
}

const idsIn = async (table: string, column = 'execution_id') =>
  (
    await store.sql<{ id: string }>(
      `SELECT DISTINCT ${column} AS id FROM ${table} WHERE workspace_id = $1`,
      [workspaceId],
    )
  ).map(({ id }) => id)
const hashesIn = async (table: string) =>
  (
    await store.sql<{ hash: string }>(
      `SELECT encode(hash, 'hex') AS hash FROM ${table} WHERE workspace_id = $1`,
      [workspaceId],
    )
  ).map(({ hash }) => hash)
const named = (what: string, indexes: Iterable<number>) =>
  Array.from(indexes, (index) => contentHash(what, index)).toSorted()

test('of any forest exactly that stays which lives, is awaited, is young, or belongs to such a tree', async () => {
  /** What must have its history in the end, and what must not. */
  const kept = new Set<string>()
  const gone = new Set<string>()
  await fc.assert(
    fc.asyncProperty(forests, async (forest) => {
      workspaceId = newId()
      const ids = await plant(forest)
      const expected = expectKept(forest)
      await walk()
      const left = [...expected.executions].map((index) => ids[index] ?? '').toSorted()
      assert.deepEqual((await idsIn('execution', 'id')).toSorted(), left)
      const calls = left.filter((id) => forest.nodes[ids.indexOf(id)]?.type === 'CONNECTION')
      assert.deepEqual((await idsIn('connection_attempt')).toSorted(), calls)
      const payloads = (await hashesIn('payload')).toSorted()
      assert.deepEqual(payloads, named('payload', expected.payloads))
      const scripts = (await hashesIn('script')).toSorted()
      assert.deepEqual(scripts, named('script', expected.scripts))
      for (const [index, id] of ids.entries())
        if (expected.executions.has(index)) kept.add(id)
        else if ((forest.nodes[index]?.born ?? 0) > 95) gone.add(id)
    }),
    { numRuns: 60, seed: 20_261_122 },
  )

  const { at, partitions } = await readPartitions(store.db)
  for (const table of PARTITIONED) {
    const { drop } = planPartitions(table, { at, partitions, periodMs: MINUTE, keepMs })
    assert.equal(drop.length, 3)
    for (const one of drop)
      assert.ok((await dropPartition(store.db, { ...one, mostKept: 10_000 })) !== null)
    const rows = await store.sql<{ id: string }>(`SELECT execution_id AS id FROM ${table}`)
    const there = new Set(rows.map(({ id }) => id))
    assert.equal(there.size, rows.length)
    assert.deepEqual(
      [...kept].filter((id) => !there.has(id)),
      [],
    )
    assert.deepEqual(
      [...gone].filter((id) => there.has(id)),
      [],
    )
  }

  // What was moved goes with its execution.
  await store.sql(
    `UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock() - interval '2 hours'`,
  )
  await store.sql('TRUNCATE wait, wait_member')
  const workspaces = await store.sql<{ id: string }>(
    'SELECT DISTINCT workspace_id AS id FROM execution',
  )
  for (const { id } of workspaces) {
    workspaceId = id
    await walk()
  }
  for (const table of PARTITIONED) {
    const rows = await store.sql<{ id: string }>(`SELECT execution_id AS id FROM ${table}_rest`)
    assert.deepEqual(
      rows.filter(({ id }) => kept.has(id) && isOld(id)),
      [],
    )
  }
})

/** Walks look only at what was born before the time that executions are kept. */
const isOld = (id: string): boolean =>
  Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) < Date.now() - keepMs
