import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import fc from 'fast-check'
import { collectDependencies } from './dependencies.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
before(async () => {
  store = await startTestStore()
})
after(() => store.close())

const RETURN_WHEN = [
  'ALL_ENDED',
  'ALL_SUCCEEDED',
  'FIRST_ENDED',
  'FIRST_SUCCEEDED',
  'N_ENDED',
  'N_SUCCEEDED',
] as const
type ReturnWhen = (typeof RETURN_WHEN)[number]
type Verdict = 'met' | 'failed' | null

// S succeeded, E in error, C cancelled, . still running
const TABLE: readonly (readonly [ReturnWhen, number | null, string, Verdict])[] = [
  ['ALL_ENDED', null, 'S.', null],
  ['ALL_ENDED', null, 'E.', null],
  ['ALL_ENDED', null, 'EC', 'met'],
  ['ALL_ENDED', null, '', 'met'],
  ['ALL_SUCCEEDED', null, 'S.', null],
  ['ALL_SUCCEEDED', null, 'E.', 'failed'],
  ['ALL_SUCCEEDED', null, '.C.', 'failed'],
  ['ALL_SUCCEEDED', null, 'SSS', 'met'],
  ['ALL_SUCCEEDED', null, 'SSE', 'failed'],
  ['ALL_SUCCEEDED', null, '', 'met'],
  ['FIRST_ENDED', null, '...', null],
  ['FIRST_ENDED', null, '..E', 'met'],
  ['FIRST_ENDED', null, '', 'failed'],
  ['FIRST_SUCCEEDED', null, 'E.C', null],
  ['FIRST_SUCCEEDED', null, 'ES.', 'met'],
  ['FIRST_SUCCEEDED', null, 'EC', 'failed'],
  ['N_ENDED', 2, 'S..', null],
  ['N_ENDED', 2, 'S.E', 'met'],
  ['N_ENDED', 4, 'SSS', 'failed'],
  ['N_SUCCEEDED', 2, 'SE.', null],
  ['N_SUCCEEDED', 2, 'SES', 'met'],
  ['N_SUCCEEDED', 2, '.EE', 'failed'],
  ['N_SUCCEEDED', 1, 'EEE', 'failed'],
]

for (const [returnWhen, needed, members, verdict] of TABLE)
  test(`${returnWhen}${needed === null ? '' : `(${needed})`} of [${members}] is ${verdict ?? 'open'}`, async () => {
    const { found, ids } = await judge(returnWhen, needed, members)
    if (verdict === null) return assert.deepEqual(found, [])
    const [answer] = found
    assert.equal(found.length, 1)
    assert.equal(answer?.outcome.kind, 'dependency')
    if (answer?.outcome.kind !== 'dependency') return
    assert.equal(answer.outcome.verdict, verdict)
    const ended = ids.filter((_, place) => members[place] !== '.')
    assert.deepEqual(
      answer.outcome.ended.map((one) => one.id),
      ended,
      "the caller's order",
    )
  })

test('any members under any condition are judged as the plain rules say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...RETURN_WHEN),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom('S', 'E', 'C', '.'), { minLength: 1, maxLength: 5 }),
      async (returnWhen, needed, members) => {
        const { found } = await judge(returnWhen, needed, members.join(''))
        const outcome = found[0]?.outcome
        assert.equal(
          outcome?.kind === 'dependency' ? outcome.verdict : null,
          oracle(returnWhen, needed, members),
        )
      },
    ),
    { seed: 7, numRuns: 60 },
  )
})

