import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newId } from '@millrace/runtime'
import { startNats, type TestNats } from '@millrace/testkit'
import type { ResumeItem } from '@millrace/wire'
import { collector, testBus, type TestBus } from './bus-fixture.ts'

describe('events and nudges', () => {
  let nats: TestNats
  let one: TestBus
  let other: TestBus
  before(async () => {
    nats = await startNats()
    one = await testBus(nats.url)
    other = await testBus(nats.url)
  })
  after(async () => {
    await one.close()
    await other.close()
    await nats.stop()
  })

  it('reach everybody who listens, or one of the schedulers', async () => {
    const ended = { workspaceId: newId(), executionId: newId(), status: 'ENDED_SUCCESS' } as const
    const group = collector()
    const all = collector()
    const subscriptions = [
      one.onEnded((items) => group.add(items)),
      other.onEnded((items) => group.add(items)),
      one.onEndedAll((items) => all.add(items)),
      other.onEndedAll((items) => all.add(items)),
    ]
    await settled(one, other)
    for (let round = 0; round < 10; round += 1) one.publishEnded([ended])
    assert.deepEqual((await all.reached(20))[0], ended)
    assert.equal((await group.reached(10)).length, 10)
    await Promise.all(subscriptions.map((subscription) => subscription.close()))
  })

  it('of each kind arrive as they were sent', async () => {
    const key = { workspaceId: newId(), executionId: newId() }
    const processId = newId()
    const moved = { ...key, version: 4, status: 'WAITING_LOCK', parentId: null } as const
    const control = { ...key, version: 4, status: 'ENDED_CANCELLED' } as const
    const answers = [{ position: 1, seq: 2, outcome: '{"kind":"value"}', at: 1_700_000_000_000 }]
    const resume = { ...key, version: 5, answers }
    const came = collector<unknown>()
    other.onMoved((items) => came.add(items))
    other.onResume(processId, (items) => came.add(items))
    other.onControl(processId, (items) => came.add(items))
    other.onTimerNudge((dueAt) => came.add([dueAt]))
    other.onDependencyNudge((items) => came.add(items))
    other.onControlNudge((items) => came.add(items))
    other.onResponseNudge((items) => came.add(items))
    other.onLockNudge((items) => came.add(items))
    other.onRecordNudge((items) => came.add(items))
    other.onRecordRequestNudge((items) => came.add(items))
    other.onRecordRequestNudge((items) => came.add(items))
    await settled(one, other)

    one.publishMoved([moved])
    one.publishResume(processId, [resume])
    one.publishControl(processId, [control])
    one.publishControl(newId(), [control])
    one.nudgeTimers(1_800_000_000_123)
    one.nudgeDependencies([{ ...key, seq: 3 }])
    one.nudgeControls([key])
    one.nudgeResponses([{ ...key, seq: 4 }])
    one.nudgeLocks([{ workspaceId: key.workspaceId, key: 'deploy' }])
    one.nudgeRecords([{ workspaceId: key.workspaceId, type: 'flow', id: key.executionId }])
    one.nudgeRecordRequests([key])
    one.publishMoved([])
    assert.deepEqual(await came.reached(10), [
      moved,
      resume,
      control,
      1_800_000_000_123,
      { ...key, seq: 3 },
      key,
      { ...key, seq: 4 },
      { workspaceId: key.workspaceId, key: 'deploy' },
      { workspaceId: key.workspaceId, type: 'flow', id: key.executionId },
      key,
    ])
  })

  it('with more answers than a message may have come without them', async () => {
    const processId = newId()
    const came = collector<ResumeItem>()
    other.onResume(processId, came.add)
    await settled(one, other)
    const outcome = JSON.stringify('x'.repeat(30_000))
    const answers = Array.from({ length: 50 }, (_, at) => ({ position: at, seq: at, outcome, at }))
    const key = { workspaceId: newId(), version: 3 }
    const many = { ...key, executionId: newId(), answers }
    const few = { ...key, executionId: newId(), answers: answers.slice(0, 2) }
    one.publishResume(processId, [many, few])
    assert.deepEqual(await came.reached(2), [{ ...many, answers: [] }, few])
  })

  it('larger than a message may be are sent in several', async () => {
    const processId = newId()
    const came = collector<{ executionId: string }>()
    other.onResume(processId, (items) => came.add(items))
    await settled(one, other)
    const outcome = JSON.stringify('x'.repeat(300_000))
    const items = Array.from({ length: 8 }, (_, seq) => ({
      workspaceId: newId(),
      executionId: newId(),
      version: 1,
      answers: [{ position: 1, seq, outcome, at: 1 }],
    }))
    one.publishResume(processId, items)
    assert.deepEqual(await came.reached(8), items)
  })

  it('that a handler fails at are counted, and the next one is handled', async () => {
    const came = collector<number>()
    const subscription = other.onTimerNudge(async (dueAt) => {
      await Promise.resolve()
      if (dueAt === 1) throw new Error('no')
      came.add([dueAt])
    })
    await settled(one, other)
    one.nudgeTimers(1)
    one.nudgeTimers(2)
    assert.deepEqual(await came.reached(1), [2])
    assert.match(await other.metrics.registry.metrics(), /bus_failures_total\{kind="timer".*\} 1/)
    await subscription.close()
  })
})

/** Both connections' earlier words have been read by the server. */
async function settled(...buses: TestBus[]): Promise<void> {
  for (const bus of buses) await bus.pendingDispatch('engine')
}
