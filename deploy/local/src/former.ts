import { ServiceError } from '@millrace/runtime'
import type { Home } from './home.ts'
import {
  claimRecord,
  endProcess,
  forgetProcess,
  recordedNames,
  recordedProcess,
  sweepRunFolder,
} from './process-record.ts'

export const SUPERVISOR = 'supervisor'

/**
 * Takes this home for this process. Throws `conflict` when another supervisor has it. Killed on the
 * way it leaves the records of what still runs, and one of itself that no later supervisor heeds.
 */
export async function takeHome(home: Home, print: (line: string) => void): Promise<void> {
  requireNoOther(home)
  if (!claimRecord(home, SUPERVISOR)) {
    requireNoOther(home) // it came between the two lines
    forgetProcess(home, SUPERVISOR) // of one that is gone
    claimRecord(home, SUPERVISOR)
  }
  await endOrphans(home, print)
  // Of two that forgot the same record one may have forgotten the other's.
  requireNoOther(home)
  sweepRunFolder(home, SUPERVISOR)
}

function requireNoOther(home: Home): void {
  const other = recordedProcess(home, SUPERVISOR)
  if (other !== null && other.pid !== process.pid)
    throw new ServiceError(
      'conflict',
      `${home.path} is in use by process ${other.pid}. \`make down\` ends it; MILLRACE_HOME names another home.`,
    )
}

/**
 * Ends what a killed supervisor left: services first, then the servers they rest on. Only processes
 * it recorded, each known by its number and the moment it began.
 */
export async function endOrphans(home: Home, print: (line: string) => void): Promise<void> {
  const orphans = recordedNames(home).flatMap((name) => {
    const found = name === SUPERVISOR ? null : recordedProcess(home, name)
    return found === null ? [] : [{ name, found }]
  })
  if (orphans.length > 0) print(`ending ${orphans.length} processes of a former run`)
  const isServer = (name: string): boolean => name === 'nats' || name === 'postgres'
  for (const group of [
    orphans.filter(({ name }) => !isServer(name)),
    orphans.filter(({ name }) => isServer(name)),
  ])
    await Promise.all(
      group.map(({ name, found }) =>
        endProcess(found, { signal: name === 'postgres' ? 'SIGINT' : 'SIGTERM', withinMs: 6_000 }),
      ),
    )
}