test('a single child is found by its end, with its output in place or by reference', async () => {
  const hash = 'ab'.repeat(32)
  await store.seed('payload', [
    { workspace_id: store.workspaceId, hash: `\\x${hash}`, size: 40_000, body: '"x"' },
  ])
  const [small, large, silent] = await store.executions([
    { ...ended('S'), output: { total: 3 }, output_hash: null, message: 'all done' },
    { ...ended('E'), output: null, output_hash: `\\x${hash}`, message: null },
    { ...ended('S'), output: null, output_hash: null, message: null },
  ])
  const expected = [
    { id: small, status: 'ENDED_SUCCESS', message: 'all done', output: { v: { total: 3 } } },
    { id: large, status: 'ENDED_ERROR', message: null, output: { p: { hash, size: 40_000 } } },
    { id: silent, status: 'ENDED_SUCCESS', message: null, output: { v: null } },
  ]
  const parent = await store.execution({ status: 'WAITING_DEPENDENCY' })
  for (const [place, child] of [small, large, silent].entries())
    await store.wait(parent, {
      seq: place + 1,
      kind: 'DEPENDENCY',
      return_when: 'ALL_ENDED',
      ref: child,
    })
  const { found } = await collectDependencies(store.db, {
    ended: [small, large, silent].map((executionId) => ({
      workspaceId: store.workspaceId,
      executionId: executionId ?? '',
    })),
    waits: [],
  })
  assert.deepEqual(
    found.toSorted((a, b) => a.seq - b.seq).map((answer) => answer.outcome),
    expected.map((one) => ({ kind: 'dependency', verdict: 'met', ended: [one] })),
  )
})

test('hints that repeat, overlap or lead nowhere find each wait once', async () => {
  const child = await store.execution(ended('S'))
  const parent = await store.execution({ status: 'WAITING_DEPENDENCY' })
  await store.wait(parent, { kind: 'DEPENDENCY', return_when: 'ALL_SUCCEEDED', ref: child })
  const { workspaceId } = store
  const key = { workspaceId, executionId: child }
  const { found } = await collectDependencies(store.db, {
    ended: [key, key, { workspaceId, executionId: newId() }],
    waits: [
      { workspaceId, executionId: parent, seq: 1 },
      { workspaceId, executionId: parent, seq: 9 },
    ],
  })
  assert.equal(found.length, 1)
  const { found: elsewhere } = await collectDependencies(store.db, {
    ended: [{ ...key, workspaceId: newId() }],
    waits: [],
  })
  assert.deepEqual(elsewhere, [], 'another workspace sees nothing')
})

test('a wait for an execution that does not exist is answered with an error', async () => {
  const parent = await store.execution({ status: 'WAITING_DEPENDENCY' })
  const ref = newId()
  await store.wait(parent, { kind: 'DEPENDENCY', return_when: 'ALL_ENDED', ref })
  const {
    found: [answer],
  } = await collectDependencies(store.db, {
    ended: [],
    waits: [{ workspaceId: store.workspaceId, executionId: parent, seq: 1 }],
  })
  assert.equal(answer?.outcome.kind, 'error')
  assert.equal(
    answer?.outcome.kind === 'error' && answer.outcome.error.name,
    'ResourceNotFoundError',
  )
})

test('a wait whose outputs have more than anybody can replay is answered with an error', async () => {
  const outputs = await payloads(2)
  const answer = await waitForAll(outputs)
  const {
    found: [large],
  } = await collectDependencies(store.db, { ended: [], waits: [answer] })
  assert.equal(large?.outcome.kind, 'error')
  if (large?.outcome.kind !== 'error') return
  assert.equal(large.outcome.error.name, 'InvalidInputError')
  assert.match(large.outcome.error.message, /have 61 MiB, and 40 MiB is the limit of one wait/)
})

test('answers that are too much for one batch are left for the next one', async () => {
  const waits = [await waitForAll(await payloads(1)), await waitForAll(await payloads(1))]
  const first = await collectDependencies(store.db, { ended: [], waits })
  assert.equal(first.found.length, 1)
  assert.equal(first.later.length, 1)
  const second = await collectDependencies(store.db, { ended: [], waits: first.later })
  assert.deepEqual(second.later, [])
  assert.deepEqual(
    [...first.found, ...second.found].map(({ executionId }) => executionId).toSorted(),
    waits.map(({ executionId }) => executionId).toSorted(),
  )
})

