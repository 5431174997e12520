import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RunResult } from './summarize.ts'

/** A run as it is kept: what came of it, of which commit, or why there is nothing. */
export interface KeptRun extends Partial<RunResult> {
  readonly row: string
  readonly seed: number
  readonly commit: string
  /** The process ended without a result: this is what it said. */
  readonly broken?: string
}

export const isClean = (run: KeptRun): boolean =>
  run.broken === undefined && run.violations?.length === 0 && run.discounted === null

export function readResults(path: string): KeptRun[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KeptRun)
}

/** One line per run, so that a slice that is stopped loses nothing but what is under way. */
export function keepResult(path: string, run: KeptRun): void {
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, `${JSON.stringify(run)}\n`)
}
