import { execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createPlan, type Plan } from './plan.ts'
import { type HistoryResult, runHistory } from './run-history.ts'
import { shrinkPlan } from './shrink-plan.ts'
import { openSimPostgres } from './world/postgres.ts'

/**
 * node --no-node-snapshot test/simulation/main.ts
 *
 * 10,000 histories or 10 minutes (HISTORIES, MINUTES), whichever comes first, over 2 processes
 * (WORKERS), from the seed 1 on (FROM). With SEED: that history alone, with its trace. Exit code 1
 * when an invariant was broken; the first breach is shrunk and printed with the command that repeats it.
 */
const env = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const commit = process.env['COMMIT'] ?? headCommit()

if (process.env['SEED'] !== undefined) await one(env('SEED', 1))
else if (process.env['SIM_WORKER'] !== undefined) await work()
else await all()

/** Workers take every nth seed and tell of each on a line. */
async function all(): Promise<void> {
  const workers = env('WORKERS', 2)
  const histories = env('HISTORIES', 10_000)
  const startedAt = Date.now()
  const total = { done: 0, steps: 0, hits: 0, simulatedMs: 0 }
  const broken: { seed: number; breaches: string[] }[] = []
  const children = Array.from({ length: workers }, (_, n) =>
    spawn(process.execPath, [...process.execArgv, import.meta.filename], {
      env: { ...process.env, SIM_WORKER: String(n), HISTORIES: String(histories), COMMIT: commit },
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  await Promise.all(
    children.map(async (child) => {
      for await (const line of createInterface({ input: child.stdout })) {
        const told = JSON.parse(line) as { seed: number } & Omit<HistoryResult, 'trace'>
        total.done += 1
        total.steps += told.steps
        total.hits += told.faultsHit
        total.simulatedMs += told.simulatedMs
        if (told.breaches.length > 0) {
          broken.push({ seed: told.seed, breaches: [...told.breaches] })
          console.log(`SEED=${told.seed} COMMIT=${commit} make sim`)
          for (const breach of told.breaches.slice(0, 5)) console.log(`  ${breach}`)
        }
        if (total.done % 500 === 0)
          console.error(`${total.done} histories, ${broken.length} broken`)
      }
    }),
  )
  const seconds = (Date.now() - startedAt) / 1_000
  console.log(
    `${total.done} histories in ${seconds.toFixed(0)} s: ${total.steps} steps, ` +
      `${(total.simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${total.hits} faults hit in flight, ` +
      `${broken.length} broken`,
  )
  const [first] = broken.toSorted((a, b) => a.seed - b.seed)
  if (first !== undefined && process.env['SHRINK'] !== '0') await shrink(first.seed)
  process.exit(broken.length > 0 || total.done === 0 ? 1 : 0)
}

async function work(): Promise<void> {
  const postgres = await openSimPostgres()
  const endsAt = Date.now() + env('MINUTES', 10) * 60_000
  const from = env('FROM', 1)
  for (
    let n = env('SIM_WORKER', 0);
    n < env('HISTORIES', 0) && Date.now() < endsAt;
    n += env('WORKERS', 2)
  ) {
    const { trace: _, ...result } = await runHistory(createPlan(from + n), postgres)
    process.stdout.write(`${JSON.stringify({ seed: from + n, ...result })}\n`)
  }
  process.exit(0)
}

async function one(seed: number): Promise<void> {
  const postgres = await openSimPostgres()
  // Histories before it must not change it.
  for (let n = 1; n <= env('AFTER', 0); n += 1) await runHistory(createPlan(seed + n), postgres)
  const plan = createPlan(seed)
  const result = await runHistory(plan, postgres)
  print(plan, result)
  if (result.breaches.length > 0 && process.env['SHRINK'] !== '0') await shrink(seed)
  process.exit(result.breaches.length > 0 ? 1 : 0)
}

async function shrink(seed: number): Promise<void> {
  const postgres = await openSimPostgres()
  const run = (plan: Plan): Promise<HistoryResult> => runHistory(plan, postgres)
  const smallest = await shrinkPlan(createPlan(seed), run, Date.now() + 60_000)
  console.log(`\nThe smallest that breaks the same, from SEED=${seed} COMMIT=${commit} make sim:`)
  print(smallest, await run(smallest))
}

function print(plan: Plan, { trace, breaches, steps, simulatedMs }: HistoryResult): void {
  console.log(JSON.stringify(plan, null, 1))
  console.log(trace.join('\n'))
  console.log(`${steps} steps, ${simulatedMs} simulated ms`)
  for (const breach of breaches) console.log(breach)
}

function headCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
