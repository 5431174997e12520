import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId, sha256Hex } from '@millrace/runtime'
import { commitWithFiles } from './commit-files.ts'
import { createExecutions } from './create-executions.ts'
import {
  FILE_CHUNK_BYTES,
  findFiles,
  readContent,
  saveFile,
  sweepContents,
  writeContent,
} from './file-contents.ts'
import { files } from './files.ts'
import { newCommit, newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store

after(() => store.close())

const write = (bytes: Uint8Array, maxBytes = Infinity) =>
  writeContent(db, { workspaceId, bytes: [bytes], maxBytes })

async function save(name: string, text: string) {
  const content = await write(Buffer.from(text))
  await saveFile(db, { workspaceId, name, content, contentType: null, by: null })
  return content
}

const read = async (contentId: string, from: number, to: number): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(readContent(db, { workspaceId, contentId, from, to })))

async function textOf(name: string): Promise<string | null> {
  const [file] = await findFiles(db, [{ workspaceId, name }])
  return file ? (await read(file.content_id, 0, file.size)).toString() : null
}

const chunks = async (contentId: string): Promise<number> =>
  (
    await store.sql<{ n: number }>(
      'SELECT count(*)::int AS n FROM file_chunk WHERE content_id = $1',
      [contentId],
    )
  )[0]?.n ?? 0

const hoursLater = (hours: number) =>
  store.sql(`UPDATE file_content SET used_at = used_at - interval '${hours} hours'`)

test('a content is stored in pieces of one size, however it comes, and read in any part', async () => {
  const whole = Buffer.from(
    Array.from({ length: 2 * FILE_CHUNK_BYTES + 10 }, (_, index) => index % 253),
  )
  async function* odd(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < whole.length; at += 99_991) yield whole.subarray(at, at + 99_991)
  }
  const content = await writeContent(db, { workspaceId, bytes: odd(), maxBytes: whole.length })
  assert.deepEqual([content.size, content.hash], [whole.length, sha256Hex(whole)])
  assert.equal(await chunks(content.id), 3)
  assert.deepEqual(await read(content.id, 0, whole.length), whole)
  const [from, to] = [FILE_CHUNK_BYTES - 1, FILE_CHUNK_BYTES + 1]
  assert.deepEqual(await read(content.id, from, to), whole.subarray(from, to))
  const empty = await write(Buffer.alloc(0))
  assert.deepEqual([empty.size, await chunks(empty.id)], [0, 0])
})

test('however much was replaced, one sweep removes it', async () => {
  await store.sql(
    `INSERT INTO file_content (workspace_id, id, used_at)
     SELECT $1::uuid, gen_random_uuid(), clock() - interval '2 hours' FROM generate_series(1, 1100)`,
    [workspaceId],
  )
  await sweepContents(db)
  const old = `SELECT FROM file_content WHERE used_at < clock() - interval '1 hour'`
  assert.equal((await store.sql(old)).length, 0)
})

test('what is too large, or breaks off, leaves nothing', async () => {
  const before = await store.sql('SELECT id FROM file_content')
  await assert.rejects(write(Buffer.alloc(11), 10), { code: 'tooLarge' })
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(FILE_CHUNK_BYTES)
    throw new Error('gone')
  }
  await assert.rejects(writeContent(db, { workspaceId, bytes: broken(), maxBytes: Infinity }))
  assert.deepEqual(await store.sql('SELECT id FROM file_content'), before)
})

test('a file is replaced at once; who reads the old content reads on, for an hour', async () => {
  const old = await save('a', 'old')
  const reader = readContent(db, { workspaceId, contentId: old.id, from: 0, to: 3 })
  await save('a', 'new')
  assert.equal(await textOf('a'), 'new')
  await sweepContents(db)
  assert.equal((await reader.next()).value?.toString(), 'old')
  await hoursLater(2)
  await sweepContents(db)
  assert.equal(await chunks(old.id), 0)
  assert.equal(await textOf('a'), 'new')
  await assert.rejects(read(old.id, 0, 3), { code: 'unavailable' })
})

test('an upload that nobody finished is removed, and one that comes after that is told', async () => {
  const content = await write(Buffer.from('late'))
  await hoursLater(2)
  await sweepContents(db)
  assert.equal(await chunks(content.id), 0)
  const late = { workspaceId, name: 'late', content, contentType: null, by: null }
  await assert.rejects(saveFile(db, late), { code: 'conflict' })
  assert.equal(await textOf('late'), null)
})

test('many at once leave one whole content, and a file in the trash keeps its own', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, index) => save('race', `writer ${index}`)))
  assert.match((await textOf('race')) ?? '', /^writer \d$/)
  const [file] = await findFiles(db, [{ workspaceId, name: 'race' }])
  assert.ok(file)
  await files.trash(db, { workspaceId, id: file.id, by: null })
  await hoursLater(2)
  await sweepContents(db)
  assert.equal((await read(file.content_id, 0, file.size)).length, file.size)
  await files.remove(db, { workspaceId, id: file.id })
  await hoursLater(2)
  await sweepContents(db)
  assert.equal(await chunks(file.content_id), 0)
})

test('what an activation writes is there with its commit, and not without', async () => {
  const processId = newId()
  const [won, lost] = [newId(), newId()]
  await createExecutions(db, [
    newExecution({ workspaceId, id: won }),
    newExecution({ workspaceId, id: lost }),
  ])
  await save('deleted', 'x')
  const file = (name: string, text: string | null) => ({
    name,
    bytes: text === null ? null : Buffer.from(text),
    contentType: 'text/plain; charset=utf-8',
  })
  const results = await commitWithFiles(db, [
    newCommit({
      workspaceId,
      executionId: won,
      processId,
      files: [file('flow/b', 'B'), file('flow/a', 'A'), file('deleted', null)],
    }),
    newCommit({
      workspaceId,
      executionId: lost,
      processId,
      version: 7,
      files: [file('flow/c', 'C')],
    }),
  ])
  assert.deepEqual(
    results.map(({ applied }) => applied),
    [true, false],
  )
  assert.deepEqual(await Promise.all(['flow/a', 'flow/b', 'flow/c', 'deleted'].map(textOf)), [
    'A',
    'B',
    null,
    null,
  ])
  const row = await files.read(db, { workspaceId, name: 'flow/a' })
  assert.deepEqual([row?.created_by, row?.content_type], [won, 'text/plain; charset=utf-8'])
})
