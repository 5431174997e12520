import assert from 'node:assert/strict'
import { it } from 'node:test'
import { now } from './clock.ts'
import { newId, randomToken, sha256, sha256Hex } from './ids.ts'

it('ids are UUIDv7: they carry their birth and sort by it, within one millisecond too', () => {
  const ids = Array.from({ length: 10_000 }, newId)
  assert.deepEqual(ids.toSorted(), ids)
  assert.equal(new Set(ids).size, ids.length)
  const [first = ''] = ids
  assert.match(first, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  const bornAt = Number.parseInt(first.replaceAll('-', '').slice(0, 12), 16)
  assert.ok(Math.abs(now() - bornAt) < 5_000)
})

it('tokens are as long as asked and safe in a URL', () => {
  assert.match(randomToken(32), /^[\w-]{43}$/)
  assert.notEqual(randomToken(32), randomToken(32))
})

it('hashes are those of the standard', () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  assert.equal(sha256Hex('abc'), abc)
  assert.equal(sha256(Buffer.from('abc')).toString('hex'), abc)
})
