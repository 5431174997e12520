/// <reference lib="esnext.temporal" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantOf } from './instant-of.ts'
import { changesOf, ZONES } from './wall-clock-fixture.ts'
import { zoneOf } from './zone.ts'

const reading = (text: string): number => Date.parse(`${text}Z`)
const berlin = zoneOf('Europe/Berlin')
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16)

test('a reading that comes twice has a first and a last moment', () => {
  const twice = reading('2026-10-25T02:30')
  assert.equal(iso(instantOf(berlin, twice, 'first')), '2026-10-25T00:30')
  assert.equal(iso(instantOf(berlin, twice, 'last')), '2026-10-25T01:30')
})

test('a reading that is skipped is the moment at which the clocks land', () => {
  for (const which of ['first', 'last'] as const) {
    assert.equal(iso(instantOf(berlin, reading('2026-03-29T02:30'), which)), '2026-03-29T01:00')
    const apia = zoneOf('Pacific/Apia')
    assert.equal(iso(instantOf(apia, reading('2011-12-30T15:00'), which)), '2011-12-30T10:00')
  }
})

test('around every change of clocks a reading that exists is at the moments that Temporal knows', () => {
  for (const name of ZONES) {
    const zone = zoneOf(name)
    for (const change of changesOf(name, 2018, 2028))
      for (let minutes = -200; minutes <= 200; minutes += 25) {
        const at = change + minutes * 60_000
        const text = iso(at + zone.stretchAt(change).offsetMs)
        const plain = Temporal.PlainDateTime.from(text)
        const earlier = plain.toZonedDateTime(name, { disambiguation: 'earlier' })
        if (!earlier.toPlainDateTime().equals(plain)) continue
        const later = plain.toZonedDateTime(name, { disambiguation: 'later' })
        const found = [
          instantOf(zone, reading(text), 'first'),
          instantOf(zone, reading(text), 'last'),
        ]
        assert.deepEqual(found, [earlier.epochMilliseconds, later.epochMilliseconds], name + text)
      }
  }
})
