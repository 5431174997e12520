import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { EffectRow, Op } from '../evidence.ts'

/** What was done to the stack, and how many executions were in flight when it began. */
export interface NemesisRow {
  readonly at: number
  readonly fault: string
  readonly phase: 'begin' | 'end' | 'failed' | 'missed'
  readonly inFlight: number
  readonly details: object
}

/** The three logs of a run, in memory for the checkers and as JSON lines for people. */
export interface Journal extends AsyncDisposable {
  readonly ops: readonly Op[]
  readonly effects: readonly EffectRow[]
  readonly nemesis: readonly NemesisRow[]
  op(row: Op): void
  effect(row: EffectRow): void
  nemesisRow(row: NemesisRow): void
}

/** Monotonic, the same for all processes of a machine; exact to 1 ns for 100 days of uptime. */
export const nowNs = (): number => Number(process.hrtime.bigint())

export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true })
  const ops = openLines<Op>(join(folder, 'ops.jsonl'))
  const effects = openLines<EffectRow>(join(folder, 'effects.jsonl'))
  const nemesis = openLines<NemesisRow>(join(folder, 'nemesis.jsonl'))
  return {
    ops: ops.rows,
    effects: effects.rows,
    nemesis: nemesis.rows,
    op: ops.add,
    effect: effects.add,
    nemesisRow: nemesis.add,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([ops.close(), effects.close(), nemesis.close()])
    },
  }
}

function openLines<T>(path: string) {
  const rows: T[] = []
  let isOpen = true
  const file = createWriteStream(path, { flags: 'a' })
  return {
    rows,
    add: (row: T): void => {
      // The run is over: a call that was given up fails late, a request arrives late.
      if (!isOpen) return
      rows.push(row)
      file.write(`${JSON.stringify(row)}\n`)
    },
    close: () => {
      isOpen = false
      return new Promise<void>((resolve) => file.end(() => resolve()))
    },
  }
}
