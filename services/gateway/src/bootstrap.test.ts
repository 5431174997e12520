import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  createDatabase,
  migrate,
  readApiKeyByHash,
  readUserByName,
  type Database,
} from '@millrace/store'
import {
  createTestDatabase,
  startPostgres,
  type TestDatabase,
  type TestPostgres,
} from '@millrace/testkit'
import { sha256Hex } from '@millrace/runtime'
import { checkPassword } from './auth/password.ts'

describe('bootstrap', { timeout: 60_000 }, () => {
  let postgres: TestPostgres
  let database: TestDatabase
  let db: Database
  before(async () => {
    postgres = await startPostgres()
    database = await createTestDatabase({ server: postgres.url, migrate })
    db = createDatabase({ url: database.url, application: 'test', profile: 'api', connections: 1 })
  })
  after(async () => {
    await db.close()
    await database.drop()
    await postgres.stop()
  })

  it('prints the secrets of the first administrator once, and new ones only when asked', async () => {
    const first = await run()
    assert.equal(first['user_name'], 'admin')
    await fits(first)
    assert.deepEqual(await run(), {})
    const renewed = await run({ MILLRACE_BOOTSTRAP_RESET: 'true' })
    assert.notEqual(renewed['password'], first['password'])
    await fits(renewed)
    assert.ok(await readApiKeyByHash(db, sha256Hex(String(first['api_key']))))
  })

  async function fits({ password, api_key }: Secrets): Promise<void> {
    const user = await readUserByName(db, 'admin')
    const { matches } = await checkPassword(String(password), user?.password_hash ?? '')
    assert.ok(matches)
    const key = await readApiKeyByHash(db, sha256Hex(String(api_key)))
    assert.equal(key?.user_name, 'admin')
  }

  type Secrets = Readonly<Record<string, unknown>>

  async function run(env: Record<string, string> = {}): Promise<Secrets> {
    const file = fileURLToPath(new URL('bootstrap.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [file], {
      env: { ...process.env, MILLRACE_POSTGRES_URL: database.url, ...env },
    })
    return JSON.parse(stdout) as Secrets
  }
})
