import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { findFileSizeProblems } from './file-size.ts'
import { findImportLawProblems } from './import-law.ts'
import { findLicenceProblems } from './licences.ts'
import { findLockFileProblems } from './lock-file.ts'
import { findMarkProblems } from './marks.ts'
import { productFiles } from './product-files.ts'

/**
 * `make check`: every step runs, each prints what it found, and the exit code is 1 when any found
 * something. `node tools/check/main.ts lint types` runs only those named.
 */
type Step = readonly [name: string, find: () => readonly string[]]

const files = productFiles()
const STEPS: readonly Step[] = [
  ['format', command('prettier', '--check', '--log-level', 'warn', '.')],
  ['lint', command('oxlint', '--type-aware', '--quiet', '--format', 'unix')],
  ['types', command('tsc', '-p', 'tsconfig.json')],
  ['dead code', command('knip', '--no-progress', '--no-config-hints')],
  ['import law', () => findImportLawProblems(files)],
  ['file size', () => findFileSizeProblems(files)],
  ['marks', () => findMarkProblems(files)],
  ['licences', findLicenceProblems],
  ['lock file', findLockFileProblems],
  ['contracts', contracts],
]

const wanted = process.argv.slice(2)
let failed = 0
for (const [name, find] of STEPS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const from = performance.now()
  const problems = find()
  const seconds = ((performance.now() - from) / 1_000).toFixed(1)
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, '     '))
  if (problems.length > 0) failed += 1
}
if (failed > 0) console.log(`\n${failed} of the checks found something`)
process.exitCode = failed > 0 ? 1 : 0

/** A program that says what it found and exits non-zero. */
function command(program: string, ...args: string[]): () => readonly string[] {
  return () => {
    const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1_024 * 1_024 })
    if (done.error !== undefined) return [`${program}: ${done.error.message}`]
    if (done.status === 0) return []
    return [`${done.stdout}${done.stderr}`.trim() || `${program} exited with ${done.status}`]
  }
}

/** Lints proto/, and compares it with the contracts of the branch that is published. */
function contracts(): readonly string[] {
  if (globSync('proto/**/*.proto').length === 0) return []
  const problems = [...command('buf', 'lint', 'proto')()]
  const against = publishedContracts()
  // The first commit with contracts has nothing to break.
  if (against !== null)
    problems.push(...command('buf', 'breaking', 'proto', '--against', against)())
  return problems
}

function publishedContracts(): string | null {
  const git = (...args: string[]): { status: number | null; stdout: string } =>
    spawnSync('git', args, { encoding: 'utf8' })
  for (const branch of ['origin/main', 'HEAD'] as const) {
    const commit = git('rev-parse', '--verify', '--quiet', branch).stdout.trim()
    const tree = git('ls-tree', '-r', '--name-only', branch, 'proto').stdout
    if (commit !== '' && tree.includes('.proto')) return `.git#commit=${commit},subdir=proto`
  }
  return null
}
