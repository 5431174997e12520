import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { monotonicMs, ServiceError, sleep } from '@millrace/runtime'
import { createDatabase, type Database, migrate } from '@millrace/store'
import { createTestDatabase, startPostgres } from '@millrace/testkit'
import { foundWorkspace } from './people.ts'
import { idempotently } from './idempotent.ts'

const stack = new AsyncDisposableStack()
let db: Database
let workspaceId: string
before(async () => {
  const server = stack.use(await startPostgres())
  const { url } = stack.use(await createTestDatabase({ server: server.url, migrate }))
  db = createDatabase({ url, application: 'test', profile: 'api' })
  stack.defer(() => db.close())
  const user = { name: 'default', userName: 'admin', password: null, isAdmin: true }
  workspaceId = (await foundWorkspace(db, user))?.workspaceId ?? ''
})
after(() => stack.disposeAsync())

const away = () => new ServiceError('unavailable', 'Postgres does not answer.')
const done = { status: 201, body: '{"made":1}' }

test('a request that Postgres left in the middle is taken over soon after it is back', async () => {
  let isAway = false
  const query: Database['query'] = (...args) =>
    isAway ? Promise.reject(away()) : db.query(...args)
  const ask = (run: Parameters<typeof idempotently>[3]) =>
    idempotently({ api: { ...db, query } }, { workspaceId }, { key: 'k', identity: 'i' }, run)

  let first: string | undefined
  const left = ask((next) => {
    first = next()
    isAway = true
    return Promise.reject(away())
  })
  await assert.rejects(left, /does not answer/)
  isAway = false

  const begun = monotonicMs()
  for (;;) {
    try {
      const answer = await ask((next, isRepeat) => {
        assert.deepEqual([next(), isRepeat], [first, true])
        return Promise.resolve(done)
      })
      assert.deepEqual(answer, done)
      break
    } catch (error) {
      assert.match(String(error), /under way/)
      assert.ok(monotonicMs() - begun < 10_000, 'only its lease would free it')
      await sleep(100)
    }
  }
  assert.deepEqual(await ask(() => Promise.reject(new Error('not again'))), done)
})
