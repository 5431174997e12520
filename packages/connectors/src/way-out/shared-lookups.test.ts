import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLookups } from './shared-lookups.ts'

/** A resolver whose answers come when the test says so, and a clock that the test moves. */
function slowResolver() {
  const asked: { name: string; answer: PromiseWithResolvers<readonly string[]> }[] = []
  const clock = { ms: 0 }
  const lookup = sharedLookups(
    (name) => {
      const answer = Promise.withResolvers<readonly string[]>()
      asked.push({ name, answer })
      return answer.promise
    },
    () => clock.ms,
  )
  return { asked, clock, lookup }
}

test('a name that is being looked up is not looked up a second time', async () => {
  const { asked, lookup } = slowResolver()
  const all = Array.from({ length: 50 }, () => lookup('slow.example'))
  const other = lookup('other.example')
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['slow.example', 'other.example'],
  )
  asked[0]?.answer.resolve(['192.0.2.1'])
  asked[1]?.answer.resolve(['192.0.2.2'])
  for (const addresses of await Promise.all(all)) assert.deepEqual(addresses, ['192.0.2.1'])
  assert.deepEqual(await other, ['192.0.2.2'])
})

test('an answer is not kept: the next one asks anew', async () => {
  const { asked, lookup } = slowResolver()
  const first = lookup('a.example')
  asked[0]?.answer.resolve(['192.0.2.1'])
  await first
  void lookup('a.example')
  assert.equal(asked.length, 2)
})

test('a failure is told again for as long as it took, ten seconds at most', async () => {
  const { asked, clock, lookup } = slowResolver()
  for (const [tookMs, keptMs] of [
    [20, 20],
    [3_000, 3_000],
    [40_000, 10_000],
  ] as const) {
    const before = asked.length
    const failing = lookup('dead.example')
    clock.ms += tookMs
    asked.at(-1)?.answer.reject(new Error('ETIMEOUT'))
    await assert.rejects(failing, /ETIMEOUT/)
    clock.ms += keptMs - 1
    await assert.rejects(lookup('dead.example'), /ETIMEOUT/)
    assert.equal(asked.length, before + 1, `after ${tookMs} ms`)
    clock.ms += 1
  }
})

test('no more failures are kept than a thousand', async () => {
  const { asked, clock, lookup } = slowResolver()
  const failing = Array.from({ length: 1_001 }, (_, at) => lookup(`${at}.example`))
  clock.ms += 5_000
  for (const { answer } of asked) answer.reject(new Error('ETIMEOUT'))
  await Promise.allSettled(failing)
  await assert.rejects(lookup('1000.example'), /ETIMEOUT/)
  assert.equal(asked.length, 1_001)
  void lookup('0.example')
  assert.equal(asked.length, 1_002)
})
