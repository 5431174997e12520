import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createLogger, newId, sleep } from '@millrace/runtime'
import { startTestStore, type TestStore } from '../test/test-store.ts'
import type { Queryable } from './database.ts'
import { liveProcesses, registerProcess, removeProcess } from './leases.ts'
import { createPresence } from './presence.ts'

let store: TestStore
before(async () => {
  store = await startTestStore()
})
after(() => store.close())

test('who lives is looked up anew when somebody asks, and not while nobody does', async () => {
  let looks = 0
  const counting: Queryable = {
    query: (statement, params) => {
      if (statement.name === 'leases.liveProcesses') looks += 1
      return store.db.query(statement, params)
    },
  }
  const self = { processId: newId(), service: 'scheduler', address: null }
  const log = createLogger('test', { level: 'fatal' })
  const presence = createPresence({ db: { ...store.db, ...counting }, log, ...self })
  presence.start()
  await until(async () => looks === 1 && presence.isPresent())
  assert.equal((await liveProcesses(store.db)).length, 1)

  const engine = newId()
  await registerProcess(store.db, { processId: engine, service: 'engine', address: null })
  await sleep(3_500) // longer than a renewal
  assert.equal(looks, 1)
  await until(async () => presence.isAlive(engine))
  await removeProcess(store.db, engine)
  await until(async () => !presence.isAlive(engine))
  assert.ok(looks <= 4, `${looks} looks`)
  await presence.stop()
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await isSo())) {
    assert.ok(performance.now() < end, 'it did not become so')
    await sleep(20)
  }
}
