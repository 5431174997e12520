import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STATUSES } from '@millrace/execution'
import fc from 'fast-check'
import * as wire from './index.ts'

const id = fc.uuid()
const text = fc.string({ unit: 'grapheme' })
const orNull = (value: fc.Arbitrary<string>): fc.Arbitrary<string | null> =>
  fc.oneof(value, fc.constant(null))
const count = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const timeMs = fc.integer({ min: 0, max: 8_640_000_000_000_000 })
const status = fc.constantFrom(...STATUSES)
const key = { workspaceId: id, executionId: id }
const fresh = fc.record({
  type: fc.constantFrom('FLOW', 'SCRIPT', 'CONNECTION'),
  scriptHash: fc.stringMatching(/^[0-9a-f]{64}$/),
  input: fc.json(),
  name: orNull(text),
  parentId: orNull(id),
  topId: id,
  traceparent: orNull(text),
})
const answer = fc.record({ position: count, seq: count, outcome: fc.json(), at: timeMs })

describe('what is decoded is what was encoded', () => {
  survives(
    'dispatch',
    fc.array(
      fc.oneof(fc.record({ ...key, version: count }), fc.record({ ...key, version: count, fresh })),
    ),
    wire.encodeDispatch,
    wire.decodeDispatch,
  )
  survives(
    'resume',
    fc.array(fc.record({ ...key, version: count, answers: fc.array(answer) })),
    wire.encodeResume,
    wire.decodeResume,
  )
  survives(
    'control',
    fc.array(fc.record({ ...key, version: count, status })),
    wire.encodeControl,
    wire.decodeControl,
  )
  survives(
    'moved',
    fc.array(fc.record({ ...key, version: count, status, parentId: orNull(id) })),
    wire.encodeMoved,
    wire.decodeMoved,
  )
  survives('ended', fc.array(fc.record({ ...key, status })), wire.encodeEnded, wire.decodeEnded)
  survives('timer nudges', timeMs, wire.encodeTimerNudge, wire.decodeTimerNudge)
  survives(
    'dependency nudges',
    fc.array(fc.record({ ...key, seq: count })),
    wire.encodeDependencyNudges,
    wire.decodeDependencyNudges,
  )
  survives(
    'control nudges',
    fc.array(fc.record(key)),
    wire.encodeControlNudges,
    wire.decodeControlNudges,
  )
  survives(
    'lock nudges',
    fc.array(fc.record({ workspaceId: id, key: text })),
    wire.encodeLockNudges,
    wire.decodeLockNudges,
  )
  survives(
    'record nudges',
    fc.array(fc.record({ workspaceId: id, type: text, id })),
    wire.encodeRecordNudges,
    wire.decodeRecordNudges,
  )
})

it('bytes that are no batch are refused', () => {
  const bytes = new TextEncoder().encode('{"items": []}')
  assert.throws(() => wire.decodeDispatch(bytes))
})

function survives<T>(
  what: string,
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  it(what, () => {
    fc.assert(
      // fast-check's records have no prototype; the comparison is of values.
      fc.property(arbitrary, (value) =>
        assert.deepEqual(decode(encode(value)), structuredClone(value)),
      ),
      { seed: 20_261_122 },
    )
  })
}
