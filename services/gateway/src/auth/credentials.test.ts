import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOfCredential, makeCredential } from './credentials.ts'
import { checkPassword, hashPassword } from './password.ts'

test('a credential is told from a mistyped one without asking anybody', () => {
  const { secret, prefix } = makeCredential('apiKey')
  assert.equal(kindOfCredential(secret), 'apiKey')
  assert.ok(secret.startsWith(prefix))
  assert.equal(kindOfCredential(makeCredential('session').secret), 'session')
  const last = secret.at(-10) === 'x' ? 'y' : 'x'
  assert.equal(kindOfCredential(`${secret.slice(0, -10)}${last}${secret.slice(-9)}`), null)
  for (const other of ['', 'mrk_', 'Bearer', `${secret}x`])
    assert.equal(kindOfCredential(other), null)
})

test('a password matches its hash and no other does', async () => {
  const stored = await hashPassword('correct horse')
  assert.deepEqual(await checkPassword('correct horse', stored), { matches: true, outdated: false })
  assert.equal((await checkPassword('correct horsf', stored)).matches, false)
  assert.equal((await checkPassword('x', 'argon2id')).matches, false)
  assert.notEqual(await hashPassword('correct horse'), stored)
})
