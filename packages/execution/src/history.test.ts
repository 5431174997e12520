import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { create } from './create.ts'
import type { Event, EventType } from './event.ts'
import { EVENT_TYPES } from './event.ts'
import type { Decision, Execution } from './execution.ts'
import { decide } from './execution.ts'
import type { Idle } from './status.ts'
import { isEnded, isParked } from './status.ts'
import { uncover } from './state.ts'
import type { WaitKind } from './wait.ts'
import { ANSWERABLE, WAIT_KINDS, statusOfWait } from './wait.ts'

interface Step {
  readonly type: EventType
  /** Whether the token fits; a late one is of a version, epoch or generation before. */
  readonly isFresh: boolean
  readonly pick: number
  readonly kinds: readonly (typeof WAIT_KINDS)[number][]
  readonly unread: number
}

/** Ends are rare, so that histories are long enough to get lost in. */
const OFTEN: Partial<Record<EventType, number>> = {
  startTimeReached: 3,
  dependenciesMet: 3,
  lockGranted: 3,
  responseReceived: 3,
  waitTimedOut: 3,
  debuggerAnswered: 8,
  gateReached: 2,
  engineClaimed: 8,
  parked: 8,
  leaseExpired: 6,
  recovered: 2,
  resumeRequested: 3,
  reverted: 4,
}

const step: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom(
    ...EVENT_TYPES.flatMap((type) => Array.from({ length: OFTEN[type] ?? 1 }, () => type)),
  ),
  isFresh: fc.constantFrom(true, true, true, false),
  pick: fc.nat(9),
  kinds: fc.array(fc.constantFrom(...WAIT_KINDS.filter((kind) => kind !== 'START')), {
    maxLength: 3,
  }),
  unread: fc.nat(1),
})
const born = fc.record({
  scheduledFor: fc.constantFrom(null, 5),
  paused: fc.boolean(),
  gated: fc.boolean(),
})
const runs = { numRuns: 3000, seed: 42 }

function eventOf(now: Execution, { type, isFresh, pick, kinds, unread }: Step): Event {
  const late = isFresh ? 0 : 1
  switch (type) {
    case 'startTimeReached':
    case 'dependenciesMet':
    case 'lockGranted':
    case 'responseReceived':
    case 'waitTimedOut':
    case 'debuggerAnswered': {
      const fitting = now.waits.filter(({ kind }) => ANSWERABLE[type].includes(kind))
      const candidates = fitting.length > 0 ? fitting : now.waits
      const seq = candidates[pick % Math.max(1, candidates.length)]?.seq ?? pick
      return { type, generation: now.generation - late, seq }
    }
    case 'gateReached':
      return { type, generation: now.generation - late }
    case 'engineClaimed':
      return { type, version: now.version - late, processId: `process ${pick}` }
    case 'parked': {
      const last = Math.max(0, ...now.waits.map(({ seq }) => seq), now.version * 10)
      const opened = kinds.map((kind, index) => ({ seq: last + index + 1, kind }))
      const consumed = Math.max(0, now.answered - unread)
      return { type, version: now.version - late, consumed, opened }
    }
    case 'engineReleased':
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return { type, version: now.version - late }
    case 'leaseExpired':
      return { type, epoch: now.epoch - late }
    case 'reverted':
      return { type, generation: now.generation - late, kept: unread }
    default:
      return { type }
  }
}

function always(check: (before: Execution, event: Event, decision: Decision) => void): void {
  fc.assert(
    fc.property(born, fc.array(step, { maxLength: 60, size: 'max' }), (input, steps) => {
      let now = create(input)
      for (const one of steps) {
        const event = eventOf(now, one)
        const decision = decide(now, event)
        check(now, event, decision)
        if ('next' in decision) now = decision.next
      }
    }),
    runs,
  )
}

function afterwards(before: Execution, decision: Decision): Execution {
  return 'next' in decision ? decision.next : before
}

