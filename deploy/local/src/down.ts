import { existsSync } from 'node:fs'
import { endOrphans, SUPERVISOR } from './former.ts'
import { openHome } from './home.ts'
import { endProcess, recordedProcess, sweepRunFolder } from './process-record.ts'

/** Ends the stack that runs on a home, or what a killed one left there. */
export async function down(path: string, print: (line: string) => void): Promise<void> {
  if (!existsSync(path)) {
    print(`nothing runs on ${path}`)
    return
  }
  const home = openHome(path)
  const supervisor = recordedProcess(home, SUPERVISOR)
  // Its own 20 s and a little: killing it would leave everything it started.
  if (supervisor !== null) await endProcess(supervisor, { signal: 'SIGTERM', withinMs: 25_000 })
  await endOrphans(home, print)
  sweepRunFolder(home)
  print(supervisor === null ? `nothing runs on ${path}` : `ended what ran on ${path}`)
}
