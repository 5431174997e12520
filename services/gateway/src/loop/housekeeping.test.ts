import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, newId } from '@millrace/runtime'
import { startTestStore } from '@millrace/store/testing'
import { housekeepingLoop } from './housekeeping.ts'

test('a sweep that fails is reported, and the others are done', async () => {
  const store = await startTestStore('api')
  await using stack = new AsyncDisposableStack()
  stack.defer(() => store.close())
  const past = { workspace_id: store.workspaceId, user_id: newId(), expires_at: new Date(0) }
  await store.seed('session', [{ ...past, token_hash: Buffer.from('over') }])
  await store.seed('file_content', [
    { workspace_id: store.workspaceId, id: newId(), used_at: new Date(0) },
  ])
  await store.sql('ALTER TABLE idempotency_key RENAME TO not_there')

  const reported = Promise.withResolvers<string>()
  const destination = { write: (line: string): void => reported.resolve(line) }
  const loop = housekeepingLoop({ db: store.db, log: createLogger('test', { destination }) })
  stack.defer(() => loop.stop())
  loop.start()
  assert.match(await reported.promise, /idempotency_key.*housekeeping failed/)
  assert.deepEqual(await store.sql('SELECT FROM session'), [])
  assert.deepEqual(await store.sql('SELECT FROM file_content'), [])
})
