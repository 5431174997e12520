import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'

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

/** Short hash of the last commit that changed what runs, `+` when the tree has changed it since. */
export const productCommit = (): string => git('log', '-1', '--format=%h') + dirt()

/**
 * Of what runs itself, whatever commits brought it: what was tried of the same product does not have to
 * be tried again, also after its commits were rewritten. `+` as above.
 */
export const productHash = (): string =>
  createHash('sha256').update(git('ls-files', '--stage')).digest('hex').slice(0, 12) + dirt()

const dirt = (): string => (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')

const git = (...argv: string[]): string =>
  execFileSync('git', [...argv, '--', ...PRODUCT], {
    cwd: `${import.meta.dirname}/..`,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  }).trim()
