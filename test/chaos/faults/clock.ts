import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '../../stack/index.ts'
import { signal } from '../../stack/processes.ts'
import { replaced, runningPid } from './process.ts'
import { requireFaketime } from './tools.ts'

/** The wall clock of one process, moved while it runs. Its monotonic clock, and so its timers, stay. */
export interface FakeClock {
  /** In libfaketime's words: `+3600s`, `-30s`, `+0 x2` (runs at double speed from the process's start). */
  set(time: string): void
  /** The true time again, without a restart. */
  heal(): void
}

/**
 * Gives a file of libfaketime to a process, by its environment: each look at the clock reads the file
 * again. Throws ToolMissing.
 */
export function fakeClockEnvironment(file: string): Record<string, string> {
  const library = requireFaketime()
  writeFileSync(file, `${TRUE_TIME}\n`)
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

/** Restarts a copy of a service with a clock of its own, which shows the true time at first. */
export async function fakeClock(stack: Stack, service: string, n = 1): Promise<FakeClock> {
  const file = join(stack.home, `${service}-${n}.faketime`)
  changeChildEnvironment(stack.home, `${service}-${n}`, fakeClockEnvironment(file))
  const former = await runningPid(stack, service, n)
  signal(former, 'SIGKILL')
  await replaced(stack, { service, n, former })
  // A rate stays until another is named.
  const set = (time: string): void =>
    writeFileSync(file, `${time.includes(' x') ? time : `${time} x1`}\n`)
  return { set, heal: () => set(TRUE_TIME) }
}

const TRUE_TIME = '+0s'

/** Variables of one process from its next start on; see deploy/local/src/child-environment.ts. */
function changeChildEnvironment(
  home: string,
  process: string,
  env: Readonly<Record<string, string>>,
): void {
  const path = join(home, 'child-env.json')
  const all = readAll(path)
  writeFileSync(path, JSON.stringify({ ...all, [process]: { ...all[process], ...env } }))
}

function readAll(path: string): Record<string, Record<string, string>> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
