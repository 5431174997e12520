import type { NewSchedule } from '@millrace/client'
import { until } from '../../stack/index.ts'
import { checkSchedules, type ScheduleRows } from '../check/schedules.ts'
import { killOne } from '../faults/process.ts'
import { BACK_WITHIN_MS, type Chaos, type ChaosRow } from '../row.ts'

/** Schedules of every kind that run every second or so, while the schedulers die. */
export const m38: ChaosRow = {
  id: 'M38',
  title: 'schedules every second, with schedulers killed every few seconds',
  // Many sweeps, so that two copies often look at the same schedule.
  stack: { engines: 2, env: { MILLRACE_SWEEP_PAUSE_MS: '100' } },
  takeover: false,
  faults: ['kill scheduler'],
  mustSee: ['iterations', 'scheduled runs'],
  load: { startsPerSecond: 4 },
  run: async (chaos) => {
    const made = await makeSchedules(chaos)
    while (await chaos.rest(1_500 + chaos.rng.int(2_500))) {
      const both = chaos.rng.int(3) === 0
      await killOne(chaos, 'scheduler', 2)
      if (both) await killOne(chaos, 'scheduler', 2)
      await countLive(chaos)
    }
    await chaos.stack.ready(BACK_WITHIN_MS)
    await settles(chaos, made)
    const rows = await readRows(chaos, made)
    for (const { invariant, text } of checkSchedules(rows)) chaos.violation(invariant, text)
    chaos.note('iterations', rows.iterations.length)
    chaos.note('scheduled runs', rows.flows.length)
  },
}

interface Made {
  readonly id: string
  readonly fields: Partial<NewSchedule>
}

const EVERY_SECOND = { timing: { cron: '* * * * * *' }, catch_up: 'all' } as const

async function makeSchedules({ stack }: Chaos): Promise<Made[]> {
  const { flows, schedulers, schedules } = stack.client
  await flows.create({ name: 'tick', script: 'export default (system, self, inputs) => inputs' })
  await flows.create({
    name: 'slow-tick',
    script: 'export default async (system, self) => self.sleep(0.4)',
  })
  await schedulers.create({
    name: 'every-half',
    script: `export default async (system, self, inputs) => {
      await self.sleep(0.5)
      await self.flow(inputs.flow_id, {}, { wait: false })
    }`,
  })
  const kinds: readonly Partial<NewSchedule>[] = [
    ...['allow', 'queue_all', 'skip', 'queue_one', 'cancel_running', 'terminate_running'].map(
      (overlap) => ({ ...EVERY_SECOND, overlap: overlap as 'skip' }),
    ),
    { ...EVERY_SECOND, flow_name: 'slow-tick', overlap: 'queue_all' },
    { timing: { interval_seconds: 1, anchor: 'end' }, catch_up: 'all', flow_name: 'slow-tick' },
    { ...EVERY_SECOND, overlap: 'allow', jitter_seconds: 1 },
    { scheduler_name: 'every-half' },
  ]
  return Promise.all(
    kinds.map(async (kind, n) => {
      const fields = { flow_name: 'tick', ...kind }
      const { id } = await schedules.create({ name: `schedule ${n}`, ...fields })
      return { id, fields }
    }),
  )
}

/** At no moment does a schedule have two. */
async function countLive(chaos: Chaos): Promise<void> {
  const twice = await chaos.sql<{ schedule: string; live: number }>(
    `SELECT extra ->> 'schedule_id' AS schedule, count(*)::integer AS live FROM execution
     WHERE type = 'SCHEDULE' AND ended_at IS NULL GROUP BY 1 HAVING count(*) > 1`,
  )
  for (const { schedule, live } of twice)
    chaos.violation('I17', `${schedule} has ${live} live iterations`)
}

/** Each has one iteration again; then they are disabled, and have none. */
async function settles(chaos: Chaos, made: readonly Made[]): Promise<void> {
  const live = async (): Promise<number> => {
    const [row] = await chaos.sql<{ live: number }>(
      `SELECT count(*)::integer AS live FROM execution WHERE type = 'SCHEDULE' AND ended_at IS NULL`,
    )
    return row?.live ?? 0
  }
  const wanted = async (count: number): Promise<void> => {
    // Between two iterations there is a moment without one.
    await until(async () => (await live()) === count, {
      what: `${count} live iterations`,
      timeoutMs: 15_000,
    }).catch((error: unknown) => chaos.violation('I17', String(error)))
  }
  await wanted(made.length)
  for (const { id } of made) await chaos.stack.client.schedules.disable(id)
  await wanted(0)
  // What is left over is a finding, and must not keep the run from coming to its end.
  const left = await chaos.sql<{ id: string }>(
    `SELECT id FROM execution WHERE type = 'SCHEDULE' AND ended_at IS NULL`,
  )
  for (const { id } of left) await chaos.stack.client.executions.cancel(id).catch(() => undefined)
  // What they have started ends by itself, and the book hears of it.
  await until(
    async () =>
      (
        await chaos.sql(
          `SELECT FROM execution WHERE extra ->> 'schedule_id' IS NOT NULL AND ended_at IS NULL LIMIT 1`,
        )
      ).length === 0,
    { what: 'the ends of all runs', timeoutMs: 30_000 },
  ).catch((error: unknown) => chaos.violation('I17', String(error)))
}

async function readRows({ sql }: Chaos, made: readonly Made[]): Promise<ScheduleRows> {
  const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`
  const life = `id, extra ->> 'schedule_id' AS schedule, ${ms('created_at')} AS "createdAt", ${ms('ended_at')} AS "endedAt"`
  const ids = (isOne: (fields: Partial<NewSchedule>) => boolean): string[] =>
    made.filter(({ fields }) => isOne(fields)).map(({ id }) => id)
  return {
    iterations: await sql(`SELECT ${life} FROM execution WHERE type = 'SCHEDULE'`),
    runs: await sql(
      `SELECT schedule_id AS schedule, origin, state, ${ms('planned_at')} AS "plannedAt", count, execution_id AS execution
       FROM schedule_run`,
    ),
    flows: await sql(
      `SELECT ${life}, input ->> 'scheduled_at' AS "scheduledAt" FROM execution
       WHERE type = 'FLOW' AND extra ->> 'schedule_id' IS NOT NULL`,
    ),
    everySecond: ids(({ timing }) => timing?.cron !== undefined),
    oneByOne: ids(({ overlap, timing }) => overlap === 'queue_all' || timing?.anchor === 'end'),
  }
}
