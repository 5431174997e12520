import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_TRIES, parseRetryAfter, pauseBeforeRetry } from './retry.ts'

test('pauses double, are spread by chance and come to an end', () => {
  const pauses = Array.from({ length: MAX_TRIES }, (_, index) =>
    pauseBeforeRetry({ tried: index + 1, retryAfterMs: null, chance: 1 }),
  )
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, null])
  assert.equal(pauseBeforeRetry({ tried: 1, retryAfterMs: null, chance: 0 }), 50)
})

test('a server that asks for minutes is not waited for', () => {
  assert.equal(pauseBeforeRetry({ tried: 1, retryAfterMs: 600_000, chance: 0 }), null)
})

test('Retry-After is read as seconds or as a date against the server clock', () => {
  assert.equal(parseRetryAfter('3', null), 3000)
  assert.equal(
    parseRetryAfter('Wed, 21 Oct 2026 07:28:05 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT'),
    5000,
  )
  assert.equal(parseRetryAfter('soon', null), null)
  assert.equal(parseRetryAfter(null, null), null)
})
