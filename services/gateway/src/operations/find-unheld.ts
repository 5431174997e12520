import { STANDS_TOO_LONG_MS } from '@millrace/execution'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { type ExaminedExecution, type ProcessRow, readExecution } from '@millrace/store'
import { engineService, pb } from '@millrace/wire'
import type { Context } from '../context.ts'

/** Those that are AT_ENGINE at a living engine that does not know them. Asks about so many at most. */
export async function findUnheld(
  context: Context,
  input: {
    readonly workspaceId: string
    readonly processes: readonly ProcessRow[]
    readonly executions: readonly ExaminedExecution[]
  },
): Promise<ExaminedExecution[]> {
  const { workspaceId, processes, executions } = input
  const held = executions.filter(
    ({ status, type, ageMs }) =>
      status === 'AT_ENGINE' && type !== 'CONNECTION' && ageMs > STANDS_TOO_LONG_MS,
  )
  const unknown: ExaminedExecution[] = []
  for (const [processId, theirs] of Map.groupBy(held.slice(0, ASKED_MAX), (one) => one.processId)) {
    const address = processes.find((process) => process.processId === processId)?.address
    if (typeof address !== 'string') continue
    const client = createGrpcClient(engineService, address)
    try {
      for (const one of theirs) {
        const { executionId } = one
        const { presence } = await client.where({ workspaceId, executionId })
        if (presence !== pb.Presence.ABSENT) continue
        // It may have moved on while it was asked about.
        const row = await readExecution(context.api, { workspaceId, executionId })
        if (row?.status === 'AT_ENGINE' && row.version === one.version) unknown.push(one)
      }
    } catch {
      // An engine that does not answer says nothing about what it has.
    } finally {
      client.close()
    }
  }
  return unknown
}

const ASKED_MAX = 200
