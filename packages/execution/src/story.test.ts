import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create } from './create.ts'
import type { AnswerType, Event } from './event.ts'
import type { Execution } from './execution.ts'
import { decide } from './execution.ts'
import type { Status } from './status.ts'
import { isEnded } from './status.ts'
import type { Wait, WaitKind } from './wait.ts'

/** A story is what its speakers say in order; engines name the version that they then see. */
type Line = (now: Execution) => Event

const answer =
  (type: AnswerType, seq: number): Line =>
  ({ generation }) => ({ type, generation, seq })
const claim: Line = ({ version }) => ({ type: 'engineClaimed', version, processId: 'p' })
const expire: Line = ({ epoch }) => ({ type: 'leaseExpired', epoch })
const park =
  (...opened: [number, WaitKind][]): Line =>
  ({ version, answered }) => ({
    type: 'parked',
    version,
    consumed: answered,
    opened: opened.map(([seq, kind]): Wait => ({ seq, kind })),
  })
const end =
  (type: 'succeeded' | 'failed' | 'engineReleased'): Line =>
  ({ version }) => ({ type, version })
const say =
  (type: 'pauseRequested' | 'resumeRequested' | 'cancelRequested' | 'recovered'): Line =>
  () => ({ type })

const revert: Line = ({ generation }) => ({ type: 'reverted', generation })

const stories: Record<string, { readonly lines: readonly Line[]; readonly end: Status }> = {
  'a short run': { lines: [end('succeeded')], end: 'ENDED_SUCCESS' },
  'two children at once': {
    lines: [
      park([1, 'DEPENDENCY'], [2, 'DEPENDENCY']),
      answer('dependenciesMet', 2),
      answer('dependenciesMet', 1),
      end('succeeded'),
    ],
    end: 'ENDED_SUCCESS',
  },
  'a lock granted while paused': {
    lines: [
      claim,
      park([1, 'LOCK']),
      say('pauseRequested'),
      answer('lockGranted', 1),
      say('resumeRequested'),
      claim,
      end('failed'),
    ],
    end: 'ENDED_ERROR',
  },
  'an engine lost and another': {
    lines: [claim, expire, say('recovered'), claim, end('engineReleased'), end('succeeded')],
    end: 'ENDED_SUCCESS',
  },
  'cancelled while at an engine': {
    lines: [park([1, 'TIMER']), answer('startTimeReached', 1), claim, say('cancelRequested')],
    end: 'ENDED_CANCELLED',
  },
  'an answer and a timeout in a race': {
    lines: [
      park([1, 'RESPONSE']),
      answer('waitTimedOut', 1),
      answer('responseReceived', 1),
      end('succeeded'),
    ],
    end: 'ENDED_SUCCESS',
  },
  'reverted and run again': {
    lines: [park([1, 'LOCK']), answer('lockGranted', 1), end('failed'), revert, end('succeeded')],
    end: 'ENDED_SUCCESS',
  },
}

/** The events as they were said in the undisturbed story: late copies keep their tokens. */
function record(lines: readonly Line[]): readonly Event[] {
  let now = create({ scheduledFor: null, paused: false })
  return lines.map((line) => {
    const event = line(now)
    now = apply(now, event)
    return event
  })
}

function apply(now: Execution, event: Event): Execution {
  const decision = decide(now, event)
  return 'next' in decision ? decision.next : now
}

function play(events: readonly Event[]): Execution {
  return events.reduce(apply, create({ scheduledFor: null, paused: false }))
}

describe('a story on an at-least-once bus', () => {
  for (const [name, story] of Object.entries(stories)) {
    const events = record(story.lines)

    test(`${name}: ends as told`, () => {
      assert.equal(play(events).state.status, story.end)
    })

    test(`${name}: is the same with every event said twice, at once or once more right after the next`, () => {
      assert.deepEqual(play(events.flatMap((event) => [event, event])), play(events))
      for (const [index, event] of events.entries()) {
        if (!hasToken(event)) continue
        for (let at = index + 1; at <= events.length; at += 1) {
          assert.deepEqual(
            play(events.toSpliced(at, 0, event)),
            play(events),
            `${event.type} at ${at}`,
          )
        }
      }
    })

    test(`${name}: with two events swapped or one dropped, can still be brought to an end`, () => {
      for (const index of events.keys()) {
        const [a, b] = events.slice(index, index + 2)
        const swapped = a && b ? [events.toSpliced(index, 2, b, a)] : []
        for (const mutated of [events.toSpliced(index, 1), ...swapped]) finish(play(mutated))
      }
    })
  }
})

function hasToken(event: Event): boolean {
  return 'version' in event || 'epoch' in event || 'generation' in event
}

/** What sweep, owners of waits and a person would do: nothing may be stuck for ever. */
function finish(start: Execution): void {
  let now = start
  for (let turn = 0; !isEnded(now.state.status); turn += 1) {
    assert.ok(turn < 10, `stuck: ${JSON.stringify(now)}`)
    const [wait] = now.waits
    const lines: readonly Line[] = [
      say('recovered'),
      say('resumeRequested'),
      expire,
      ...(wait ? [answer('startTimeReached', wait.seq)] : []),
      ...(wait ? [answer('dependenciesMet', wait.seq)] : []),
      ...(wait ? [answer('lockGranted', wait.seq)] : []),
      ...(wait ? [answer('responseReceived', wait.seq)] : []),
      end('succeeded'),
    ]
    for (const line of lines) now = apply(now, line(now))
  }
}
