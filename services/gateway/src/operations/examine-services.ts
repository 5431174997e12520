import { createGrpcClient } from '@millrace/runtime/grpc'
import { type ProcessRow, readClock, readShards } from '@millrace/store'
import { schedulerService } from '@millrace/wire'
import type { Context } from '../context.ts'

/** Services without which something stands still, and what is missing of the others: sentences. */
export async function examineServices(
  context: Context,
  processes: readonly ProcessRow[],
): Promise<string[]> {
  const found: string[] = []
  for (const service of NEEDED)
    if (processes.every((process) => process.service !== service))
      found.push(`No ${service} is alive: start one.`)
  if (!context.bus.connected())
    found.push('NATS is away: everything goes on, but only as fast as the sweeps find it.')
  for (const service of SHARDED)
    if (processes.some((process) => process.service === service))
      found.push(...(await examineShards(context, service)))
  for (const process of processes)
    if (process.service === 'scheduler') found.push(...(await examineScheduler(process)))
  return found
}

const NEEDED = ['scheduler', 'lock-manager', 'engine', 'connector']
const SHARDED = ['scheduler', 'lock-manager']

/** A shard that nobody holds is work that nobody does; moving from one copy to another takes seconds. */
async function examineShards({ api }: Context, service: string): Promise<string[]> {
  const [rows, at] = await Promise.all([readShards(api, service), readClock(api)])
  const free = rows.filter((row) => at - row.expiresAt > FREE_FOR_MS).map(({ shard }) => shard)
  if (free.length === 0) return []
  return [`Nobody holds shard ${free.join(', ')} of the ${service}: start another copy of it.`]
}

const FREE_FOR_MS = 15_000

/** A process may renew its lease and yet not answer. */
async function examineScheduler({ address, processId }: ProcessRow): Promise<string[]> {
  if (address === null) return []
  const client = createGrpcClient(schedulerService, address)
  try {
    await client.inspect({}, { timeoutMs: ANSWER_MS })
    return []
  } catch {
    return [`The scheduler ${processId} at ${address} does not answer: look at it, or restart it.`]
  } finally {
    client.close()
  }
}

const ANSWER_MS = 3_000
