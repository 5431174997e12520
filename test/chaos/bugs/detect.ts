import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, monotonicMs } from '@millrace/runtime'

/** A way to look for violations: one run of it, told by a seed. */
export interface Detector {
  /** Such as `simulation` or `M5`. */
  readonly name: string
  readonly argv: (seed: number) => readonly string[]
}

export interface Finding {
  /** The invariants that were violated; none: the run was green. */
  readonly invariants: readonly string[]
  /** The first violation, in its own words. */
  readonly example: string | null
  /** Why the run says nothing: it did not come to a result. */
  readonly broken: string | null
  readonly seconds: number
}

const SIMULATION: Detector = {
  name: 'simulation',
  argv: (seed) => ['test/simulation/main.ts', '--seed', String(seed), '--json'],
}

const row = (name: string): Detector => ({
  name,
  argv: (seed) => ['test/chaos/main.ts', '--row', name, '--seed', String(seed)],
})

/** The simulation first: it is the quickest. */
export const detectorsFor = (rows: readonly string[]): Detector[] => [SIMULATION, ...rows.map(row)]

/** Runs a detector on a tree. Only a result with violations is red: whatever else goes wrong is not. */
export async function detect(
  detector: Detector,
  { root, seed, limitMs }: { root: string; seed: number; limitMs: number },
): Promise<Finding> {
  const startedAt = monotonicMs()
  const child = spawn(process.execPath, detector.argv(seed), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a run that hangs is ended with everything it started.
    detached: true,
    env: { ...process.env, PATH: `${join(root, '.toolchain/bin')}:${process.env['PATH'] ?? ''}` },
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(String(error)))
    child.once('close', (code, signal) => resolve(`ended with ${code ?? signal}`))
  })
  const limit = after(limitMs, () => endGroup(child.pid))
  const [out, err, how] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  limit.cancel()
  endGroup(child.pid)
  const seconds = Math.round((monotonicMs() - startedAt) / 100) / 10
  const violations = violationsIn(out)
  if (violations === null)
    return {
      invariants: [],
      example: null,
      broken: `${how}\n${(err + out).slice(-2_000)}`,
      seconds,
    }
  return {
    invariants: [...new Set(violations.map(({ invariant }) => invariant))].toSorted(),
    example: violations[0]?.text ?? null,
    broken: null,
    seconds,
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

interface Violation {
  readonly invariant: string
  readonly text: string
}

/** The last line that is a JSON result. */
function violationsIn(out: string): readonly Violation[] | null {
  for (const line of out.trimEnd().split('\n').toReversed()) {
    if (!line.startsWith('{')) continue
    try {
      const { violations } = JSON.parse(line) as { violations?: readonly Violation[] }
      if (Array.isArray(violations)) return violations
    } catch {
      // Cut off, or a line of somebody's log.
    }
  }
  return null
}
