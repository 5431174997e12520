import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  decide,
  type Event,
  type Execution,
  type Status,
  statusOfWait,
  type WaitKind,
} from '@millrace/execution'
import { newId } from '@millrace/runtime'
import fc from 'fast-check'
import { answerWaits } from './answers.ts'
import { applyIfVersion } from './apply-if-version.ts'
import { claimExecutions } from './claim-executions.ts'
import { type ActivationCommit, commitActivations } from './commit-activations.ts'
import { createExecutions } from './create-executions.ts'
import { commitDebugged, releaseStop } from './debug-sessions.ts'
import { readExecution, readWaits, toExecution } from './read-execution.ts'
import { type SteerAction, steerExecutions } from './steer-executions.ts'
import { newCommit, newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const processId = newId()

after(() => store.close())

/** One step of a random history: what somebody tries, with a token that is right or late. */
interface Step {
  readonly act:
    | 'claim'
    | 'park'
    | 'stop'
    | 'succeed'
    | 'fail'
    | 'answer'
    | 'leave'
    | 'pause'
    | 'resume'
    | 'cancel'
    | 'revert'
  readonly kind: Exclude<WaitKind, 'START' | 'BREAK'>
  readonly late: boolean
  readonly unread: boolean
}

const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom(
      'claim',
      'park',
      'park',
      'park',
      'stop',
      'stop',
      'succeed',
      'fail',
      'answer',
      'answer',
      'answer',
      'leave',
      'leave',
      'pause',
      'resume',
      'resume',
      'cancel',
      'revert',
    ),
    kind: fc.constantFrom('TIMER', 'DEPENDENCY', 'LOCK', 'RESPONSE', 'CONTROL', 'RECORD'),
    late: fc.boolean(),
    unread: fc.boolean(),
  }),
  { minLength: 5, maxLength: 25 },
)

const ANSWERS = {
  TIMER: 'startTimeReached',
  DEPENDENCY: 'dependenciesMet',
  LOCK: 'lockGranted',
  RESPONSE: 'responseReceived',
  CONTROL: 'dependenciesMet',
  RECORD: 'dependenciesMet',
} as const

test('the statements do what decide does, over random histories', async () => {
  const movedBy = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const executionId = newId()
      await createExecutions(db, [
        newExecution({ workspaceId, id: executionId, isProductive: false }),
      ])
      let seq = 0
      for (const step of history) {
        const before = await snapshot(executionId)
        const version = step.late ? before.version - 1 : before.version
        const decision = await attempt(step, {
          before,
          version,
          executionId,
          nextSeq: () => (seq += 1),
        })
        if (decision === null) continue
        const expected = 'next' in decision ? decision.next : before
        assert.deepEqual(
          await snapshot(executionId),
          expected,
          `${step.act} on ${before.state.status}`,
        )
        if (decision.kind === 'moved') movedBy.set(step.act, (movedBy.get(step.act) ?? 0) + 1)
      }
    }),
    { numRuns: 120, seed: 20_261_122 },
  )
  // A run that never moved anything would agree too.
  for (const act of [
    'claim',
    'park',
    'stop',
    'succeed',
    'fail',
    'answer',
    'leave',
    'pause',
    'resume',
    'cancel',
    'revert',
  ])
    assert.ok((movedBy.get(act) ?? 0) > 0, `${act} never moved anything`)
})

interface At {
  readonly before: Execution
  readonly version: number
  readonly executionId: string
  readonly nextSeq: () => number
}

