import { cp, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { timerLateness } from '../check/timers.ts'
import type { Evidence, Op, Violation } from '../evidence.ts'
import type { ChaosRow } from '../row.ts'
import { SHORTENED } from '../shortened.ts'
import type { Journal } from './journal.ts'

/** What came of one run of a row. */
export interface RunResult {
  readonly row: string
  readonly seed: number
  readonly violations: readonly Violation[]
  /** Why it does not count although nothing was violated; null when it counts. */
  readonly discounted: string | null
  /** How often each fault was injected, and how often with executions in flight. */
  readonly faults: Readonly<Record<string, { injected: number; hit: number }>>
  readonly takeovers: number
  readonly started: number
  readonly operations: number
  readonly succeeded: number
  readonly effects: number
  readonly timerP99Ms: number | null
  readonly quiesceMs: number
  readonly seconds: number
  readonly notes: Readonly<Record<string, number>>
  /** The folder that tells more, when something was violated. */
  readonly report: string | null
}

/** Nothing was begun: this machine lacks something. It does not count, and does not pass. */
export const notRun = (row: ChaosRow, seed: number, reason: string): RunResult => ({
  row: row.id,
  seed,
  violations: [],
  discounted: `not run: ${reason}`,
  faults: {},
  ...{ takeovers: 0, started: 0, operations: 0, succeeded: 0, effects: 0 },
  timerP99Ms: null,
  quiesceMs: 0,
  seconds: 0,
  notes: {},
  report: null,
})

/** A caller that asks another gateway after a failure has to be served by then. */
export function tooManyFailures({ failuresAtMost }: ChaosRow, ops: readonly Op[]): Violation[] {
  if (failuresAtMost === undefined) return []
  return ops
    .filter(({ failures }) => failures > failuresAtMost)
    .map(({ kind, key, failures, status }) => ({
      invariant: 'I15',
      text: `${kind} ${key} failed ${failures} times in a row, at last with ${status ?? 'no answer'}`,
    }))
}

/** Counts, and says whether the run counts at all. */
export function summarize(
  row: ChaosRow,
  run: {
    seed: number
    evidence: Evidence
    journal: Journal
    violations: readonly Violation[]
    notes: Readonly<Record<string, number>>
  },
): Omit<RunResult, 'quiesceMs' | 'seconds' | 'report'> {
  const { ops, effects, rows } = run.evidence
  const succeeded = ops.filter(({ outcome, status }) => outcome === 'ok' || status === 409).length
  const takeovers = rows.events.filter(({ what }) => what === 'recovered').length
  const faults: Record<string, { injected: number; hit: number }> = {}
  for (const { fault, phase, inFlight } of run.journal.nemesis) {
    const one = (faults[fault] ??= { injected: 0, hit: 0 })
    if (phase === 'begin') one.injected += 1
    if (phase === 'begin' && inFlight > 0) one.hit += 1
    if (phase === 'missed' && inFlight > 0) one.hit -= 1
  }
  const late = timerLateness(rows)
  return {
    row: row.id,
    seed: run.seed,
    violations: run.violations,
    discounted: discount(row, { ops, succeeded, takeovers, faults, notes: run.notes }),
    faults,
    takeovers,
    started: ops.filter(({ kind, outcome }) => kind === 'start' && outcome === 'ok').length,
    operations: ops.length,
    succeeded,
    effects: effects.length,
    timerP99Ms: late.length === 0 ? null : Math.round(late[Math.floor(late.length * 0.99)] ?? 0),
    notes: run.notes,
  }
}

/** A run that only shows that nothing happened shows nothing. */
function discount(
  row: ChaosRow,
  run: Pick<RunResult, 'faults' | 'succeeded' | 'takeovers' | 'notes'> & { ops: readonly Op[] },
): string | null {
  const share = run.succeeded / Math.max(1, run.ops.length)
  const missed = row.faults.filter((name) => (run.faults[name]?.hit ?? 0) === 0)
  const unseen = (row.mustSee ?? []).filter((name) => (run.notes[name] ?? 0) <= 0)
  if (SHORTENED > 1) return `shortened ${SHORTENED} times`
  if (share < SUCCEEDED_MIN)
    return `only ${Math.round(share * 100)} % of ${run.ops.length} operations succeeded`
  if (missed.length > 0) return `no work in flight at ${missed.join(', ')}`
  if (unseen.length > 0) return `not seen: ${unseen.join(', ')}`
  return row.takeover && run.takeovers === 0 ? 'nothing was taken over' : null
}

const SUCCEEDED_MIN = 0.7

/** The journals lie there already; besides: what is stored, what was found, what the services said. */
export async function keepReport(
  folder: string,
  evidence: Evidence,
  violations: readonly Violation[],
): Promise<string> {
  await writeFile(join(folder, 'rows.json'), JSON.stringify(evidence.rows))
  await writeFile(join(folder, 'violations.json'), JSON.stringify(violations, null, 1))
  await cp(join(folder, 'home', 'log'), join(folder, 'log'), { recursive: true })
  return relative(process.cwd(), folder)
}
