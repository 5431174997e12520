import { type ChildProcess, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { monotonicMs } from '@millrace/runtime'
import type { PlannedRun } from './plan.ts'
import type { KeptRun } from './results.ts'
import type { RunResult } from './summarize.ts'

export interface LaneOptions {
  readonly lanes: number
  readonly folder: string
  readonly of: Pick<KeptRun, 'commit' | 'product'>
  /** No run is begun after so many ms. */
  readonly withinMs: number
  readonly onRun: (run: KeptRun) => void
  /** How long a run of that row may take, start to end; whatever hangs longer is ended. */
  readonly patienceOf: (row: string) => number
}

const MAIN = join(import.meta.dirname, '..', 'main.ts')
/** Several runs at once, each a process with a stack of its own: most of a run is waiting. */
export async function runInLanes(plan: Iterable<PlannedRun>, options: LaneOptions): Promise<void> {
  const { lanes, withinMs, onRun } = options
  const from = monotonicMs()
  const next = plan[Symbol.iterator]()
  const lane = async (): Promise<void> => {
    while (monotonicMs() - from < withinMs) {
      const { value, done } = next.next()
      if (done === true) return
      onRun(await runOne(value, options))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function runOne({ row, seed }: PlannedRun, options: LaneOptions): Promise<KeptRun> {
  const folder = join(options.folder, `${row}-${seed}`)
  await rm(folder, { recursive: true, force: true })
  const child = spawn(
    process.execPath,
    [MAIN, '--row', row, '--seed', String(seed), '--folder', folder],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const patience = setTimeout(() => child.kill('SIGTERM'), options.patienceOf(row))
  const stopped = onStop(child)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  clearTimeout(patience)
  stopped()
  const place = { row, seed, ...options.of }
  const result = parse(out)
  if (result === null) return { ...place, broken: `${out}\n${err}`.trim().slice(-2_000) }
  if (result.violations.length === 0) await rm(folder, { recursive: true, force: true })
  return { ...result, ...place }
}

/** Whoever ends the slice ends its runs, and they their stacks. */
function onStop(child: ChildProcess): () => void {
  const stop = (): void => void child.kill('SIGTERM')
  process.once('exit', stop)
  return () => process.removeListener('exit', stop)
}

function parse(out: string): RunResult | null {
  try {
    return JSON.parse(out.trim().split('\n').at(-1) ?? '') as RunResult
  } catch {
    return null
  }
}
