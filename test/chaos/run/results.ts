import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RunResult } from './summarize.ts'

/** A run as it is kept: what came of it, of which product, or why there is nothing. */
export interface KeptRun extends Partial<RunResult> {
  readonly row: string
  readonly seed: number
  readonly commit: string
  /** Hash of what ran: see productHash. */
  readonly product: string
  /** The process ended without a result: this is what it said. */
  readonly broken?: string
}

export const isClean = (run: KeptRun): boolean =>
  run.broken === undefined && run.violations?.length === 0 && run.discounted === null

const VIOLATIONS_KEPT = 20

export function readResults(path: string): KeptRun[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KeptRun)
}

/**
 * One line per run, so that a slice that is stopped loses nothing but what is under way. Of many
 * violations the first ones: the report has all.
 */
export function keepResult(path: string, run: KeptRun): void {
  mkdirSync(dirname(path), { recursive: true })
  const violations = run.violations?.slice(0, VIOLATIONS_KEPT)
  appendFileSync(path, `${JSON.stringify({ ...run, violations })}\n`)
}
