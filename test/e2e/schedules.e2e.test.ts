import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Execution, NewSchedule, Schedule, ScheduleRun } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { runCommand, until, useStack } from '../stack/index.ts'

const EVERY_SECOND = { cron: '* * * * * *' }

describe('schedules', { concurrency: 4, timeout: 240_000 }, () => {
  const at = useStack(async ({ rig }) => {
    await rig.flow('tick', 'return inputs')
    await rig.flow('slow-tick', 'await self.sleep(3600)')
  })

  const make = (fields: Partial<NewSchedule>): Promise<Schedule> =>
    at.stack.client.schedules.create({ name: `schedule-${newId()}`, flow_name: 'tick', ...fields })

  const iterations = async (id: string): Promise<Execution[]> => {
    const live = { field: 'status', op: 'in', value: LIVE } as const
    const page = await at.stack.client.executions.list({ filter: live, limit: 1_000 })
    return page.items.filter((one) => one.type === 'SCHEDULE' && one.schedule_id === id)
  }

  /** Never two at once; between two there may be none for a moment. */
  const oneIteration = async (id: string): Promise<void> => {
    const what = `an iteration of ${id}`
    assert.equal(await until(async () => (await iterations(id)).length || null, { what }), 1)
  }

  /** Until there are so many entries in its book. */
  const runs = (id: string, count: number, state?: string): Promise<readonly ScheduleRun[]> =>
    until(
      async () => {
        const { items } = await at.stack.client.schedules.runs(id, { limit: 1_000 })
        const found = items.filter((run) => state === undefined || run.state === state)
        return found.length >= count ? found : null
      },
      { what: `${count} runs of ${id}`, timeoutMs: 60_000 },
    )

  test('a flow starts by itself every second, as a child of iterations that take turns', async () => {
    const schedule = await make({ timing: EVERY_SECOND, input_value: { a: 1 }, overlap: 'allow' })
    assert.notEqual(schedule.iteration_execution_id, null)
    const found = await runs(schedule.id, 3, 'ENDED')
    const [first] = found
    const run = await at.stack.client.executions.get(first?.execution_id ?? '')
    assert.equal(run.status, 'ENDED_SUCCESS')
    assert.deepEqual(run.output_value, { a: 1, scheduled_at: first?.planned_at })
    const parent = await at.stack.client.executions.get(run.parent_execution_id ?? '')
    assert.equal(parent.type, 'SCHEDULE')
    assert.deepEqual([run.schedule_id, parent.schedule_id], [schedule.id, schedule.id])
    // As the model has it: the name is an iteration's.
    assert.deepEqual([run.schedule_name, parent.schedule_name], [null, schedule.name])
    assert.equal(new Set(found.map(({ planned_at }) => planned_at)).size, found.length)
    await oneIteration(schedule.id)
    const after = await at.stack.client.schedules.disable(schedule.id)
    assert.deepEqual([after.is_enabled, after.iteration_execution_id], [false, null])
    assert.equal((await iterations(schedule.id)).length, 0)
  })

  test("a scheduler's script does one iteration at a time, and knows what it is for", async () => {
    const { client } = at.stack
    const name = `scheduler-${newId()}`
    await client.settings.put(name, { seconds: 0.2 })
    await client.schedulers.create({
      name,
      script: `export default async (system, self, inputs) => {
        const { seconds } = await system.setting(inputs.setting_name).get()
        await self.sleep(seconds)
        const run = await self.flow(inputs.flow_id, { from: inputs.schedule_name }, { wait: false })
        return run.id
      }`,
    })
    const schedule = await make({ scheduler_name: name, setting_name: name })
    const [run] = await runs(schedule.id, 2)
    assert.equal(run?.origin, 'SCRIPT')
    const execution = await at.rig.ended(run?.execution_id ?? '')
    assert.deepEqual(execution.output_value, { from: schedule.name })
    assert.equal(execution.schedule_id, schedule.id)
    await oneIteration(schedule.id)
    await client.schedules.delete(schedule.id)
    assert.equal((await iterations(schedule.id)).length, 0)
  })

  test('what runs too long is in the way of what comes after it, and why says so', async () => {
    const schedules = at.stack.client.schedules
    const skipping = await make({ timing: EVERY_SECOND, flow_name: 'slow-tick' })
    const [skipped] = await runs(skipping.id, 1, 'SKIPPED')
    assert.match(skipped?.reason ?? '', /has not ended, and overlap is skip/)
    await schedules.disable(skipping.id)
    const queueing = await make({
      timing: EVERY_SECOND,
      flow_name: 'slow-tick',
      overlap: 'queue_one',
    })
    await runs(queueing.id, 1, 'QUEUED')
    const [running] = await runs(queueing.id, 1, 'STARTED')
    const why = await schedules.why(queueing.id)
    assert.deepEqual(why.queued[0]?.waits_for, [running?.execution_id])
    await at.stack.client.executions.cancel(running?.execution_id ?? '')
    await until(
      async () => (await schedules.why(queueing.id)).running[0] !== running?.execution_id,
      {
        what: 'the next one starts',
      },
    )
    await schedules.disable(queueing.id)
  })

  test('a cancelled iteration is followed by one that starts a minute later', async () => {
    const schedule = await make({ timing: { cron: '0 0 1 1 *' } })
    const id = schedule.iteration_execution_id ?? ''
    const why = await at.rig.why(id)
    assert.match(why.reason ?? '', new RegExp(`next time of the schedule '${schedule.name}'`))
    const cancelled = await at.stack.client.executions.cancel(id)
    const [next] = await until(
      async () => {
        const live = await iterations(schedule.id)
        return live.length === 1 && live[0]?.id !== id ? live : null
      },
      { what: 'another iteration' },
    )
    // It is about the same time, and that is later than a minute.
    assert.equal(next?.status, 'SCHEDULED')
    assert.ok(
      Date.parse(next?.scheduled_for ?? '') >= Date.parse(cancelled.ended_at ?? '') + 60_000,
    )
  })

  test('a pause starts nothing, a trigger does, and a backfill runs the past in its order', async () => {
    const { schedules } = at.stack.client
    const schedule = await make({ timing: { cron: '0 * * * *' } })
    await schedules.pause(schedule.id)
    assert.deepEqual(
      (await iterations(schedule.id)).map(({ status }) => status),
      ['PAUSED'],
    )
    const triggered = await schedules.trigger(schedule.id)
    assert.equal((await at.rig.ended(triggered.execution_id ?? '')).status, 'ENDED_SUCCESS')
    const period = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T04:00:00Z' }
    assert.equal(
      (await schedules.backfill(schedule.id, { ...period, dry_run: true })).times.length,
      5,
    )
    const { backfill_id } = await schedules.backfill(schedule.id, period)
    const all = await until(
      async () => {
        const { items } = await schedules.runs(schedule.id)
        const mine = items.filter((run) => run.backfill_id === backfill_id)
        return mine.every(({ state }) => state === 'ENDED') && mine.length === 5 ? mine : null
      },
      { what: 'the backfill', timeoutMs: 60_000 },
    )
    const starts = all
      .toSorted((a, b) => (a.planned_at < b.planned_at ? -1 : 1))
      .map(({ started_at }) => started_at ?? '')
    assert.deepEqual(starts, starts.toSorted())
    const resumed = await schedules.resume(schedule.id)
    assert.equal(resumed.is_paused, false)
    assert.deepEqual(
      (await iterations(schedule.id)).map(({ status }) => status),
      ['SCHEDULED'],
    )
  })

  test('an interval from the end waits for the run that it counts from', async () => {
    await at.rig.flow('short-tick', 'await self.sleep(0.3)')
    const timing = { interval_seconds: 1, anchor: 'end' } as const
    const schedule = await make({ timing, flow_name: 'short-tick' })
    const found = (await runs(schedule.id, 3, 'ENDED')).toReversed()
    for (const [index, run] of found.entries()) {
      const former = found[index - 1]
      if (former === undefined) continue
      const apart = Date.parse(run.planned_at) - Date.parse(former.ended_at ?? '')
      // On a machine that stands still it may be one of the next.
      assert.ok(apart >= 1_000 && apart % 1_000 === 0, String(apart))
    }
    await at.stack.client.schedules.disable(schedule.id)
  })

  test('the command line makes, shows, tries out and steers them', async () => {
    const millrace = (...argv: string[]) => runCommand(at.stack.home, argv)
    const made = await millrace(
      'schedule',
      'set',
      'nightly',
      '--flow',
      'tick',
      '--cron',
      '30 2 * * *',
    )
    assert.equal(made.exitCode, 0, made.err)
    const zone = await millrace(
      'schedule',
      'set',
      'nightly',
      '--cron',
      '30 2 * * *',
      '--zone',
      'Europe/Berlin',
    )
    assert.equal(zone.exitCode, 0, zone.err)
    assert.match(
      (await millrace('schedule', 'list')).out,
      /nightly +tick +30 2 \* \* \* Europe\/Berlin/,
    )
    assert.match((await millrace('schedule', 'get', 'nightly')).out, /overlap +skip/)
    const preview = await millrace(
      'schedule',
      'preview',
      'nightly',
      '--from',
      '2026-03-28T12:00:00Z',
      '-n',
      '1',
    )
    assert.match(preview.out, /^2026-03-29T03:00:00\+02:00 {2}\(/)
    assert.match((await millrace('schedule', 'preview', '--every', '90s')).out, /^20/)
    assert.equal((await millrace('schedule', 'pause', 'nightly')).out.trim(), 'nightly  paused')
    assert.match((await millrace('schedule', 'why', 'nightly')).out, /It is paused/)
    assert.equal((await millrace('schedule', 'resume', 'nightly')).out.trim(), 'nightly  enabled')
    assert.match((await millrace('schedule', 'trigger', 'nightly')).out, /^[0-9a-f-]{36}$/m)
    assert.match((await millrace('schedule', 'runs', 'nightly')).out, /PLANNED/)
    const back = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-03T00:00:00Z', '--dry-run']
    assert.match(
      (await millrace('schedule', 'backfill', 'nightly', ...back)).out,
      /2026-01-02T02:30/,
    )
    assert.equal((await millrace('schedule', 'disable', 'nightly')).out.trim(), 'nightly  disabled')
    const file = join(at.stack.home, 'hourly.ts')
    await writeFile(file, 'export default async (system, self, inputs) => self.sleep(3600)\n')
    assert.match((await millrace('scheduler', 'push', file)).out, /^hourly/)
    assert.equal((await millrace('schedule', 'set', 'x', '--cron', '* * * * *')).exitCode, 2)
    assert.equal((await millrace('schedule', 'delete', 'nightly')).exitCode, 0)
  })
})

describe('schedules of a scheduler that dies', { timeout: 240_000 }, () => {
  const at = useStack(async ({ rig }) => rig.flow('tick', 'return inputs'))

  test('a schedule goes on when its scheduler is killed, and nothing starts twice', async () => {
    const { schedules } = at.stack.client
    const fields = { timing: EVERY_SECOND, overlap: 'allow', catch_up: 'all' } as const
    const schedule = await schedules.create({ name: 'goes on', flow_name: 'tick', ...fields })
    const runs = (count: number): Promise<readonly ScheduleRun[]> =>
      until(
        async () => {
          const { items } = await schedules.runs(schedule.id, { limit: 1_000 })
          return items.length >= count ? items : null
        },
        { what: `${count} runs`, timeoutMs: 60_000 },
      )
    for (let round = 0; round < 3; round += 1) {
      await runs((round + 1) * 2)
      await at.stack.killAndAwait('scheduler')
    }
    const found = await runs(8)
    await schedules.disable(schedule.id)
    const times = found.map(({ planned_at }) => Date.parse(planned_at)).toSorted((a, b) => a - b)
    const [first = 0, last = 0] = [times[0], times.at(-1)]
    assert.deepEqual(
      times,
      Array.from({ length: (last - first) / 1_000 + 1 }, (_, n) => first + n * 1_000),
    )
  })
})

const LIVE = ['SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_ENGINE', 'AT_ENGINE', 'PAUSED'] as const
