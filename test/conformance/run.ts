import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { startStack } from '../stack/index.ts'
import { runningStack } from './harness.ts'
import { judge, type TestOutcome } from './outcomes.ts'
import { conformancePage } from './page.ts'

/**
 * `make conformance`: every test file against one real stack, then docs/conformance.md. Exit code 1 when
 * a test failed, or an item that may not wait has none. `ONLY=section-07` runs the files of that name
 * and writes no page.
 */
const ROOT = join(import.meta.dirname, '..', '..')
const only = process.env['ONLY'] ?? ''
const files = globSync(join(import.meta.dirname, 'suite', `*${only}*.test.ts`)).toSorted()

const stack = await startStack({ engines: 1 })
try {
  process.env['MILLRACE_CONFORMANCE_STACK'] = JSON.stringify(runningStack(stack))
  const tests = await runFiles()
  const outcomes = judge(tests)
  const rows = [...outcomes.items, ...outcomes.properties]
  if (only === '') await writeFile(join(ROOT, 'docs', 'conformance.md'), conformancePage(outcomes))
  else
    console.log(
      rows
        .filter(({ result }) => result === 'red')
        .map(({ id }) => id)
        .join(' '),
    )
  for (const result of ['green', 'red', 'no test yet', 'decided otherwise', 'waits'] as const)
    console.log(
      `${String(rows.filter((row) => row.result === result).length).padStart(5)} ${result}`,
    )
  process.exitCode = tests.length > 0 && (only === '' ? outcomes.green : allPassed(tests)) ? 0 : 1
} finally {
  await stack.stop()
}

async function runFiles(): Promise<TestOutcome[]> {
  const tests: TestOutcome[] = []
  const execArgv = ['--disable-warning=ExperimentalWarning']
  const stream = run({ files, concurrency: 2, timeout: 300_000, execArgv })
  const note = (passed: boolean) => (event: { name: string; file?: string }) => {
    const file = relative(ROOT, event.file ?? '')
    // A file is reported as a test of its own; only what failed by itself counts then.
    if (!/^[[{]/.test(event.name) && passed) return
    tests.push({ name: event.name, file, passed })
  }
  stream.on('test:pass', (event) =>
    note(event.skip === undefined && event.todo === undefined)(event),
  )
  stream.on('test:fail', note(false))
  for await (const text of stream.compose(spec)) process.stdout.write(text as string)
  return tests
}

function allPassed(tests: readonly TestOutcome[]): boolean {
  return tests.every(({ passed }) => passed)
}
