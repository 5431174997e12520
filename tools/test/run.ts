import { globSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

/**
 * Runs test files with Node's own runner, stage after stage (`--` divides them), and prints as the
 * last line `N passed, N failed`. Exit code 1 when a test failed, was cancelled, or none ran.
 *
 *   node tools/test/run.ts 'packages/*\/src/**\/*.test.ts' -- 'test/e2e/**\/*.test.ts'
 */
const TEST_WITHIN_MS = 300_000
const SILENT_AT_MOST_MS = 360_000

const stages = stagesOf(process.argv.slice(2))
const total = { passed: 0, failed: 0, skipped: 0 }

for (const globs of stages) {
  // Each stage owns both cores: end-to-end tests measure time limits and run after the rest.
  const counts = await runStage(globs)
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
}
if (total.skipped > 0) console.log(`${total.skipped} skipped`)
if (total.passed + total.failed === 0) console.log('no test ran')
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

async function runStage(globs: readonly string[]): Promise<typeof total> {
  const files = globs
    .flatMap((glob) => globSync(glob, { exclude: (path) => path.includes('node_modules') }))
    .toSorted()
  const counts = { passed: 0, failed: 0, skipped: 0 }
  if (files.length === 0) return counts
  const execArgv = ['--disable-warning=ExperimentalWarning'] // as services are started
  const stuck = new AbortController()
  const stream = run({
    files,
    concurrency: 2,
    timeout: TEST_WITHIN_MS,
    execArgv,
    signal: stuck.signal,
  })
  // Tests that have ended may leave a process that does not: the runner waits for it without a limit.
  const guard = setTimeout(() => stuck.abort(), SILENT_AT_MOST_MS)
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return // one comes per file, and one for all of them
    counts.passed = summary.counts.passed
    counts.failed =
      summary.counts.tests - summary.counts.passed - summary.counts.skipped - summary.counts.todo
    counts.skipped = summary.counts.skipped + summary.counts.todo
  })
  const report = stream.compose(spec)
  for await (const text of report) {
    process.stdout.write(text as string)
    if (!stuck.signal.aborted) guard.refresh()
  }
  clearTimeout(guard)
  if (stuck.signal.aborted)
    console.log(`ended what ran: it had said nothing for ${SILENT_AT_MOST_MS / 60_000} minutes`)
  return counts
}

function stagesOf(args: readonly string[]): string[][] {
  const stages: string[][] = [[]]
  for (const arg of args) {
    if (arg === '--') stages.push([])
    else stages.at(-1)?.push(arg)
  }
  return stages
}