test('many waits for one large output are not answered in one batch', async () => {
  const child = await store.execution({ ...ended('S'), output: 'x'.repeat(2 ** 20) })
  const parents = await store.executions(
    Array.from({ length: 50 }, () => ({ status: 'WAITING_DEPENDENCY' })),
  )
  for (const parent of parents)
    await store.wait(parent, { kind: 'DEPENDENCY', return_when: 'ALL_SUCCEEDED', ref: child })
  const { workspaceId } = store
  const hint = { ended: [{ workspaceId, executionId: child }], waits: [] }
  const { found, later } = await collectDependencies(store.db, hint)
  assert.equal(found.length, 39)
  assert.equal(later.length, 11)
})

/** Outputs in the payload table, of 30 MiB as it says. */
async function payloads(count: number): Promise<string[]> {
  const hashes = Array.from({ length: count }, () => newId().replaceAll('-', '').repeat(2))
  const size = 30 * 2 ** 20
  await store.seed(
    'payload',
    hashes.map((hash) => ({
      workspace_id: store.workspaceId,
      hash: `\\x${hash}`,
      size,
      body: '"x"',
    })),
  )
  return hashes
}

async function waitForAll(hashes: readonly string[]) {
  const members = await store.executions(
    hashes.map((hash) => ({ ...ended('S'), output_hash: `\\x${hash}` })),
  )
  const parent = await store.execution({ status: 'WAITING_DEPENDENCY' })
  const key = { workspaceId: store.workspaceId, executionId: parent, seq: 1 }
  await store.wait(parent, { kind: 'DEPENDENCY', return_when: 'ALL_SUCCEEDED' })
  await addMembers(parent, members)
  return key
}

async function addMembers(parent: string, ids: readonly string[]): Promise<void> {
  await store.seed(
    'wait_member',
    ids.map((member_id, ordinal) => ({
      workspace_id: store.workspaceId,
      execution_id: parent,
      seq: 1,
      member_id,
      ordinal,
    })),
  )
}

async function judge(returnWhen: ReturnWhen, needed: number | null, members: string) {
  const ids = await store.executions(
    [...members].map((one) =>
      one === '.' ? { ended_at: null, status: 'WAITING_ENGINE' } : ended(one),
    ),
  )
  const parent = await store.execution({ status: 'WAITING_DEPENDENCY' })
  const key = { workspaceId: store.workspaceId, executionId: parent, seq: 1 }
  await store.wait(parent, { kind: 'DEPENDENCY', return_when: returnWhen, needed })
  // The order of the ids must not matter, the ordinal does.
  await store.seed(
    'wait_member',
    ids
      .map((member_id, ordinal) => ({
        workspace_id: store.workspaceId,
        execution_id: parent,
        seq: 1,
        member_id,
        ordinal,
      }))
      .toReversed(),
  )
  return { ids, ...(await collectDependencies(store.db, { ended: [], waits: [key] })) }
}

function ended(how: string) {
  const status = how === 'S' ? 'ENDED_SUCCESS' : how === 'E' ? 'ENDED_ERROR' : 'ENDED_CANCELLED'
  return { status, ended_at: new Date().toISOString() }
}

function oracle(returnWhen: ReturnWhen, needed: number, members: readonly string[]): Verdict {
  const good = members.filter((one) => one === 'S').length
  const open = members.filter((one) => one === '.').length
  const over = members.length - open
  switch (returnWhen) {
    case 'ALL_ENDED':
      return open === 0 ? 'met' : null
    case 'ALL_SUCCEEDED':
      return over > good ? 'failed' : open === 0 ? 'met' : null
    case 'FIRST_ENDED':
      return over > 0 ? 'met' : null
    case 'FIRST_SUCCEEDED':
      return good > 0 ? 'met' : open === 0 ? 'failed' : null
    case 'N_ENDED':
      return over >= needed ? 'met' : members.length < needed ? 'failed' : null
    case 'N_SUCCEEDED':
      return good >= needed ? 'met' : good + open < needed ? 'failed' : null
  }
}
