import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { putScript } from './scripts.ts'
import { type StandardWrapper, updateStandardWrappers } from './standard-wrappers.ts'
import { insertWorkspace } from './workspaces.ts'
import { type WrapperRow, wrappers } from './wrappers.ts'
import { startTestStore } from '../test/test-store.ts'

const store = await startTestStore('api')
const { db } = store
after(() => store.close())

const version = (n: number, ...names: readonly string[]): StandardWrapper[] =>
  names.map((name) => ({
    name,
    description: `${name} ${n}`,
    source: `export default () => '${name} ${n}'`,
    inputSchema: '{"type":"object"}',
  }))

async function found(): Promise<string> {
  const workspaceId = newId()
  await insertWorkspace(db, { id: workspaceId, name: workspaceId })
  return workspaceId
}

const read = (workspaceId: string, name: string): Promise<WrapperRow | null> =>
  wrappers.read(db, { workspaceId, name })

test('every workspace gets them, once, and the next version after that', async () => {
  const [one, other] = [await found(), await found()]
  await updateStandardWrappers(db, version(1, 'a', 'b'))
  const first = await read(one, 'a')
  assert.deepEqual(
    [first?.script, first?.description, first?.standard_name, first?.is_changed, first?.created_by],
    [`export default () => 'a 1'`, 'a 1', 'a', false, null],
  )
  assert.notEqual((await read(other, 'a'))?.id, first?.id)
  await updateStandardWrappers(db, version(1, 'a', 'b'))
  assert.deepEqual(await read(one, 'a'), first)
  await updateStandardWrappers(db, version(2, 'a', 'b', 'c'))
  const second = await read(one, 'a')
  assert.deepEqual([second?.id, second?.script], [first?.id, `export default () => 'a 2'`])
  assert.equal((await read(other, 'c'))?.description, 'c 2')
})

test('what a person has changed is left alone, until it is as it was installed', async () => {
  const workspaceId = await found()
  await updateStandardWrappers(db, version(3, 'a', 'b'))
  const before = await read(workspaceId, 'a')
  const id = before?.id ?? ''
  const source = `export default () => 'mine'`
  const script_hash = await putScript(db, workspaceId, { language: 'typescript', source })
  await wrappers.update(db, { workspaceId, id, by: null, patch: { script_hash } })
  assert.equal((await read(workspaceId, 'a'))?.is_changed, true)
  await updateStandardWrappers(db, version(4, 'a', 'b'))
  assert.equal((await read(workspaceId, 'a'))?.script, source)
  assert.equal((await read(workspaceId, 'b'))?.description, 'b 4')

  const patch = { script_hash: before?.script_hash ?? '' }
  await wrappers.update(db, { workspaceId, id, by: null, patch })
  await updateStandardWrappers(db, version(4, 'a', 'b'))
  assert.equal((await read(workspaceId, 'a'))?.script, `export default () => 'a 4'`)
})

test('one in the trash stays there, a renamed one keeps its name, and a taken name its owner', async () => {
  const workspaceId = await found()
  const own = newId()
  const script_hash = await putScript(db, workspaceId, { language: 'typescript', source: 'own' })
  await wrappers.insert(db, { workspaceId, id: own, by: null, fields: { name: 'a', script_hash } })
  await updateStandardWrappers(db, version(5, 'a', 'b', 'c'))
  assert.equal((await read(workspaceId, 'a'))?.id, own)
  const [b, c] = [await read(workspaceId, 'b'), await read(workspaceId, 'c')]
  await wrappers.trash(db, { workspaceId, id: b?.id ?? '', by: null })
  await wrappers.update(db, { workspaceId, id: c?.id ?? '', by: null, patch: { name: 'mine' } })
  await updateStandardWrappers(db, version(6, 'a', 'b', 'c'))
  assert.equal(await read(workspaceId, 'b'), null)
  assert.equal(await read(workspaceId, 'c'), null)
  assert.equal((await read(workspaceId, 'mine'))?.description, 'c 6')
})
