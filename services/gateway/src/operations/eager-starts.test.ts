import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Bus, connectBus, type Subscription } from '@millrace/bus'
import { createLogger, createMetrics, newId } from '@millrace/runtime'
import type { NewExecution } from '@millrace/store'
import { newExecution } from '@millrace/store/testing'
import { startNats, type TestNats } from '@millrace/testkit'
import type { EagerResult, EagerStart } from '@millrace/wire'
import { consumeEagerResults } from '../consume/eager-results.ts'
import { createEagerStarts, type EagerStarts } from './eager-starts.ts'

const log = createLogger('test', { level: 'silent' })
const end = {
  status: 'ENDED_SUCCESS' as const,
  processId: newId(),
  line: 3,
  lastCommand: null,
  name: 'n',
  message: null,
  output: '7',
  outputHash: null,
  createdAt: 1,
  startedAt: 2,
  endedAt: 3,
}

let nats: TestNats
let bus: Bus
let other: Bus

before(async () => {
  nats = await startNats()
  bus = await connectBus({ servers: nats.url, name: 'gateway', log })
  other = await connectBus({ servers: nats.url, name: 'engine', log })
})
after(async () => {
  await Promise.all([bus.close(), other.close()])
  await nats.stop()
})

/** A gateway's side, and an engine that answers each start as told, or not at all. */
async function withEngine(
  answer: ((start: EagerStart) => EagerResult | null) | null,
  work: (eager: EagerStarts, seen: readonly EagerStart[]) => Promise<void>,
): Promise<void> {
  const processId = newId()
  const metrics = createMetrics('test', { process: false })
  const eager = createEagerStarts({ bus, metrics, processId, silenceMs: 200 })
  const seen: EagerStart[] = []
  const subscriptions: Subscription[] = [consumeEagerResults(bus, { eager, processId })]
  if (answer !== null)
    subscriptions.push(
      other.onEager(({ replyTo, items }) => {
        seen.push(...items)
        other.publishEagerResults(
          replyTo,
          items.flatMap((item) => answer(item) ?? []),
        )
      }),
    )
  await settled()
  try {
    await work(eager, seen)
  } finally {
    eager.stop()
    for (const subscription of subscriptions) await subscription.close()
    await settled()
  }
}

/** NATS has seen all that the engine's side has subscribed to: it does what it is told in order. */
async function settled(): Promise<void> {
  const probe = newId()
  let subscription: Subscription | null = null
  await new Promise<void>((resolve) => {
    subscription = other.onEagerResults(probe, () => resolve(), resolve)
    other.publishEagerResults(probe, [{ executionId: probe, refusal: 'busy' }])
  })
  await (subscription as Subscription | null)?.close()
}

const execution = (over: Partial<NewExecution> = {}): NewExecution =>
  newExecution({
    workspaceId: newId(),
    id: newId(),
    name: 'f',
    flowId: newId(),
    scriptHash: 'ab'.repeat(32),
    input: '{"a":1}',
    ...over,
  })

test('what an engine has stored with its end is answered with it', () =>
  withEngine(
    ({ executionId }) => ({ executionId, end }),
    async (eager) => {
      const item = execution()
      const row = await eager.run(item, 10_000)
      assert.equal(row?.id, item.id)
      assert.equal(row.status, 'ENDED_SUCCESS')
      assert.equal(row.version, 2)
      assert.equal(row.output, '7')
      assert.equal(row.ended_at, 3)
    },
  ))

test('what waits is given back, and the next of its script is not tried', () =>
  withEngine(
    ({ executionId }) => ({ executionId, refusal: 'waits' }),
    async (eager, seen) => {
      assert.equal(await eager.run(execution(), 10_000), null)
      assert.equal(await eager.run(execution(), 10_000), null)
      assert.equal(await eager.run(execution({ scriptHash: 'cd'.repeat(32) }), 10_000), null)
      assert.equal(seen.length, 2)
    },
  ))

test('what has tags or is hidden is born with rows beside its own, and is not sent', () =>
  withEngine(
    ({ executionId }) => ({ executionId, end }),
    async (eager, seen) => {
      assert.equal(await eager.run(execution({ extra: '{"tags":["a"]}' }), 10_000), null)
      assert.equal(await eager.run(execution({ extra: '{"is_hidden":true}' }), 10_000), null)
      assert.notEqual(await eager.run(execution({ extra: '{"description":"d"}' }), 10_000), null)
      assert.equal(seen.length, 1)
    },
  ))

test('what a busy engine gives back says nothing about its script', () =>
  withEngine(
    ({ executionId }) => ({ executionId, refusal: 'busy' }),
    async (eager, seen) => {
      await eager.run(execution(), 10_000)
      await eager.run(execution(), 10_000)
      assert.equal(seen.length, 2)
    },
  ))

test('an engine that says nothing is not waited for long, and not asked again at once', () =>
  withEngine(
    () => null,
    async (eager, seen) => {
      assert.equal(await eager.run(execution(), 10_000), null)
      assert.equal(await eager.run(execution(), 10_000), null)
      assert.equal(seen.length, 1)
    },
  ))

test('without any engine it is given back at once', () =>
  withEngine(null, async () => {
    const processId = newId()
    const metrics = createMetrics('test', { process: false })
    const patient = createEagerStarts({ bus, metrics, processId, silenceMs: 60_000 })
    const subscription = consumeEagerResults(bus, { eager: patient, processId })
    assert.equal(await patient.run(execution(), 60_000), null)
    // Its timer would keep the process for a minute.
    patient.stop()
    await subscription.close()
  }))

test('nothing is tried that is paused, scheduled, large or a connection', () =>
  withEngine(
    ({ executionId }) => ({ executionId, end }),
    async (eager, seen) => {
      const input = JSON.stringify('x'.repeat(10_000))
      const items = [
        execution({ paused: true }),
        execution({ scheduledFor: 1 }),
        execution({ input }),
        execution({ type: 'CONNECTION', scriptHash: null }),
      ]
      for (const item of items) assert.equal(await eager.run(item, 10_000), null)
      assert.equal(seen.length, 0)
    },
  ))
