import { isTest, type ProductFile } from './product-files.ts'

interface Mark {
  readonly pattern: RegExp
  readonly where: 'all' | 'product' | 'tests'
  readonly why: string
}

/** What a line must not hold. Each hides work from CI, or time from a test. */
const MARKS: readonly Mark[] = [
  {
    pattern: /\b(?:test|it|describe|suite)\.(?:only|skip|todo)\(/,
    where: 'tests',
    why: 'a test that does not run, or runs alone',
  },
  {
    pattern: /@ts-(?:ignore|nocheck)/,
    where: 'all',
    why: 'the compiler is silenced; @ts-expect-error with a reason at least ends by itself',
  },
  {
    pattern: /\bnew Date\(\)/,
    where: 'product',
    why: 'time is an argument: now() of @millrace/runtime at the edge',
  },
  { pattern: /\b(?:FIXME|XXX|HACK)\b/, where: 'all', why: 'only NOTE and TODO(#issue)' },
  { pattern: /\bTODO(?!\(#\d+\))/, where: 'all', why: 'a TODO names its issue: TODO(#12)' },
]
// This folder names what it looks for; runtime owns the clock.
const EXEMPT = /^tools\/check\/|^packages\/runtime\//

export function findMarkProblems(files: readonly ProductFile[]): readonly string[] {
  return files
    .filter(({ path }) => !EXEMPT.test(path))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          MARKS.filter((mark) =>
            mark.where === 'all' || (mark.where === 'tests') === isTest(path)
              ? mark.pattern.test(line)
              : false,
          ).map((mark) => `${path}:${index + 1}: ${mark.why}`),
        ),
    )
}