/** Does the step in the database; returns what the pure machine says of it. */
async function attempt(step: Step, at: At): Promise<ReturnType<typeof decide> | null> {
  const { before, version, executionId } = at
  switch (step.act) {
    case 'claim': {
      // The statement trusts the version to name a ready execution: engines claim only those.
      if (!step.late && before.state.status !== 'WAITING_ENGINE') return null
      await claimExecutions(db, {
        items: [{ workspaceId, executionId, version, startedAt: 1 }],
        processId,
      })
      return decide(before, { type: 'engineClaimed', version, processId })
    }
    case 'park': {
      if (!step.late && !atWork(before)) return null
      const consumed = Math.max(0, before.answered - (step.unread ? 1 : 0))
      const opened = { seq: at.nextSeq(), kind: step.kind }
      await commitActivations(db, [
        commit(at, {
          status: statusOfOldest([...before.waits, opened]),
          ended: false,
          consumed,
          waits: [wait(opened)],
        }),
      ])
      return decide(before, { type: 'parked', version, consumed, opened: [opened] })
    }
    case 'stop': {
      if (!step.late && !atWork(before)) return null
      const consumed = Math.max(0, before.answered - (step.unread ? 1 : 0))
      const opened = { seq: at.nextSeq(), kind: 'BREAK' } as const
      const status = statusOfOldest(before.waits)
      await commitDebugged(db, commit(at, { status, ended: false, consumed }), {
        seq: opened.seq,
        line: 1,
        text: '{}',
      })
      return decide(before, { type: 'parked', version, consumed, opened: [opened] })
    }
    case 'leave': {
      const stop = before.waits.find(({ kind }) => kind === 'BREAK')
      if (stop === undefined || step.late) return null
      const { generation } = before
      const answer = { action: 'continue' } as const
      await releaseStop(db, { workspaceId, executionId }, { version, seq: stop.seq, answer })
      return decide(before, { type: 'debuggerAnswered', generation, seq: stop.seq })
    }
    case 'succeed':
    case 'fail': {
      if (!step.late && !atWork(before)) return null
      const status = step.act === 'succeed' ? 'ENDED_SUCCESS' : 'ENDED_ERROR'
      await commitActivations(db, [
        commit(at, { status, ended: true, consumed: before.answered, hasWaits: true }),
      ])
      return decide(before, { type: step.act === 'succeed' ? 'succeeded' : 'failed', version })
    }
    case 'answer': {
      const waits = before.waits.filter(({ kind }) => kind !== 'BREAK')
      const open = waits[step.unread ? waits.length - 1 : 0]
      const target = step.late || open === undefined ? { seq: 9_999, kind: step.kind } : open
      const { generation } = before
      await answerWaits(db, [
        { workspaceId, executionId, generation, seq: target.seq, outcome: { kind: 'timeout' } },
      ])
      return decide(before, {
        type: ANSWERS[target.kind as Step['kind']],
        generation,
        seq: target.seq,
      })
    }
    default:
      return move(step.act, step, at)
  }
}

/** What people ask of it. */
async function move(
  act: SteerAction | 'revert',
  { late, unread }: Step,
  { before, version, executionId }: At,
): Promise<ReturnType<typeof decide>> {
  const { generation } = before
  const type = (
    {
      pause: 'pauseRequested',
      resume: 'resumeRequested',
      cancel: 'cancelRequested',
    } as const
  )[act as 'pause']
  const event: Event =
    act === 'revert'
      ? { type: 'reverted', generation, kept: Math.min(1, before.answered) }
      : { type }
  const decision = decide(before, event)
  if (unread && !late && act !== 'revert') {
    // The same for many at once.
    const executions = [{ workspaceId, executionId }]
    const [one] = await steerExecutions(db, { action: act, executions, message: 'many' })
    const version = decision.kind === 'moved' ? decision.next.version : null
    assert.equal(one?.moved?.version ?? null, version)
    return decision
  }
  if (decision.kind !== 'moved') return decision
  if (late) {
    const lateBefore = { ...before, version }
    assert.equal(
      await applyIfVersion(
        db,
        { workspaceId, executionId },
        { before: lateBefore, after: decision.next },
      ),
      false,
    )
    return { kind: 'ignored', why: 'stale' }
  }
  assert.equal(
    await applyIfVersion(db, { workspaceId, executionId }, { before, after: decision.next }),
    true,
  )
  return decision
}

/** What an engine says of it; an unread answer is the statement's own business. */
function statusOfOldest(waits: Execution['waits']): Status {
  for (const { kind } of waits.toSorted((a, b) => a.seq - b.seq))
    if (kind !== 'BREAK') return statusOfWait(kind)
  return 'WAITING_ENGINE'
}

const atWork = ({ state }: Execution): boolean =>
  state.status === 'WAITING_ENGINE' || state.status === 'AT_ENGINE'

async function snapshot(executionId: string): Promise<Execution> {
  const row = await readExecution(db, { workspaceId, executionId })
  assert.ok(row)
  return toExecution(row, await readWaits(db, { workspaceId, executionId }))
}

const wait = (opened: { seq: number; kind: Step['kind'] }) => ({
  ...opened,
  returnWhen: null,
  needed: null,
  ref: null,
  subject: null,
  dueIn: null,
  dueAt: null,
  members: [],
})

const commit = (at: At, over: Partial<ActivationCommit>): ActivationCommit =>
  newCommit({
    workspaceId,
    executionId: at.executionId,
    processId,
    version: at.version,
    generation: at.before.generation,
    ...over,
  })
