import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { flows } from './flows.ts'
import { projects } from './projects.ts'
import { listRecords } from './record-lists.ts'
import { putScript } from './scripts.ts'
import { settings } from './settings.ts'
import { startTestStore } from '../test/test-store.ts'

const store = await startTestStore('api')
const { db, workspaceId } = store
const by = newId()

after(() => store.close())

const list = {
  workspaceId,
  filter: null,
  order: null,
  limit: 50,
  cursor: null,
  count: false,
  trashed: false,
}

test('a flow is kept with the source its hash names and is found by id and by name', async () => {
  const script_hash = await putScript(db, workspaceId, { language: 'typescript', source: 'a' })
  assert.equal(
    await putScript(db, workspaceId, { language: 'typescript', source: 'a' }),
    script_hash,
  )
  const id = newId()
  const projectId = newId()
  await projects.insert(db, { workspaceId, id: projectId, by, fields: { name: 'p' } })
  const input_schema = '{"type":"object","title":"\\u0000"}'
  const fields = { name: 'f', project_id: projectId, script_hash, input_schema }
  await flows.insert(db, { workspaceId, id, by, fields })

  const flow = await flows.read(db, { workspaceId, name: 'f' })
  assert.equal(flow?.id, id)
  assert.equal(flow?.script, 'a')
  assert.equal(flow?.project_name, 'p')
  assert.equal(flow?.input_schema, input_schema)
  assert.deepEqual(await flows.read(db, { workspaceId, id }), flow)
  assert.equal(await flows.read(db, { workspaceId: newId(), id }), null)
})

test('an update changes what it names and nothing else', async () => {
  const id = newId()
  const fields = { name: 'one', description: 'd', value: '{"a":1}' }
  await settings.insert(db, { workspaceId, id, by, fields })
  assert.equal(await settings.update(db, { workspaceId, id, by, patch: { value: null } }), true)
  const setting = await settings.read(db, { workspaceId, id })
  assert.deepEqual([setting?.name, setting?.description, setting?.value], ['one', 'd', null])
  assert.equal(await settings.update(db, { workspaceId, id: newId(), by, patch: {} }), false)
})

test('a name is free again once its record is in the trash, and restoring it then conflicts', async () => {
  const [first, second] = [newId(), newId()]
  await settings.insert(db, { workspaceId, id: first, by, fields: { name: 'twice' } })
  const again = settings.insert(db, { workspaceId, id: second, by, fields: { name: 'twice' } })
  await assert.rejects(again, { code: 'conflict' })
  assert.equal(await settings.trash(db, { workspaceId, id: first, by }), true)
  await settings.insert(db, { workspaceId, id: second, by, fields: { name: 'twice' } })
  assert.equal(await settings.read(db, { workspaceId, id: first }), null)
  assert.equal((await settings.read(db, { workspaceId, id: first, trashed: true }))?.id, first)
  await assert.rejects(settings.restore(db, { workspaceId, id: first, by }), { code: 'conflict' })
})

test('pages follow each other without a hole in every order', async () => {
  const other = newId()
  for (let index = 0; index < 7; index += 1) {
    const fields = { name: `s${index}`, description: index % 2 === 0 ? null : 'odd' }
    await settings.insert(db, { workspaceId: other, id: newId(), by, fields })
  }
  for (const order of ['name', '-name', 'description,-name', '-created_at', 'id']) {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof listRecords<'setting'>>> = await listRecords(
        db,
        'setting',
        { ...list, workspaceId: other, order, limit: 2, cursor, count: true },
      )
      assert.equal(page.total, 7)
      seen.push(...page.rows.map((row) => row.name))
      cursor = page.nextCursor
    } while (cursor !== null)
    assert.equal(new Set(seen).size, 7, order)
    assert.equal(seen.length, 7, order)
    if (order === '-name') assert.deepEqual(seen, seen.toSorted().toReversed())
  }
})

test('a cursor is refused with another filter, and a filter that is wrong says where', async () => {
  const page = await listRecords(db, 'setting', { ...list, limit: 1 })
  const filter = { field: 'name', op: 'eq', value: 'x' } as const
  const other = listRecords(db, 'setting', { ...list, filter, cursor: page.nextCursor })
  await assert.rejects(other, /\/cursor belongs to another filter/)
  const wrong = { and: [{ field: 'name', op: 'eq', value: 1 }] } as const
  await assert.rejects(listRecords(db, 'setting', { ...list, filter: wrong }), {
    code: 'invalid',
    details: { errors: [{ pointer: '/filter/and/0/value', message: 'must be a string' }] },
  })
})

test('a pattern whose last backslash is before nothing is refused; two of them mean one', async () => {
  await settings.insert(db, {
    workspaceId,
    id: newId(),
    by,
    fields: { name: 'back\\', value: '1' },
  })
  const found = async (value: string, op: 'like' | 'ilike' = 'like') =>
    (await listRecords(db, 'setting', { ...list, filter: { field: 'name', op, value } })).rows
      .length
  assert.deepEqual([await found('back\\\\'), await found('BACK\\\\', 'ilike')], [1, 1])
  for (const value of ['back\\', '\\', '%\\\\\\'])
    await assert.rejects(found(value), {
      code: 'invalid',
      message: /^\/filter\/value must not end in a single backslash.*write two for one/,
    })
})

test('filters nest, negate and compare with null as people mean it', async () => {
  const filter = {
    and: [
      { field: 'name', op: 'like', value: 'tw%' },
      { not: { field: 'description', op: 'eq', value: 'x' } },
      {
        or: [
          { field: 'project_id', op: 'is_null' },
          { field: 'name', op: 'in', value: ['q'] },
        ],
      },
    ],
  } as const
  const page = await listRecords(db, 'setting', { ...list, filter })
  assert.deepEqual(
    page.rows.map((row) => row.name),
    ['twice'],
  )
})
