import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyTree, type SourceTree } from './bugs/copy-tree.ts'
import { detect, type Detector, detectorsFor } from './bugs/detect.ts'
import type { PlantedBug } from './bugs/planted-bug.ts'
import { PLANTED_BUGS } from './bugs/planted-bugs.ts'

/**
 * `make chaos-gate`: plants each bug in a copy of the sources and looks for it with the simulation,
 * then with rows of the chaos matrix. Each must be found within five runs of one of them, and the
 * copy without a bug must be green; until then no other result counts.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    with: { type: 'string' },
    runs: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
})
const RUNS = Number(values.runs)
const FIRST_SEED = Number(values.seed)
const RUN_LIMIT_MS = 240_000
const ROOT = join(import.meta.dirname, '..', '..')
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT })
  .toString()
  .trim()

interface GateResult {
  readonly bug: string
  /** What it was planted in. */
  readonly commit: string
  readonly about: string
  /** Null: nobody found it. */
  readonly foundBy: string | null
  readonly invariants: readonly string[]
  readonly example: string | null
  /** Runs of the one that found it, the last one red. */
  readonly runs: number
  /** Of these runs together. */
  readonly seconds: number
  /** Runs of others before it, all green. */
  readonly greenBefore: Readonly<Record<string, number>>
}

const chosen = PLANTED_BUGS.filter(
  ({ name }) => values.only === undefined || values.only.split(',').includes(name),
)
const folder = mkdtempSync(join(tmpdir(), 'millrace-gate-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const tree = copyTree(ROOT, join(folder, 'tree'))
const control = await lookFor(tree, null)
if (control.foundBy !== null) {
  say(`red without any bug, by ${control.foundBy}: ${control.example}`)
  process.exit(1)
}
if (Object.keys(control.greenBefore).length < wanted(detectorsFor([])).length) {
  say('the simulation does not come to a result even without a bug')
  process.exit(1)
}
const results: GateResult[] = []
for (const bug of chosen) {
  tree.plant(bug)
  results.push(await lookFor(tree, bug))
  tree.restore()
  write(results)
}
print(results)
const missed = results.filter(({ foundBy }) => foundBy === null)
say(`${results.length - missed.length} of ${results.length} planted bugs found`)
process.exit(missed.length > 0 ? 1 : 0)

/** Without a bug: one run of the first detector, which must be green. */
async function lookFor(planted: SourceTree, bug: PlantedBug | null): Promise<GateResult> {
  const greenBefore: Record<string, number> = {}
  const name = bug?.name ?? 'no bug'
  const about = bug?.about ?? ''
  for (const detector of wanted(detectorsFor(bug?.rows ?? []))) {
    let seconds = 0
    for (let run = 1; run <= (bug === null ? 1 : RUNS); run += 1) {
      const seed = FIRST_SEED + run - 1
      const found = await detect(detector, { root: planted.root, seed, limitMs: RUN_LIMIT_MS })
      seconds += found.seconds
      say(
        `${name}, ${detector.name} seed ${seed}: ${found.broken ?? (found.invariants.join(' ') || 'green')} (${found.seconds} s)`,
      )
      const { invariants, example } = found
      if (invariants.length > 0)
        return {
          bug: name,
          commit,
          about,
          foundBy: detector.name,
          invariants,
          example,
          runs: run,
          seconds: Math.round(seconds),
          greenBefore,
        }
      if (found.broken === null) greenBefore[detector.name] = run
    }
  }
  return {
    bug: name,
    commit,
    about,
    foundBy: null,
    invariants: [],
    example: null,
    runs: 0,
    seconds: 0,
    greenBefore,
  }
}

function wanted(detectors: readonly Detector[]): readonly Detector[] {
  const names = values.with?.split(',')
  return names === undefined ? detectors : detectors.filter(({ name }) => names.includes(name))
}

/** Keeps what an earlier run says of other bugs. */
function write(found: readonly GateResult[]): void {
  const path = values.out ?? join(import.meta.dirname, 'results', 'gate.json')
  mkdirSync(dirname(path), { recursive: true })
  const before = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as { bugs: readonly GateResult[] }).bugs
    : []
  const bugs = PLANTED_BUGS.flatMap(
    ({ name }) => found.concat(before).find(({ bug }) => bug === name) ?? [],
  )
  writeFileSync(
    path,
    `${JSON.stringify({ node: process.version, cores: cpus().length, bugs }, null, 2)}\n`,
  )
}

function print(bugs: readonly GateResult[]): void {
  say('| bug | found by | invariants | runs | seconds |')
  say('| --- | --- | --- | --- | --- |')
  for (const { bug, foundBy, invariants, runs, seconds } of bugs)
    say(`| ${bug} | ${foundBy ?? 'nobody'} | ${invariants.join(' ')} | ${runs} | ${seconds} |`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
