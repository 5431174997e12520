import { execFileSync } from 'node:child_process'

/** What runs; words and tests are not of it. */
const PRODUCT = [
  'packages',
  'services',
  'proto',
  'deploy/local',
  ':(exclude,glob)**/*.test.ts',
  ':(exclude,glob)**/*-fixture.ts',
  ':(exclude,glob)**/test/**',
  ':(exclude,glob)**/*.md',
]

/**
 * Short hash of the last commit that changed what runs, `+` when the tree has changed it since: what
 * was measured or tried of the same product does not have to be done again.
 */
export function productCommit(): string {
  const git = (...argv: string[]): string =>
    execFileSync('git', [...argv, '--', ...PRODUCT], {
      cwd: `${import.meta.dirname}/..`,
      encoding: 'utf8',
    }).trim()
  const isDirty = git('status', '--porcelain', '--untracked-files=no') !== ''
  return git('log', '-1', '--format=%h') + (isDirty ? '+' : '')
}
