import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { measureFootprint } from '../bench/footprint.ts'
import { figure, type Figure, type Scenario } from '../bench/scenario.ts'
import { quantile, slope } from './measure.ts'
import { openLoop } from './open-loop.ts'
import { startTarget, type Target } from './target.ts'

const MINUTES = Number(process.env['MINUTES'] ?? 60)
const RATE = Number(process.env['RATE'] ?? 300)
/** What the stack keeps, so that it must be flat after that and a while. */
const RETENTION_MINUTES = Number(
  process.env['RETENTION_MINUTES'] ?? Math.max(1, Math.round(MINUTES / 10)),
)
/** Until then tables fill and caches warm. */
const WARM_MINUTES = Math.max(RETENTION_MINUTES * 2 + 2, MINUTES / 4)
/** Between the first and the last judged minute, of the mean. Vacuum and checkpoints make waves. */
const GROWTH_MAX_PERCENT = 10

export const steady: Scenario = {
  id: 'steady',
  title: `${MINUTES} minutes of steady load`,
  how: `${RATE} arrivals a second (Poisson): empty flows with \`?wait\`, flows of steps with a child and a sleep, and flows under a lock. Retention of ${RETENTION_MINUTES} min in partitions of 1 min. Sampled each minute; judged from minute ${WARM_MINUTES} on by the slope of a line through the samples, as growth over that time.`,
  async run() {
    await using target = await startTarget({
      connections: 2_000,
      env: {
        MILLRACE_RETENTION_MINUTES: String(RETENTION_MINUTES),
        MILLRACE_PARTITION_MINUTES: '1',
      },
    })
    for (const [name, body] of Object.entries(FLOWS)) await target.flow(name, body)
    const latencies: number[] = []
    let refused = 0
    let bad = 0
    const names = [
      'empty',
      'empty',
      'empty',
      'empty',
      'empty',
      'empty',
      'empty',
      'empty',
      'steps',
      'locked',
    ]
    const load = openLoop(
      { perSecond: RATE, seconds: MINUTES * 60, seed: 1 },
      async (scheduledMs, i) => {
        const name = names[i % names.length] ?? 'empty'
        const reply = await target.ask('POST', 'execution?wait=60&fields=status,output_value', {
          flow_name: name,
          input_value: { key: i, lock: `lock ${i % 97}` },
        })
        if (name === 'empty') latencies.push(performance.now() - scheduledMs)
        if (reply.status === 429) refused += 1
        else if (!reply.text.includes('ENDED_SUCCESS')) bad += 1
      },
    )
    const samples = await sampleUntil(load, target)
    await load
    const judged = samples.filter(({ minute }) => minute >= WARM_MINUTES)
    return [
      figure('not ended well', bad, '', { atMost: 0 }),
      figure('refused', refused, ''),
      figure('empty flow, p50', quantile(latencies, 0.5), 'ms'),
      figure('empty flow, p99', quantile(latencies, 0.99), 'ms'),
      ...Object.keys(judged[0]?.sizes ?? {}).flatMap((name) => growthOf(name, judged)),
    ]
  },
}

interface Sample {
  readonly minute: number
  /** MiB, but for rows. */
  readonly sizes: Readonly<Record<string, number>>
}

async function sampleUntil(load: Promise<void>, target: Target): Promise<Sample[]> {
  const samples: Sample[] = []
  const end = load.then(() => true)
  const begun = performance.now()
  for (let minute = 1; ; minute++) {
    const pause = begun + minute * 60_000 - performance.now()
    if (await Promise.race([end, sleep(Math.max(0, pause)).then(() => false)])) return samples
    const sizes = await sizesOf(target)
    samples.push({ minute, sizes })
    console.log(minute, JSON.stringify(sizes))
  }
}

async function sizesOf(target: Target): Promise<Record<string, number>> {
  const { processes, totalPssMib } = await measureFootprint(target.stack.home, 100)
  const tables = await target.sql<{ name: string; mib: number }>(TABLES)
  const [rows] = await target.sql<{ n: number }>('SELECT count(*)::integer AS n FROM execution')
  const folder = join(target.stack.home, 'postgres')
  return {
    'memory, all': totalPssMib,
    ...Object.fromEntries(processes.map(({ name, pssMib }) => [`memory, ${name}`, pssMib])),
    'disk, all of Postgres': diskMib(folder),
    ...Object.fromEntries(tables.map(({ name, mib }) => [`table ${name}`, mib])),
    'rows of execution': rows?.n ?? 0,
  }
}

/** All partitions and indexes of a table together; those of a MiB and more. */
const TABLES = `
SELECT coalesce(p.inhparent, c.oid)::regclass::text AS name,
  (sum(pg_total_relation_size(c.oid)) / 1048576)::float8 AS mib
FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
GROUP BY 1 HAVING sum(pg_total_relation_size(c.oid)) > 1048576 ORDER BY 1`

function diskMib(folder: string): number {
  // Files come and go meanwhile: what it says of those is no failure.
  const { stdout } = spawnSync('du', ['-sk', folder], { encoding: 'utf8' })
  return Number.parseInt(stdout, 10) / 1_024
}

function growthOf(name: string, samples: readonly Sample[]): Figure[] {
  const points = samples.map(({ minute, sizes }) => ({ x: minute, y: sizes[name] ?? 0 }))
  const mean = points.reduce((sum, { y }) => sum + y, 0) / points.length
  const minutes = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0)
  const percent = ((slope(points) * minutes) / mean) * 100
  const unit = name.startsWith('rows') ? '' : 'MiB'
  return [
    figure(`${name}: mean`, mean, unit),
    figure(`${name}: growth`, percent, '%', { atMost: GROWTH_MAX_PERCENT }),
  ]
}

const FLOWS = {
  empty: 'return inputs.key',
  steps: `let n = 0
  for (let i = 0; i < 3; i++) n = await self.step('step', () => n + 1)
  self.log('at', n)
  const child = await self.flow('empty', { key: n })
  await self.sleep(0.2)
  return child.output`,
  locked: `const lock = system.semaphore(inputs.lock, 1)
  await lock.acquire()
  await self.step('under lock', () => 1)
  await lock.release()`,
}
