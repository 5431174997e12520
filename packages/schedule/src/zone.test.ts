import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, offsetAt, ZONES } from './wall-clock-fixture.ts'
import { zoneOf } from './zone.ts'

test('T3: stretches begin where Temporal sees a change of clocks, and nowhere else', () => {
  for (const name of ZONES) {
    const zone = zoneOf(name)
    const changes: number[] = []
    const end = Date.UTC(2035, 0)
    for (let ms = Date.UTC(2005, 0); ms < end;) {
      const stretch = zone.stretchAt(ms)
      assert.equal(stretch.offsetMs, offsetAt(ms, name), `${name} at ${ms}`)
      assert.equal(zone.stretchAt(stretch.endMs - 1).offsetMs, stretch.offsetMs)
      const next = zone.stretchAt(stretch.endMs)
      if (next.offsetMs !== stretch.offsetMs) {
        assert.equal(next.startMs, stretch.endMs)
        if (stretch.endMs < end) changes.push(stretch.endMs)
      }
      ms = stretch.endMs
    }
    assert.deepEqual(changes, changesOf(name, 2005, 2035), name)
  }
})

test('a stretch reaches beyond every hour that its change of clocks touches', () => {
  const zone = zoneOf('Europe/Berlin')
  for (const change of changesOf('Europe/Berlin', 2005, 2035)) {
    const before = zone.stretchAt(change - 1)
    const after = zone.stretchAt(change)
    assert.deepEqual([before.endMs, after.startMs], [change, change])
    assert.ok(after.endMs - change >= 86_400_000 && change - before.startMs >= 86_400_000)
  }
})

test('a summer time of one week is seen', () => {
  const zone = zoneOf('America/Boa_Vista')
  const offsets = [7, 10, 16].map((day) => zone.stretchAt(Date.UTC(2000, 9, day, 12)).offsetMs)
  assert.deepEqual(offsets, [-14_400_000, -10_800_000, -14_400_000])
})

test('a name that is not in the database, or a bare distance, is no zone', () => {
  assert.equal(zoneOf('europe/berlin').stretchAt(0).offsetMs, 3_600_000)
  for (const name of ['Europe/Nowhere', '', '+02:00', 'CEST?'])
    assert.throws(() => zoneOf(name), RangeError, name)
})