describe('after any history', () => {
  test('the histories reach every verdict of every event', () => {
    const seen = new Set<string>()
    always((_before, { type }, { kind }) => seen.add(`${type} ${kind}`))
    for (const type of EVENT_TYPES) assert.ok(seen.has(`${type} moved`), type)
    // Who is stopped by a debugger is paused, so its answer always moves.
    for (const type of Object.keys(ANSWERABLE).filter((one) => one !== 'debuggerAnswered'))
      assert.ok(seen.has(`${type} noted`), type)
  })

  test('E5: ends are final, but for a revert', () => {
    always((before, { type }, { kind }) => {
      if (isEnded(before.state.status) && type !== 'reverted') assert.notEqual(kind, 'moved')
      if (isEnded(before.state.status)) assert.notEqual(kind, 'noted')
    })
  })

  test('E6: one move is one version, and nothing else is', () => {
    always((before, _event, decision) => {
      const { version } = afterwards(before, decision)
      assert.equal(version, before.version + (decision.kind === 'moved' ? 1 : 0))
      if (decision.kind === 'noted') assert.deepEqual(decision.next.state, before.state)
    })
  })

  test('E7: epoch and generation never fall; a claim, a rescue and a revert raise the epoch', () => {
    always((before, { type }, decision) => {
      const next = afterwards(before, decision)
      assert.ok(next.generation >= before.generation)
      const byHand = type === 'resumeRequested' && before.state.status === 'LOST'
      const raises = ['engineClaimed', 'recovered', 'reverted'].includes(type) || byHand
      assert.equal(next.epoch, before.epoch + (raises && decision.kind === 'moved' ? 1 : 0))
    })
  })

  test('E8: the same event twice happens once', () => {
    always((before, event, decision) => {
      if (!('next' in decision)) return
      assert.ok(!('next' in decide(decision.next, event)), `${before.state.status} ${event.type}`)
    })
  })

  test('E9: it is parked by an open wait, held by a process, or neither, never both', () => {
    always((before, _event, decision) => {
      const next = afterwards(before, decision)
      const { state, waits } = next
      const status = state.status === 'PAUSED' ? state.beneath : state.status
      const oldest = waits.find(({ kind }) => kind !== 'BREAK')
      if (isParked(status)) assert.equal(oldest && statusOf(oldest.kind), status)
      if (waits.some(isStop)) assert.equal(state.status, 'PAUSED')
      assert.equal('processId' in state, state.status === 'AT_ENGINE')
      if (isEnded(status)) assert.deepEqual(waits, [])
      const seqs = waits.map(({ seq }) => seq)
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].toSorted((a, b) => a - b),
      )
    })
  })

  test('E10: every answer takes one open wait and counts once, whatever the status', () => {
    always((before, event, decision) => {
      const next = afterwards(before, decision)
      if (event.type === 'reverted' && decision.kind === 'moved') {
        assert.deepEqual([next.answered, next.waits], [event.kept, []])
        return
      }
      const isAnswer = event.type in ANSWERABLE && 'next' in decision
      const gone = before.waits.filter(({ seq }) => next.waits.every((wait) => wait.seq !== seq))
      const counted = isAnswer && gone[0]?.seq !== 0 ? 1 : 0
      assert.equal(next.answered, before.answered + counted)
      if (isAnswer) assert.equal(gone.length, 1)
      else if (!isEnded(next.state.status)) assert.equal(gone.length, 0)
    })
  })

  test('E11: pause and resume restore what lay beneath, with the answers that came in between', () => {
    const answers = step.filter(({ type }) => type in ANSWERABLE)
    fc.assert(
      fc.property(
        born,
        fc.array(step, { maxLength: 30, size: 'max' }),
        fc.array(answers),
        (input, steps, then) => {
          let now = create({ ...input, paused: false })
          for (const one of steps) now = afterwards(now, decide(now, eventOf(now, one)))
          const paused = decide(now, { type: 'pauseRequested' })
          if (paused.kind !== 'moved') return
          let open = now.state.status === 'AT_ENGINE' ? { ...now, state: back } : now
          let held = paused.next
          for (const one of then) {
            const event = eventOf(open, one)
            const [plain, under] = [decide(open, event), decide(held, event)]
            assert.equal(under.kind, plain.kind)
            open = afterwards(open, plain)
            held = afterwards(held, under)
          }
          const resumed = afterwards(held, decide(held, { type: 'resumeRequested' }))
          assert.deepEqual({ ...resumed, version: 0 }, { ...open, version: 0 })
        },
      ),
      runs,
    )
  })

  test('E12: a late token changes nothing', () => {
    fc.assert(
      fc.property(
        born,
        fc.array(step, { maxLength: 40, size: 'max' }),
        step,
        (input, steps, last) => {
          let now = create(input)
          for (const one of steps) now = afterwards(now, decide(now, eventOf(now, one)))
          const event = eventOf(now, { ...last, isFresh: false })
          if (!('generation' in event || 'version' in event || 'epoch' in event)) return
          assert.deepEqual(decide(now, event), { kind: 'ignored', why: 'stale' })
        },
      ),
      runs,
    )
  })

  test('E13: whoever was parked with an answer unread is ready, and nobody waits for nothing', () => {
    always((before, event, decision) => {
      if (event.type !== 'parked' || decision.kind !== 'moved') return
      const { next } = decision
      const { status } = uncover(next.state)
      if (before.answered > event.consumed) assert.equal(status, 'WAITING_ENGINE')
      else assert.ok(next.waits.length > 0 && (isParked(status) || next.waits.every(isStop)))
      assert.equal(next.state.status === 'PAUSED', next.waits.some(isStop))
      assert.equal(next.recoveries, 0)
    })
  })

  test('E14: what a debugger has stopped goes on by its answer, its end or a revert alone', () => {
    always((before, { type }, decision) => {
      if (!before.waits.some(isStop)) return
      const next = afterwards(before, decision)
      const frees = ['debuggerAnswered', 'cancelRequested', 'runtimeExceeded', 'reverted']
      assert.equal(
        next.state.status !== 'PAUSED',
        decision.kind === 'moved' && frees.includes(type),
      )
      if (type === 'resumeRequested')
        assert.deepEqual(decision, { kind: 'refused', why: 'stopped' })
    })
  })
})

const isStop = ({ kind }: { readonly kind: WaitKind }): boolean => kind === 'BREAK'
const statusOf = (kind: WaitKind) => (kind === 'BREAK' ? null : statusOfWait(kind))

const back: { readonly status: Idle } = { status: 'WAITING_ENGINE' }
