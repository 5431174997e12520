import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type Doors, item, property, useDoors } from '../harness.ts'

const byTag = (tag: string) => ({ field: 'tag', op: 'eq', value: tag }) as const

async function idsOf({ rest }: Doors, filter: object, more = ''): Promise<string[]> {
  const query = encodeURIComponent(JSON.stringify(filter))
  const { status, json, text } = await rest('GET', `/execution?count=true&filter=${query}${more}`)
  assert.equal(status, 200, text)
  const items = json['items'] as { id: string }[]
  assert.equal(json['total'], items.length)
  return items.map(({ id }) => id)
}

describe('trash and hidden executions', { concurrency: 4, timeout: 120_000 }, () => {
  useDoors()

  item(
    'D20',
    'an ended one goes to the trash, comes back, and goes for ever with all below it; a live one does not',
    async (doors) => {
      const { rig, client, rest, grpc } = doors
      const tag = newId()
      const parent = await rig.run(
        `await self.script('export default () => 1')`,
        {},
        { tags: [tag] },
      )
      const [child] = await rig.children(parent.id)
      assert.equal((await rest('DELETE', `/execution/${parent.id}`)).status, 204)
      assert.deepEqual(await idsOf(doors, byTag(tag)), [])
      assert.deepEqual(await idsOf(doors, byTag(tag), '&trashed=true'), [parent.id])
      await grpc('executions', 'Restore', { id: parent.id })
      assert.deepEqual(await idsOf(doors, byTag(tag)), [parent.id])

      const live = await rig.start('await self.sleep(3600)')
      for (const query of ['', '?permanently=true']) {
        const refused = await rest('DELETE', `/execution/${live.id}${query}`)
        assert.equal(refused.status, 409)
        assert.match(String(refused.json['detail']), /ended/)
      }
      await client.executions.cancel(live.id)

      assert.equal((await rest('DELETE', `/execution/${parent.id}?permanently=true`)).status, 204)
      for (const id of [parent.id, child?.id ?? ''])
        assert.equal((await rest('GET', `/execution/${id}`)).status, 404)
      assert.equal((await rest('POST', `/execution/${parent.id}/restore`)).status, 404)
    },
  )

  item('D20', 'what somebody waits for is not purged', async ({ rig, rest, client }) => {
    const parent = await rig.start(`
      const child = await self.script('export default () => 1', {}, { run: false })
      await self.waitFor([child], { returnWhen: 'ALL_ENDED' })`)
    await rig.reaches(parent.id, 'WAITING_DEPENDENCY')
    const [child] = await rig.children(parent.id)
    assert.equal((await rest('DELETE', `/execution/${child?.id}?permanently=true`)).status, 409)
    await client.executions.cancel(parent.id)
  })

  item(
    'D11',
    'hidden at the start or later, only who asks for hidden ones finds it',
    async (doors) => {
      const { rig, rest } = doors
      const tag = newId()
      const born = await rig.run('return 1', {}, { tags: [tag], is_hidden: true })
      const later = await rig.run('return 1', {}, { tags: [tag] })
      assert.deepEqual(await idsOf(doors, byTag(tag)), [later.id])
      await rest('PATCH', `/execution/${later.id}`, { is_hidden: true })
      assert.deepEqual(await idsOf(doors, byTag(tag)), [])
      const asked = { and: [byTag(tag), { field: 'is_hidden', op: 'eq', value: true }] }
      assert.deepEqual(await idsOf(doors, asked), [later.id, born.id])
      assert.equal((await rest('GET', `/execution/${born.id}`)).status, 200)
    },
  )

  property(
    ['is_deleted', 'deleted_at', 'deleted_by'],
    'they say that, when and by whom it was put into the trash, and nothing after a restore',
    async (doors) => {
      const { rig, client, userId } = doors
      const ended = await rig.run('return 1')
      assert.deepEqual([ended.is_deleted, ended.deleted_at, ended.deleted_by], [false, null, null])
      await client.executions.trash(ended.id)
      const trashed = await client.executions.get(ended.id)
      assert.deepEqual([trashed.is_deleted, trashed.deleted_by], [true, await userId()])
      assert.ok((trashed.deleted_at ?? '') >= (ended.ended_at ?? ''))
      const found = {
        and: [
          { field: 'id', op: 'eq', value: ended.id },
          { field: 'is_deleted', op: 'eq', value: true },
        ],
      }
      assert.deepEqual(await idsOf(doors, found), [ended.id])
      const restored = await client.executions.restore(ended.id)
      assert.deepEqual(
        [restored.is_deleted, restored.deleted_at, restored.deleted_by],
        [false, null, null],
      )
      assert.deepEqual(await idsOf(doors, found), [])
    },
  )

  property('is_hidden', 'it is out of lists and counts that do not ask for it', async (doors) => {
    const tag = newId()
    const hidden = await doors.rig.run('return 1', {}, { tags: [tag], is_hidden: true })
    assert.equal(hidden.is_hidden, true)
    assert.deepEqual(await idsOf(doors, byTag(tag)), [])
    const shown = await doors.client.executions.update(hidden.id, { is_hidden: false })
    assert.equal(shown.is_hidden, false)
    assert.deepEqual(await idsOf(doors, byTag(tag)), [hidden.id])
  })
})
