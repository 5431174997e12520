import { sleep } from '@millrace/runtime'
import type { Violation } from '../evidence.ts'
import type { Hooks } from '../load/hooks.ts'
import type { Load } from '../load/load.ts'
import type { Rng } from '../rng.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import type { StackDatabase } from './database.ts'
import { type Journal, type NemesisRow, nowNs } from './journal.ts'
import type { ChaosStack } from './start-chaos-stack.ts'
import type { Watch } from './watch-in-flight.ts'

/** What a row gets its hands on, and where what it does is noted. */
export interface Run {
  readonly running: ChaosStack
  readonly database: StackDatabase
  readonly journal: Journal
  readonly load: Load
  readonly hooks: Hooks
  readonly watch: Watch
  readonly rng: Rng
  readonly effectsUrl: string
  /** What the row itself has found and measured. */
  readonly violations: Violation[]
  readonly notes: Record<string, number>
}

/** The faults phase. A row that throws is a finding, too: it could not do what it is there for. */
export async function injectFaults(row: ChaosRow, run: Run, faultsMs: number): Promise<void> {
  const chaos = createChaos(run, AbortSignal.timeout(faultsMs))
  try {
    await row.run(chaos)
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? '') : String(error)
    run.violations.push({ invariant: 'row', text })
  } finally {
    run.running.links?.heal()
  }
}

function createChaos(run: Run, signal: AbortSignal): Chaos {
  const { running, database, journal, load, rng, watch } = run
  return {
    stack: running.stack,
    gateways: running.urls,
    links: running.links,
    rng,
    signal,
    inFlight: watch.inFlight,
    load: { effectsUrl: run.effectsUrl, start: load.start, hooks: run.hooks },
    sql: database.sql,
    fault: async (name, details, act) => {
      const note = (
        phase: NemesisRow['phase'],
        { inFlight = watch.inFlight(), ...more }: { inFlight?: number; error?: string } = {},
      ): void =>
        journal.nemesisRow({
          at: nowNs(),
          fault: name,
          phase,
          inFlight,
          details: { ...details, ...more },
        })
      const inFlight = watch.inFlight()
      note('begin', { inFlight })
      try {
        const done = await act()
        // What found nothing to hit takes back the hit that its begin was counted as.
        if (done === false || done === null) note('missed', { inFlight })
        else note('end')
        return done
      } catch (error) {
        note('failed', { error: String(error) })
        throw error
      }
    },
    rest: async (ms) => {
      await sleep(ms, signal).catch(() => undefined)
      return !signal.aborted
    },
    violation: (invariant, text, details) => run.violations.push({ invariant, text, details }),
    note: (name, value) => {
      run.notes[name] = value
    },
  }
}
