import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { flows } from './flows.ts'
import { putScript } from './scripts.ts'
import { lockWrapped, lockWrappers, setStaticWrappers, wrapsItself } from './static-wrappers.ts'
import { type WrapTarget, wrapTargets } from './wrap-targets.ts'
import { wrappers } from './wrappers.ts'
import { startTestStore } from '../test/test-store.ts'

const store = await startTestStore('api')
const { db, workspaceId } = store
after(() => store.close())

const hash = await putScript(db, workspaceId, { language: 'typescript', source: 'x' })
const wrapper = async (name: string): Promise<string> => {
  const id = newId()
  await wrappers.insert(db, { workspaceId, id, by: null, fields: { name, script_hash: hash } })
  return id
}
const flow = async (name: string): Promise<string> => {
  const id = newId()
  await flows.insert(db, { workspaceId, id, by: null, fields: { name, script_hash: hash } })
  return id
}
const link = (type: string, id: string, ...ids: readonly string[]): Promise<void> =>
  setStaticWrappers(db, {
    workspaceId,
    type,
    id,
    wrappers: ids.map((one, at) => ({ id: one, input: { at } })),
  })
const target = (over: Partial<WrapTarget>): WrapTarget => ({
  workspaceId,
  wrapped: { type: 'FLOW', flow_id: 'f', name: 'mine', input_value: 1 },
  wrappers: [],
  staticOf: [],
  ...over,
})

/** Names from the outermost wrapper to what all of them wrap. */
function chainOf(input: unknown): unknown[] {
  const { wrapped } = input as { wrapped: Record<string, unknown> }
  const inner = ((wrapped['wrappers'] ?? []) as { name: string }[]).map(({ name }) => name)
  return wrapped['type'] === 'WRAPPER'
    ? [...inner, wrapped['wrapper_name'], ...chainOf(wrapped['input_value'])]
    : [...inner, wrapped['flow_id']]
}

test('wrappers of the call stand outside of the static ones, and know what is still to come', async () => {
  const [a, b] = [await wrapper('a'), await wrapper('b')]
  const f = await flow('f')
  await link('flow', f, b)
  assert.equal((await flows.read(db, { workspaceId, id: f }))?.is_wrapped, true)
  const [found] = await wrapTargets(db, [
    target({ wrappers: [{ ref: ' a ', input: { n: 1 } }], staticOf: [f] }),
  ])
  assert.ok(found?.kind === 'wrapper')
  assert.deepEqual([found.id, found.name, found.scriptHash], [a, 'a', hash])
  assert.deepEqual(
    found.named.map(({ id }) => id),
    [a],
  )
  assert.deepEqual(found.input, {
    n: 1,
    wrapped: {
      type: 'FLOW',
      flow_id: 'f',
      name: 'mine',
      input_value: 1,
      wrappers: [{ id: b, name: 'b', input: { at: 0 } }],
    },
  })
})

test('a wrapper with wrappers is itself what the first of these is told to start', async () => {
  const [inner, outer, outmost] = [
    await wrapper('inner'),
    await wrapper('outer'),
    await wrapper('outmost'),
  ]
  await link('wrapper', inner, outer)
  await link('wrapper', outer, outmost)
  const uses = [{ ref: inner, input: {} }]
  const [found] = await wrapTargets(db, [target({ wrappers: uses })])
  assert.ok(found?.kind === 'wrapper')
  assert.equal(found.name, 'outmost')
  assert.deepEqual(chainOf(found.input), ['outer', 'inner', 'f'])
  assert.equal((found.input['wrapped'] as { name: string }).name, 'mine')
})

test('static wrappers of several records nest in the order of the records', async () => {
  const [d, e] = [await wrapper('d'), await wrapper('e')]
  const [outside, inside] = [await flow('outside'), await flow('inside')]
  await link('flow', outside, e)
  await link('flow', inside, d)
  const [found] = await wrapTargets(db, [target({ staticOf: [outside, inside] })])
  assert.ok(found?.kind === 'wrapper')
  assert.deepEqual([found.name, ...chainOf(found.input)], ['e', 'd', 'f'])
})

test('each target gets its own, and one without any none', async () => {
  const c = await wrapper('c')
  const [one, other] = [await flow('one'), await flow('other')]
  await link('flow', one, c)
  const found = await wrapTargets(db, [
    target({ staticOf: [other] }),
    target({ staticOf: [one] }),
    target({
      wrappers: [
        { ref: 'c', input: {} },
        { ref: 'nobody', input: {} },
      ],
    }),
    target({}),
  ])
  assert.deepEqual(
    found.map((one) => (one?.kind === 'wrapper' ? one.name : one)),
    [null, 'c', { kind: 'unknown', index: 1, ref: 'nobody' }, null],
  )
})

test('wrappers that wrap each other are found out before and while they are started', async () => {
  const [x, y] = [await wrapper('x'), await wrapper('y')]
  await link('wrapper', x, y)
  assert.equal(await wrapsItself(db, { workspaceId, id: x }), false)
  await link('wrapper', y, x)
  assert.equal(await wrapsItself(db, { workspaceId, id: x }), true)
  const [found] = await wrapTargets(db, [target({ wrappers: [{ ref: 'x', input: {} }] })])
  assert.equal(found?.kind, 'circle')
})

test('other wrappers take the place of the first, in their order, and none unwraps', async () => {
  const [p, q, r] = [await wrapper('p'), await wrapper('q'), await wrapper('r')]
  const f = await flow('g')
  const named = async (): Promise<unknown> => {
    const row = await flows.read(db, { workspaceId, id: f })
    const uses = JSON.parse(row?.wrappers ?? '[]') as { name: string; input: unknown }[]
    return [row?.is_wrapped, uses.map(({ name, input }) => [name, input])]
  }
  await link('flow', f, p, q, r)
  assert.deepEqual(await named(), [
    true,
    [
      ['p', { at: 0 }],
      ['q', { at: 1 }],
      ['r', { at: 2 }],
    ],
  ])
  await link('flow', f, r, p)
  assert.deepEqual(await named(), [
    true,
    [
      ['r', { at: 0 }],
      ['p', { at: 1 }],
    ],
  ])
  assert.deepEqual(await lockWrapped(db, { workspaceId, id: p }), [
    { wrapped_type: 'flow', wrapped_id: f, wrapped_name: 'g' },
  ])
  await link('flow', f)
  assert.deepEqual(await named(), [false, []])
  assert.deepEqual(await lockWrapped(db, { workspaceId, id: p }), [])
})

test('what wrapped a flow that was removed for ever is free again', async () => {
  const z = await wrapper('z')
  const f = await flow('h')
  await link('flow', f, z)
  await flows.remove(db, { workspaceId, id: f })
  assert.deepEqual(await lockWrapped(db, { workspaceId, id: z }), [])
})

test('a wrapper in the trash is nobody to link', async () => {
  const gone = await wrapper('gone')
  await wrappers.trash(db, { workspaceId, id: gone, by: null })
  const found = await lockWrappers(db, { workspaceId, ids: [gone], names: ['gone', 'a'] })
  assert.deepEqual(
    found.map(({ name }) => name),
    ['a'],
  )
})
