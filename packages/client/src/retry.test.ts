import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRetryableStatus, MAX_TRIES, parseRetryAfter, pauseBeforeRetry } from './retry.ts'

const FIRST = { tried: 1, waitedMs: 0, underWay: false, retryAfterMs: null, chance: 0 }

test('pauses double, are spread by chance and come to an end', () => {
  const pauses = Array.from({ length: MAX_TRIES }, (_, index) =>
    pauseBeforeRetry({ ...FIRST, tried: index + 1, chance: 1 }),
  )
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, null])
  assert.equal(pauseBeforeRetry(FIRST), 50)
})

test('an equal request under way is waited for until its key is free', () => {
  const underWay = { ...FIRST, underWay: true, retryAfterMs: 1_000 }
  let waitedMs = 0
  for (let tried = 1; ; tried += 1) {
    const pauseMs = pauseBeforeRetry({ ...underWay, tried, waitedMs })
    if (pauseMs === null) break
    waitedMs += pauseMs
  }
  assert.ok(waitedMs > 20_000 && waitedMs < 40_000, `${waitedMs} ms`)
})

test('a server that asks for minutes is not waited for', () => {
  assert.equal(pauseBeforeRetry({ ...FIRST, retryAfterMs: 600_000 }), null)
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

test('a request that did not arrive in time is sent again, one that was refused is not', () => {
  assert.deepEqual(
    [408, 429, 502, 503, 504].map((status) => isRetryableStatus(status, null)),
    [true, true, true, true, true],
  )
  assert.deepEqual(
    [400, 401, 404, 409, 422, 500].map((status) => isRetryableStatus(status, null)),
    [false, false, false, false, false, false],
  )
  assert.equal(isRetryableStatus(409, 1_000), true)
})
