import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Execution, NewSchedule, Schedule, ScheduleRun } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { type Doors, item, property, useDoors } from '../harness.ts'

const EVERY_SECOND = { cron: '* * * * * *' }
const YEARLY = { cron: '0 0 1 1 *' }

const make = ({ client }: Doors, fields: Partial<NewSchedule>): Promise<Schedule> =>
  client.schedules.create({
    name: `s10-${newId()}`,
    ...(fields.flow_id === undefined && { flow_name: 's10-tick' }),
    ...fields,
  })

/** A schedule whose scheduler runs this script. */
async function scripted(doors: Doors, body: string, fields: Partial<NewSchedule> = {}) {
  const name = `s10-${newId()}`
  const script = `export default async function handler(system, self, inputs) { ${body} }`
  await doors.client.schedulers.create({ name, script })
  return make(doors, { scheduler_name: name, ...fields })
}

async function live({ client }: Doors, id: string): Promise<Execution[]> {
  const value = ['SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_ENGINE', 'AT_ENGINE', 'PAUSED']
  const filter = {
    and: [
      { field: 'type', op: 'eq', value: 'SCHEDULE' },
      { field: 'status', op: 'in', value },
    ],
  } as const
  const { items } = await client.executions.list({ filter, limit: 1_000 })
  return items.filter((one) => one.schedule_id === id)
}

/** Until its book has so many entries of this state. */
const runs = ({ client }: Doors, id: string, state: string, count = 1) =>
  until(
    async (): Promise<readonly ScheduleRun[] | null> => {
      const { items } = await client.schedules.runs(id, { limit: 1_000 })
      const found = items.filter((run) => run.state === state)
      return found.length >= count ? found : null
    },
    { what: `${count} ${state} of ${id}`, timeoutMs: 60_000 },
  )

/** The iteration that follows one that has come to this end. */
async function after(doors: Doors, schedule: Schedule, former: Execution): Promise<Execution> {
  return until(
    async () => {
      const [only, ...more] = await live(doors, schedule.id)
      assert.deepEqual(more, [])
      return only === undefined || only.id === former.id ? null : only
    },
    { what: 'the next iteration' },
  )
}

const restsAMinute = (former: Execution, next: Execution): void => {
  const restMs = Date.parse(next.scheduled_for ?? '') - Date.parse(former.ended_at ?? '')
  assert.equal(Math.round(restMs / 1_000), 60)
}

