import { newId, now } from '@millrace/runtime'
import {
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
} from '../../../packages/wire/src/index.ts'

/** What a poisonous message may name, so that it is about something that there is. */
export interface PoisonFacts {
  readonly workspaceId: string
  /** An execution that lives. */
  readonly executionId: string
  /** A process that listens. */
  readonly engine: string
  readonly gateway: string
}

interface Poison {
  readonly kind: string
  readonly subject: string
  readonly bytes: Uint8Array
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const NOBODY = { workspaceId: 'nobody', executionId: 'not an id' } as const

/**
 * More than twenty kinds of messages that nobody who is in his right mind sends: bytes that are no message, messages
 * that name what there is not, and messages that lie about what there is.
 */
export function poisons(facts: PoisonFacts): readonly Poison[] {
  const { workspaceId, executionId, engine, gateway } = facts
  const real = { workspaceId, executionId }
  const stranger = { workspaceId, executionId: newId() }
  const fresh = {
    type: 'NOTHING',
    scriptHash: 'zz',
    input: '{ not json',
    name: null,
    parentId: null,
    topId: 'nobody',
    traceparent: null,
  }
  const eager = {
    ...NOBODY,
    type: 'FLOW' as const,
    name: null,
    flowId: null,
    scriptHash: '00',
    projectId: null,
    input: '[',
    isProductive: true,
    priority: 0,
    createdBy: null,
    traceparent: null,
    extra: null,
  }
  const whole = encodeDispatch([{ ...real, version: 1 }])
  const all: readonly (readonly [string, string, Uint8Array])[] = [
    ['words', 'dispatch.engine', text('this is not a message')],
    ['cut off', 'dispatch.engine', whole.slice(0, -3)],
    ['JSON, 50,000 deep', 'dispatch.engine', text('['.repeat(50_000) + ']'.repeat(50_000))],
    ['a stranger', 'dispatch.engine', encodeDispatch([{ ...stranger, version: 1 }])],
    ['no id, beside a real one', 'dispatch.engine', both({ ...NOBODY, version: 1 }, real)],
    [
      'a version of the future',
      'dispatch.engine',
      encodeDispatch([{ ...real, version: 2 ** 31 - 1 }]),
    ],
    [
      'a birth that is none',
      'dispatch.engine',
      encodeDispatch([{ ...stranger, version: 1, fresh }]),
    ],
    ['20,000 strangers', 'dispatch.engine-low', encodeDispatch(strangers(workspaceId, 20_000))],
    ['a flow', 'dispatch.connector', encodeDispatch([{ ...real, version: 1 }])],
    ['no id', 'dispatch.connector', encodeDispatch([{ ...NOBODY, version: 2 ** 32 - 1 }])],
    ['an eager start of nothing', 'eager.start', encodeEager({ replyTo: '*.>', items: [eager] })],
    [
      'an eager end of nobody',
      `eager.result.${gateway}`,
      encodeEagerResults([{ executionId: stranger.executionId, refusal: 'busy' }]),
    ],
    ['an answer to no question', `resume.${engine}`, encodeResume([unasked(real)])],
    ['zeros', `control.${engine}`, new Uint8Array(64)],
    ['a control of a stranger', `control.${engine}`, encodeControl([moved(stranger)])],
    ['an end that is none', 'event.ended', encodeEnded([{ ...real, status: 'ENDED_SUCCESS' }])],
    ['3 MB of ones', 'event.moved', new Uint8Array(3_000_000).fill(0xff)],
    ['a move of nobody', 'event.moved', encodeMoved([{ ...moved(NOBODY), parentId: 'x' }])],
    ['no time', 'nudge.timer', encodeTimerNudge(Number.NaN)],
    ['the end of time', 'nudge.timer', encodeTimerNudge(now() * 1e6)],
    [
      'a lock of nobody',
      'nudge.lock',
      encodeLockNudges([{ workspaceId: 'x', key: 'k'.repeat(1e5) }]),
    ],
    [
      'a dependency of nobody',
      'nudge.dependency',
      encodeDependencyNudges([{ ...NOBODY, seq: 2 ** 32 - 1 }]),
    ],
    ['a control wait of nobody', 'nudge.control', encodeControlNudges([NOBODY])],
    ['a reply of nobody', 'nudge.response', encodeDependencyNudges([{ ...NOBODY, seq: 1e9 }])],
    [
      'a record of no type',
      'nudge.record',
      encodeRecordNudges([{ workspaceId, type: '', id: 'x' }]),
    ],
  ]
  return all.map(([kind, subject, bytes]) => ({ kind, subject, bytes }))
}

interface Key {
  readonly workspaceId: string
  readonly executionId: string
}

const both = (bad: Key & { version: number }, good: Key): Uint8Array =>
  encodeDispatch([bad, { ...good, version: 1 }])

const strangers = (workspaceId: string, count: number) =>
  Array.from({ length: count }, () => ({ workspaceId, executionId: newId(), version: 1 }))

const moved = (key: Key) => ({ ...key, version: 1, status: 'ENDED_CANCELLED' as const })

const unasked = (key: Key) => ({
  ...key,
  version: 1,
  answers: [{ position: 999_999, seq: 999_999, outcome: 'not json', at: 0 }],
})
