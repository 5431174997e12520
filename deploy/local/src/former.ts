import { ServiceError } from '@millrace/runtime'
import type { Home } from './home.ts'
import {
  endProcess,
  recordedNames,
  recordedProcess,
  recordProcess,
  sweepRunFolder,
} from './process-record.ts'

export const SUPERVISOR = 'supervisor'

/** Takes this home for this process. Throws `conflict` when another supervisor has it. */
export async function takeHome(home: Home, print: (line: string) => void): Promise<void> {
  const other = recordedProcess(home, SUPERVISOR)
  if (other !== null && other.pid !== process.pid)
    throw new ServiceError(
      'conflict',
      `${home.path} is in use by process ${other.pid}. \`make down\` ends it; MILLRACE_HOME names another home.`,
    )
  await endOrphans(home, print)
  sweepRunFolder(home)
  recordProcess(home, SUPERVISOR, process.pid)
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