describe('schedules', { concurrency: 4, timeout: 240_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('s10-tick', 'return inputs')
    await rig.flow('s10-fails', 'throw new Error("no good")')
    await rig.flow('s10-long', 'await self.sleep(3600)')
  })

  item(
    ['10.1', '10.5'],
    'a schedule ties scheduler, setting and flow, whose ids its scheduler gets, and each serves others',
    async (doors) => {
      const name = `s10-${newId()}`
      await doors.client.settings.put(name, { word: 'owl' })
      const body = `
        const { word } = await system.setting(inputs.setting_id).get()
        await self.flow(inputs.flow_id, { word, inputs }, { wait: false })
        await self.sleep(3600)`
      const one = await scripted(doors, body, { setting_name: name })
      const two = await make(doors, {
        scheduler_id: one.scheduler_id,
        setting_id: one.setting_id,
        flow_id: one.flow_id,
      })
      for (const schedule of [one, two]) {
        const [iteration] = await live(doors, schedule.id)
        const child = await until(
          async () => (await doors.rig.children(iteration?.id ?? ''))[0] ?? null,
          { what: 'the flow that it has started' },
        )
        const { word, inputs } = child.input_value as {
          word: string
          inputs: Record<string, string>
        }
        assert.equal(word, 'owl')
        assert.deepEqual(
          [inputs['flow_id'], inputs['setting_id'], inputs['schedule_id']],
          [schedule.flow_id, schedule.setting_id, schedule.id],
        )
        await doors.client.schedules.disable(schedule.id)
      }
    },
  )

  item(
    '10.2',
    'an enabled schedule has exactly one live execution, of type SCHEDULE',
    async (doors) => {
      const schedule = await make(doors, { timing: YEARLY })
      const [iteration, ...more] = await live(doors, schedule.id)
      assert.deepEqual([iteration?.status, more], ['SCHEDULED', []])
      assert.equal(iteration?.id, schedule.iteration_execution_id)
      assert.equal(iteration?.scheduled_for, schedule.next_at)
      await doors.client.schedules.disable(schedule.id)
      assert.deepEqual(await live(doors, schedule.id), [])
      await doors.client.schedules.enable(schedule.id)
      assert.equal((await live(doors, schedule.id)).length, 1)
      await doors.client.schedules.delete(schedule.id)
    },
  )

  item(
    ['10.3', '10.6'],
    'a script does one iteration, the next is started for it; its flow is a child that knows its schedule',
    async (doors) => {
      const schedule = await scripted(doors, `await self.flow(inputs.flow_id)`)
      const started = await until(
        async () => {
          const { items } = await doors.client.schedules.runs(schedule.id)
          return items.length >= 2 ? items : null
        },
        { what: 'two iterations' },
      )
      const [one, two] = await Promise.all(
        started.slice(0, 2).map((run) => doors.client.executions.get(run.execution_id ?? '')),
      )
      assert.notEqual(one?.parent_execution_id, two?.parent_execution_id)
      assert.equal(one?.schedule_id, schedule.id)
      const parent = await doors.client.executions.get(one?.parent_execution_id ?? '')
      assert.deepEqual([parent.type, parent.schedule_id], ['SCHEDULE', schedule.id])
      await doors.client.schedules.delete(schedule.id)
    },
  )

  item(
    ['10.4', '10.4b', 'D75'],
    'after an error or a cancel the next iteration starts a minute later; disabling is what stops it',
    async (doors) => {
      const { executions, schedules } = doors.client
      const failing = await scripted(doors, `throw new Error('no good')`)
      const first = await until(
        async () => {
          const [one] = await live(doors, failing.id)
          return one?.status === 'SCHEDULED' ? one : null
        },
        { what: 'the iteration after the error' },
      )
      const cancelled = await executions.cancel(first.id)
      restsAMinute(cancelled, await after(doors, failing, first))
      await schedules.disable(failing.id)
      assert.deepEqual(await live(doors, failing.id), [])
      // After a success there is no rest.
      const good = await scripted(doors, `await self.sleep(0.05)`)
      const [former] = await live(doors, good.id)
      const next = await after(doors, good, former ?? assert.fail())
      const ended = await doors.rig.ended(former?.id ?? '')
      assert.ok(Date.parse(next.created_at) - Date.parse(ended.ended_at ?? '') < 5_000)
      await schedules.delete(good.id)
    },
  )

  item(
    ['10.7', '10.8'],
    'cron with seconds, intervals and calendar rules come with the product, any rule by a script',
    async (doors) => {
      const { schedules } = doors.client
      const from = '2026-01-01T12:00:00Z'
      const times = async (timing: NonNullable<NewSchedule['timing']>) =>
        (await schedules.previewTiming(timing, { from, count: 2 })).map(({ at }) => at)
      assert.deepEqual(await times({ cron: '15 30 8 * * MON', time_zone: 'Europe/Berlin' }), [
        '2026-01-05T08:30:15+01:00',
        '2026-01-12T08:30:15+01:00',
      ])
      assert.equal((await times({ interval_seconds: 90 })).length, 2)
      const rrule = 'DTSTART:20260101T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR'
      assert.deepEqual(
        (await times({ rrule })).map((at) => at.slice(0, 10)),
        ['2026-01-30', '2026-02-27'],
      )
      for (const timing of [EVERY_SECOND, { interval_seconds: 1 }]) {
        const schedule = await make(doors, { timing })
        await runs(doors, schedule.id, 'ENDED', 2)
        await schedules.delete(schedule.id)
      }
    },
  )

  item(
    ['10.10', 'D80'],
    'a failed run does not stop the recurrence; intervals count from start or end',
    async (doors) => {
      const { schedules } = doors.client
      const fromStart = { interval_seconds: 1 }
      const schedule = await make(doors, { timing: fromStart, flow_name: 's10-fails' })
      const found = await runs(doors, schedule.id, 'ENDED', 3)
      assert.deepEqual(new Set(found.map((run) => run.execution_status)), new Set(['ENDED_ERROR']))
      const offsets = found.map((run) => Date.parse(run.planned_at) % 1_000)
      assert.equal(new Set(offsets).size, 1, 'it drifts')
      await schedules.delete(schedule.id)
      const fromEnd = { interval_seconds: 1, anchor: 'end' } as const
      const later = await make(doors, { timing: fromEnd, flow_name: 's10-fails' })
      const [second, first] = await runs(doors, later.id, 'ENDED', 2)
      const apart = Date.parse(second?.planned_at ?? '') - Date.parse(first?.ended_at ?? '')
      // On a machine that stands still it may be one of the next.
      assert.ok(apart >= 1_000 && apart % 1_000 === 0, String(apart))
      await schedules.delete(later.id)
    },
  )

  item('D76', 'disabling cancels the live iteration and not what it has started', async (doors) => {
    const body = `await self.flow(inputs.flow_id, {}, { wait: false }); await self.sleep(3600)`
    const schedule = await scripted(doors, body, { flow_name: 's10-long' })
    const [iteration] = await live(doors, schedule.id)
    const started = await until(
      async () => (await doors.rig.children(iteration?.id ?? ''))[0] ?? null,
      { what: 'the flow' },
    )
    await doors.rig.reaches(started.id, 'SCHEDULED')
    await doors.client.schedules.disable(schedule.id)
    const ended = await doors.rig.ended(iteration?.id ?? '')
    assert.deepEqual(
      [ended.status, ended.message],
      ['ENDED_CANCELLED', 'Its schedule was disabled.'],
    )
    assert.equal((await doors.client.executions.get(started.id)).status, 'SCHEDULED')
    await doors.client.schedules.enable(schedule.id)
    assert.equal((await live(doors, schedule.id)).length, 1)
    await doors.client.schedules.delete(schedule.id)
    await doors.client.executions.cancel(started.id)
  })

  item('D77', 'missed times are left out, made up for by the last, or by all', async (doors) => {
    const { schedules } = doors.client
    const missed = async (catchUp: 'none' | 'last' | 'all') => {
      const schedule = await make(doors, { timing: EVERY_SECOND, catch_up: catchUp })
      await runs(doors, schedule.id, 'ENDED')
      await schedules.pause(schedule.id)
      const paused = Date.parse((await schedules.get(schedule.id)).paused_at ?? '')
      // Another clock than the schedule's: what was missed is said by the book.
      await until(async () => Date.now() - paused > 4_000, { what: 'some seconds' })
      const resumed = Date.now()
      await schedules.resume(schedule.id)
      await until(
        async () => {
          const { items } = await schedules.runs(schedule.id, { limit: 1_000 })
          return items.some((run) => run.state === 'ENDED' && Date.parse(run.planned_at) > resumed)
        },
        { what: 'a run after the pause', timeoutMs: 60_000 },
      )
      await schedules.disable(schedule.id)
      const { items } = await schedules.runs(schedule.id, { limit: 1_000 })
      const inPause = items.filter((run) => {
        const [first, last] = [run.planned_at, run.last_planned_at ?? run.planned_at]
        return Date.parse(last) > paused + 500 && Date.parse(first) < resumed - 500
      })
      await schedules.delete(schedule.id)
      return inPause
    }
    const [none, last, all] = await Promise.all([missed('none'), missed('last'), missed('all')])
    assert.ok(none.every(({ state }) => state === 'DROPPED'))
    assert.ok(none.length > 0)
    // The last one may be so close to the resume that it was not missed.
    assert.ok(last.filter(({ state }) => state !== 'DROPPED').length <= 1)
    assert.ok(last.some(({ state }) => state === 'DROPPED'))
    assert.ok(all.length >= 2 && all.every(({ state }) => state === 'ENDED'), JSON.stringify(all))
  })

  item(
    'D78',
    'what is due while another runs is skipped, queued, allowed, or takes its place',
    async (doors) => {
      const { schedules, executions } = doors.client
      const outcome = async (
        overlap: NonNullable<NewSchedule['overlap']>,
        state: string,
        n = 1,
      ) => {
        const fields = { timing: EVERY_SECOND, flow_name: 's10-long', overlap }
        const schedule = await make(doors, fields)
        const found = await runs(doors, schedule.id, state, n)
        await schedules.disable(schedule.id)
        const { items } = await schedules.runs(schedule.id, { limit: 1_000 })
        await schedules.delete(schedule.id)
        for (const run of items)
          if (run.execution_id !== null)
            await executions.cancel(run.execution_id).catch(() => undefined)
        return found
      }
      const [skipped] = await outcome('skip', 'SKIPPED')
      assert.match(skipped?.reason ?? '', /has not ended/)
      const one = await outcome('queue_one', 'QUEUED')
      assert.equal(one.length, 1)
      assert.ok((await outcome('queue_all', 'QUEUED', 2)).length >= 2)
      assert.ok((await outcome('allow', 'STARTED', 2)).length >= 2)
      for (const overlap of ['cancel_running', 'terminate_running'] as const) {
        const [ended] = await outcome(overlap, 'ENDED')
        assert.equal(ended?.execution_status, 'ENDED_CANCELLED')
      }
    },
  )

  item(
    'D79',
    'a time that a day does not have moves, one that it has twice is run once',
    async (doors) => {
      const timing = { cron: '30 2 * * *', time_zone: 'Europe/Berlin' }
      const at = async (from: string) =>
        (await doors.client.schedules.previewTiming(timing, { from, count: 2 })).map(
          (time) => time.at,
        )
      assert.deepEqual(await at('2026-03-28T12:00:00Z'), [
        '2026-03-29T03:00:00+02:00',
        '2026-03-30T02:30:00+02:00',
      ])
      assert.deepEqual(await at('2026-10-24T12:00:00Z'), [
        '2026-10-25T02:30:00+02:00',
        '2026-10-26T02:30:00+01:00',
      ])
    },
  )

  property(
    ['schedule_id', 'schedule_name'],
    'an execution knows the schedule that started it, and nobody else may say so',
    async (doors) => {
      const schedule = await make(doors, { timing: YEARLY })
      const run = await doors.client.schedules.trigger(schedule.id)
      const execution = await doors.rig.ended(run.execution_id ?? '')
      assert.deepEqual(
        [execution.schedule_id, execution.schedule_name, execution.created_by],
        [schedule.id, null, schedule.id],
      )
      const [iteration] = await live(doors, schedule.id)
      assert.equal(iteration?.schedule_name, schedule.name)
      const body = { flow_name: 's10-tick', schedule_id: schedule.id }
      const refused = await doors.rest('POST', '/execution', body)
      assert.deepEqual([refused.status, refused.pointers], [422, ['/schedule_id']])
      await doors.client.schedules.delete(schedule.id)
    },
  )
})
