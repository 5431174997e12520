import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, monotonicMs } from '@millrace/runtime'

/** A way to look for violations: one run of it, told by a seed. */
export interface Detector {
  /** Such as `simulation` or `M5`. */
  readonly name: string
  readonly argv: (seed: number) => readonly string[]
  readonly env: (seed: number) => Readonly<Record<string, string>>
  /** The violations that a line of its output tells; null: it tells of none. */
  readonly read: (line: string) => readonly Violation[] | null
  /** Whether this line says that the run came to its end. */
  readonly isResult: (line: string) => boolean
}

interface Violation {
  readonly invariant: string
  readonly text: string
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

/** Histories of one run; each run goes on with other seeds. */
const HISTORIES = 200

const SIMULATION: Detector = {
  name: 'simulation',
  argv: () => ['--no-node-snapshot', 'test/simulation/main.ts'],
  env: (seed) => ({
    FROM: String((seed - 1) * HISTORIES + 1),
    HISTORIES: String(HISTORIES),
    MINUTES: '3',
    SHRINK: '0',
  }),
  read: (line) => {
    const [, invariant, words] = /^ {2}(I\d+): (.*)$/.exec(line) ?? []
    return invariant === undefined || words === undefined ? null : [{ invariant, text: words }]
  },
  isResult: (line) => /^[1-9]\d* histories in .* 0 broken$/.test(line),
}

const row = (name: string): Detector => ({
  name,
  argv: (seed) => ['test/chaos/main.ts', '--row', name, '--seed', String(seed)],
  // What takes minutes is there for what takes minutes to show; a bug that is planted shows at once.
  env: () => ({ CHAOS_SHORTEN: '10' }),
  read: (line) => violationsOf(line),
  isResult: (line) => violationsOf(line) !== null,
})

/** The simulation first: it is the quickest. */
export const detectorsFor = (rows: readonly string[]): Detector[] => [SIMULATION, ...rows.map(row)]

/**
 * Runs a detector on a tree until the first violation. Only a violation is red: whatever else goes
 * wrong, such as a run that does not even begin, says nothing.
 */
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
    env: {
      ...process.env,
      ...detector.env(seed),
      PATH: `${join(root, '.toolchain/bin')}:${process.env['PATH'] ?? ''}`,
    },
  })
  const how = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(String(error)))
    child.once('close', (code, signal) => resolve(`ended with ${code ?? signal}`))
  })
  const limit = after(limitMs, () => endGroup(child.pid))
  const errors = text(child.stderr)
  let violations: readonly Violation[] = []
  let isWhole = false
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    isWhole ||= detector.isResult(line)
    violations = detector.read(line) ?? violations
    if (violations.length > 0) break
  }
  endGroup(child.pid)
  limit.cancel()
  const ended = await how
  const seconds = Math.round((monotonicMs() - startedAt) / 100) / 10
  if (violations.length === 0 && !isWhole) {
    const words = `${await errors}\n${said.slice(-20).join('\n')}`.slice(-2_000)
    return { invariants: [], example: null, broken: `${ended}\n${words}`, seconds }
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

/** Of a line that is a JSON result. */
function violationsOf(line: string): readonly Violation[] | null {
  if (!line.startsWith('{')) return null
  try {
    const { violations } = JSON.parse(line) as { violations?: readonly Violation[] }
    return Array.isArray(violations) ? violations : null
  } catch {
    return null // Cut off, or a line of somebody's log.
  }
}
