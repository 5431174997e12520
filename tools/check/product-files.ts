import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A TypeScript file of ours. Generated code and peers' benchmarks are not. */
export interface ProductFile {
  readonly path: string
  readonly text: string
}

/** Every .ts file that git tracks or would track. */
export function productFiles(): readonly ProductFile[] {
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.ts'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
  })
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`)
  return listed.stdout
    .split('\n')
    .filter((path) => path !== '' && !path.includes('/gen/') && existsSync(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
}

/** Tests, what is written for them alone (`x-fixture.ts`, folders named test), and tools. */
export const isTest = (path: string): boolean =>
  /(?:\.test|-fixture)\.ts$/.test(path) ||
  /^(?:test|tools)\/|^(?:packages|services|deploy)\/[^/]+\/test\//.test(path)
