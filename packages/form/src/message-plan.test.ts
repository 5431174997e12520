import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  advancePlan,
  type MessagePlan,
  nextStep,
  NOTHING_DONE,
  type PlanFields,
  type PlanProgress,
  type PlanStep,
  readPlan,
} from './message-plan.ts'

const CREATED = Date.UTC(2026, 10, 22, 9)
const after = (seconds: number): number => CREATED + seconds * 1_000
function planOf(fields: PlanFields): MessagePlan {
  const read = readPlan(fields, CREATED)
  assert.ok(read.ok, JSON.stringify(read))
  return read.value
}
const errorsOf = (fields: object): Record<string, string> => {
  const read = readPlan(fields, CREATED)
  return read.ok
    ? {}
    : Object.fromEntries(read.errors.map((error) => [error.pointer, error.message]))
}
/** Every step with its second, as somebody sees them who looks at each moment. */
function storyOf(plan: MessagePlan): [number, PlanStep][] {
  const story: [number, PlanStep][] = []
  let progress: PlanProgress = NOTHING_DONE
  for (let next = nextStep(plan, progress); next !== null; next = nextStep(plan, progress)) {
    assert.ok(story.length < 200, 'a plan has an end')
    assert.ok(advancePlan(plan, progress, next.at).steps.length > 0, 'a step is done at its moment')
    const advance = advancePlan(plan, progress, next.at)
    const { at } = next
    story.push(...advance.steps.map((step): [number, PlanStep] => [(at - CREATED) / 1_000, step]))
    progress = advance.progress
  }
  return story
}

test('without a plan nothing ever comes', () => {
  assert.deepEqual(advancePlan(planOf({}), NOTHING_DONE, Number.MAX_SAFE_INTEGER), {
    steps: [],
    progress: NOTHING_DONE,
    nextAt: null,
  })
})

test('a whole plan is reminders, a due time and an escalation, each at its moment', () => {
  const plan = planOf({
    due_after: 300,
    remind_after: 60,
    remind_every: 120,
    remind_times: 4,
    escalate_at: '2026-11-22T10:05:00+01:00',
  })
  assert.deepEqual(storyOf(plan), [
    [60, 'remind'],
    [180, 'remind'],
    [300, 'due'],
    [300, 'escalate'],
    [300, 'remind'],
    [420, 'remind'],
  ])
})

test('reminders are one, or ten, or as many as are asked for', () => {
  const count = (fields: PlanFields) => storyOf(planOf(fields)).length
  assert.equal(count({ remind_after: 60 }), 1)
  assert.equal(count({ remind_every: 60 }), 10)
  assert.equal(count({ remind_after: 5, remind_every: 60, remind_times: 3 }), 3)
  assert.deepEqual(storyOf(planOf({ remind_every: 60 }))[0], [60, 'remind'])
})

test('what was missed is done once, in its order, and the next comes at its own time', () => {
  const plan = planOf({ due_after: 100, remind_every: 60, escalate_after: 1_000 })
  assert.deepEqual(advancePlan(plan, NOTHING_DONE, after(250)), {
    steps: ['remind', 'due'],
    progress: { isDue: true, isEscalated: false, reminders: 4 },
    nextAt: after(300),
  })
})

test('F6 however often and late one looks, each step is done once and reminders not in heaps', () => {
  const plans = fc
    .record(
      {
        due_after: fc.integer({ min: 1, max: 2_000 }),
        escalate_after: fc.integer({ min: 1, max: 2_000 }),
        remind_after: fc.integer({ min: 1, max: 500 }),
        remind_every: fc.integer({ min: 60, max: 500 }),
      },
      { requiredKeys: [] },
    )
    .map((fields) => ({ fields, plan: planOf(fields) }))
  fc.assert(
    fc.property(plans, fc.array(fc.integer({ min: -50, max: 900 })), ({ fields, plan }, gaps) => {
      const done: PlanStep[] = []
      let progress: PlanProgress = NOTHING_DONE
      let now = CREATED
      let looks = 0
      let expectedAt: number | null = nextStep(plan, progress)?.at ?? null
      for (const gap of [...gaps, 100_000]) {
        now += gap * 1_000
        const advance = advancePlan(plan, progress, now)
        // Nothing before its time, and something whenever the time has come.
        assert.equal(advance.steps.length > 0, expectedAt !== null && expectedAt <= now)
        assert.equal(new Set(advance.steps).size, advance.steps.length)
        // The same look twice does nothing more.
        assert.deepEqual(advancePlan(plan, advance.progress, now).steps, [])
        looks += Number(advance.steps.includes('remind'))
        done.push(...advance.steps)
        progress = advance.progress
        expectedAt = advance.nextAt
        assert.ok(expectedAt === null || expectedAt > now)
      }
      const times = (step: PlanStep) => done.filter((one) => one === step).length
      assert.equal(times('due'), fields.due_after === undefined ? 0 : 1)
      assert.equal(times('escalate'), fields.escalate_after === undefined ? 0 : 1)
      assert.equal(times('remind'), looks)
      assert.equal(progress.reminders, plan.remindersMax)
      assert.equal(expectedAt, null)
    }),
    { seed: 15, numRuns: 500 },
  )
})

describe('fields that cannot be meant', () => {
  test('are named with the limit', () => {
    const cases: [object, string, RegExp][] = [
      [{ due_at: '2026-11-22T09:00:00' }, '/due_at', /^must be an RFC 3339 time with its zone$/],
      [{ due_at: '2026-13-22T09:00:00Z' }, '/due_at', /^must be an RFC 3339 time/],
      [{ due_at: 5 }, '/due_at', /^must be an RFC 3339 time/],
      [{ due_at: '2026-11-22T09:00:00Z' }, '/due_at', /^must lie after the creation/],
      [{ due_at: '2036-11-22T09:00:00Z' }, '/due_at', /by ten years at most$/],
      [
        { due_at: '2026-11-23T09:00:00Z', due_after: 5 },
        '/due_at',
        /^and due_after are both given/,
      ],
      [{ escalate_after: 0 }, '/escalate_after', /from 1 to 315360000$/],
      [{ remind_after: '60' }, '/remind_after', /^must be a number of seconds/],
      [{ remind_every: 59 }, '/remind_every', /from 60 to/],
      [{ remind_every: Number.NaN }, '/remind_every', /from 60 to/],
      [{ remind_every: 60, remind_times: 101 }, '/remind_times', /from 1 to 100$/],
      [{ remind_after: 60, remind_times: 2 }, '/remind_every', /^is missing; remind_times/],
    ]
    for (const [fields, pointer, expected] of cases)
      assert.match(errorsOf(fields)[pointer] ?? 'nothing', expected, JSON.stringify(fields))
  })

  test('are all named at once, and null is nothing', () => {
    assert.deepEqual(Object.keys(errorsOf({ due_after: -1, remind_after: 'x', remind_times: 0 })), [
      '/due_after',
      '/remind_after',
      '/remind_times',
    ])
    const nothing = { due_at: null, due_after: null, remind_every: null, escalate_at: null }
    assert.deepEqual(storyOf(planOf(nothing)), [])
  })
})
