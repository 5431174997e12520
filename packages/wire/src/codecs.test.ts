import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STATUSES } from '@millrace/execution'
import fc from 'fast-check'
import {
  decodeControl,
  decodeControlNudges,
  decodeDependencyNudges,
  decodeDispatch,
  decodeEager,
  decodeEagerResults,
  decodeEnded,
  decodeLockNudges,
  decodeMoved,
  decodeRecordNudges,
  decodeResume,
  decodeTimerNudge,
  EAGER_REFUSALS,
  encodeControl,
  encodeControlNudges,
  encodeDependencyNudges,
  encodeDispatch,
  encodeEager,
  encodeEagerResults,
  encodeEnded,
  encodeLockNudges,
  encodeMoved,
  encodeRecordNudges,
  encodeResume,
  encodeTimerNudge,
} from './index.ts'

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
const eagerStart = fc.record({
  ...key,
  type: fc.constantFrom('FLOW' as const, 'SCRIPT' as const),
  name: orNull(text),
  flowId: orNull(id),
  scriptHash: fc.stringMatching(/^[0-9a-f]{64}$/),
  projectId: orNull(id),
  input: fc.json(),
  isProductive: fc.boolean(),
  priority: fc.integer({ min: -32_768, max: 32_767 }),
  createdBy: orNull(id),
  traceparent: orNull(text),
  extra: orNull(fc.json()),
})
const eagerEnd = fc.record({
  status,
  processId: id,
  line: fc.oneof(count, fc.constant(null)),
  lastCommand: orNull(text),
  name: orNull(text),
  message: orNull(text),
  output: orNull(fc.json()),
  outputHash: orNull(fc.stringMatching(/^[0-9a-f]{64}$/)),
  createdAt: timeMs,
  startedAt: timeMs,
  endedAt: timeMs,
})
const answer = fc.record({ position: count, seq: count, outcome: fc.json(), at: timeMs })

describe('what is decoded is what was encoded', () => {
  survives(
    'dispatch',
    fc.array(
      fc.oneof(fc.record({ ...key, version: count }), fc.record({ ...key, version: count, fresh })),
    ),
    encodeDispatch,
    decodeDispatch,
  )
  survives(
    'eager starts',
    fc.record({ replyTo: id, items: fc.array(eagerStart) }),
    encodeEager,
    decodeEager,
  )
  survives(
    'eager results',
    fc.array(
      fc.oneof(
        fc.record({ executionId: id, end: eagerEnd }),
        fc.record({ executionId: id, refusal: fc.constantFrom(...EAGER_REFUSALS) }),
      ),
    ),
    encodeEagerResults,
    decodeEagerResults,
  )
  survives(
    'resume',
    fc.array(fc.record({ ...key, version: count, answers: fc.array(answer) })),
    encodeResume,
    decodeResume,
  )
  survives(
    'control',
    fc.array(fc.record({ ...key, version: count, status })),
    encodeControl,
    decodeControl,
  )
  survives(
    'moved',
    fc.array(fc.record({ ...key, version: count, status, parentId: orNull(id) })),
    encodeMoved,
    decodeMoved,
  )
  survives('ended', fc.array(fc.record({ ...key, status })), encodeEnded, decodeEnded)
  survives('timer nudges', timeMs, encodeTimerNudge, decodeTimerNudge)
  survives(
    'dependency nudges',
    fc.array(fc.record({ ...key, seq: count })),
    encodeDependencyNudges,
    decodeDependencyNudges,
  )
  survives('control nudges', fc.array(fc.record(key)), encodeControlNudges, decodeControlNudges)
  survives(
    'lock nudges',
    fc.array(fc.record({ workspaceId: id, key: text })),
    encodeLockNudges,
    decodeLockNudges,
  )
  survives(
    'record nudges',
    fc.array(fc.record({ workspaceId: id, type: text, id })),
    encodeRecordNudges,
    decodeRecordNudges,
  )
})

it('bytes that are no batch are refused', () => {
  const bytes = new TextEncoder().encode('{"items": []}')
  assert.throws(() => decodeDispatch(bytes))
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
