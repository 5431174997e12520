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
let workspaceId: string

before(async () => {
  store = await startTestStore()
  workspaceId = store.workspaceId
  await store.seed('workspace', [
    { id: workspaceId, name: 'one', created_at: new Date().toISOString() },
  ])
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

/** Partitions of the last twelve hours, empty. */
async function resetPartitions(): Promise<void> {
  await store.sql(
    `TRUNCATE execution, wait, wait_member, savepoint, answer, log, connection_attempt, payload, script, flow`,
  )
  const { at, partitions } = await readPartitions(store.db)
  for (const partition of partitions) await dropPartition(store.db, { ...partition, mostKept: 100 })
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
      await store.wait(ids[index] ?? '', { ...wait, ref: node.waitsForSeveral ? null : awaited })
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

/** Everything that the scheduler's two loops do, once. */
async function retain(): Promise<void> {
  const context = { db: store.db, metrics }
  await removeOldTrees(context, { workspaceId, keepMs }, paced, TREES)
  await removeUnused(context, { workspaceId, keepMs }, paced, UNUSED)
  const { at, partitions } = await readPartitions(store.db)
  for (const table of PARTITIONED)
    for (const one of planPartitions(table, { at, partitions, periodMs: MINUTE, keepMs }).drop)
      await dropPartition(store.db, { ...one, mostKept: 100 })
}

const idsIn = async (table: string, column = 'execution_id') =>
  (
    await store.sql<{ id: string }>(
      `SELECT DISTINCT ${column} AS id FROM ${table} WHERE workspace_id = $1`,
      [workspaceId],
    )
  ).map(({ id }) => id)
const hashesIn = async (table: string) =>
  (await store.sql<{ hash: string }>(`SELECT encode(hash, 'hex') AS hash FROM ${table}`)).map(
    ({ hash }) => hash,
  )

test('of any forest exactly that stays which lives, is awaited, is young, or belongs to such a tree', async () => {
  await fc.assert(
    fc.asyncProperty(forests, async (forest) => {
      await resetPartitions()
      const ids = await plant(forest)
      const expected = expectKept(forest)
      await retain()
      const kept = [...expected.executions].map((index) => ids[index] ?? '').toSorted()
      assert.deepEqual((await idsIn('execution', 'id')).toSorted(), kept)
      // History of what is gone may lie in a partition that is not due yet; none is missing.
      const born = (id: string) => forest.nodes[ids.indexOf(id)]?.born ?? 0
      for (const table of PARTITIONED) {
        const there = new Set(await idsIn(table))
        assert.ok(
          kept.every((id) => there.has(id)),
          table,
        )
        const left = [...there].filter((id) => !kept.includes(id) && born(id) > 90 + 1)
        assert.deepEqual(left, [], table)
        assert.deepEqual(
          (await idsIn(`${table}_rest`)).filter((id) => !kept.includes(id)),
          [],
        )
      }
      const calls = kept.filter((id) => forest.nodes[ids.indexOf(id)]?.type === 'CONNECTION')
      assert.deepEqual((await idsIn('connection_attempt')).toSorted(), calls)
      const used = forest.nodes.flatMap(payloadsOf)
      assert.deepEqual(
        (await hashesIn('payload')).toSorted(),
        [...expected.payloads].map((index) => contentHash('payload', index)).toSorted(),
        `of ${used.join(' ')}`,
      )
      assert.deepEqual(
        (await hashesIn('script')).toSorted(),
        [...expected.scripts].map((index) => contentHash('script', index)).toSorted(),
      )
    }),
    { numRuns: 60, seed: 20_261_122 },
  )
})
