import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { productCommit, productHash } from '../product-commit.ts'
import { ROWS } from './rows/index.ts'
import { fullPlan, shortPlan } from './run/plan.ts'
import { keepResult, type KeptRun, readResults } from './run/results.ts'
import { runInLanes } from './run/run-in-lanes.ts'
import { tableOf } from './run/table.ts'

/**
 * Many runs: `make chaos` is the slice of half an hour, `--full` asks of every row its clean runs and
 * goes on with `--resume` where it was stopped. Ends with the table; fails when something was violated.
 */
const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '2' },
    minutes: { type: 'string' },
    rows: { type: 'string' },
    runs: { type: 'string', default: '5' },
    'many-runs': { type: 'string', default: '30' },
    seed: { type: 'string' },
    folder: { type: 'string', default: '.millrace-chaos' },
    /** Runs nothing: writes the table of all kept runs into docs/chaos.md. */
    docs: { type: 'boolean', default: false },
  },
})
/** Of one run of most rows. */
const RUN_WITHIN_MS = 420_000
const wanted = values.rows?.split(',')
const rows = ROWS.filter(({ id }) => wanted === undefined || wanted.some((one) => covers(one, id)))
const folder = resolve(values.folder)
/** Kept with the code: a full run takes longer than a session of work. */
const kept = resolve(import.meta.dirname, 'results', 'runs.jsonl')
const path = values.full ? kept : `${folder}/results.jsonl`
const [commit, product] = [productCommit(), productHash()]
const base = Number(values.seed ?? (values.full ? 1 : Math.floor(Math.random() * 2 ** 31)))
const ids = rows.map(({ id }) => id)
const done = readResults(path).filter((run) => values.resume && run.product === product)

if (values.docs) writeDocs(tableOf(ROWS, readResults(kept)))
else await run()

async function run(): Promise<void> {
  console.log(`commit ${commit}, seed ${base}, results in ${path}`)
  const plan = values.full
    ? fullPlan(ids, {
        done,
        base,
        runs: Number(values.runs),
        manyRuns: Number(values['many-runs']),
      })
    : shortPlan(ids, base)
  const own: KeptRun[] = []
  process.on('SIGTERM', () => process.exit(143))
  process.on('SIGINT', () => process.exit(130))
  await runInLanes(plan, {
    lanes: Number(values.lanes),
    folder,
    of: { commit, product },
    patienceOf: (id) => ROWS.find((row) => row.id === id)?.withinMs ?? RUN_WITHIN_MS,
    withinMs: Number(values.minutes ?? (values.full ? 1e6 : 29)) * 60_000,
    onRun: (one) => {
      own.push(one)
      keepResult(path, one)
      console.log(lineOf(one))
    },
  })
  console.log(`\n${tableOf(rows, [...done, ...own])}`)
  const failed = own.filter((one) => one.broken !== undefined || (one.violations?.length ?? 0) > 0)
  console.log(`${own.length} runs, ${failed.length} failed`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

function writeDocs(table: string): void {
  const place = resolve(import.meta.dirname, '..', '..', 'docs', 'chaos.md')
  const [head, rest] = readFileSync(place, 'utf8').split('<!-- rows -->')
  const tail = rest?.split('<!-- /rows -->')[1]
  if (head === undefined || tail === undefined) throw new Error(`${place} has no place for rows`)
  writeFileSync(place, `${head}<!-- rows -->\n\n${table}\n<!-- /rows -->${tail}`)
}

/** `M2` stands for `M2-gateway` and its like, too. */
function covers(asked: string, id: string): boolean {
  return id === asked || id.startsWith(`${asked}-`)
}

function lineOf(one: KeptRun): string {
  const head = `${one.row.padEnd(16)} seed ${String(one.seed).padEnd(10)}`
  if (one.broken !== undefined) return `${head} broken: ${one.broken.slice(-300)}`
  const facts = `${one.started} started, ${one.succeeded}/${one.operations} answered, ${one.takeovers} taken over, quiet after ${one.quiesceMs} ms, ${one.seconds} s`
  const [first] = one.violations ?? []
  if (first !== undefined)
    return `${head} VIOLATED ${one.violations?.length} × ${first.invariant}: ${first.text} (${one.report})`
  return one.discounted === null
    ? `${head} clean: ${facts}`
    : `${head} not counted (${one.discounted}): ${facts}`
}
