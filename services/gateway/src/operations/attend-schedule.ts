import { createGrpcClient } from '@millrace/runtime/grpc'
import { liveProcesses } from '@millrace/store'
import { schedulerService } from '@millrace/wire'
import type { Context } from '../context.ts'

/**
 * Asks a scheduler to bring a schedule to where its record wants it, and waits for that: what a person
 * has changed shows in the answer. It is stored already; without a scheduler it happens when there is
 * one again.
 */
export async function attendSchedule(
  { api, log }: Pick<Context, 'api' | 'log'>,
  key: { readonly workspaceId: string; readonly scheduleId: string },
): Promise<void> {
  const processes = await liveProcesses(api).catch(() => [])
  const address = processes.find((process) => process.service === 'scheduler')?.address
  if (address === undefined || address === null) return
  const client = createGrpcClient(schedulerService, address)
  try {
    await client.attend({ ...key }, { timeoutMs: ATTEND_MS })
  } catch (error) {
    log.warn({ error, ...key }, 'no scheduler has attended to a schedule; its sweep will')
  } finally {
    client.close()
  }
}

const ATTEND_MS = 5_000
