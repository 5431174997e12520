import { listGateKeys } from '@millrace/store'
import type { Caller, Context } from '../context.ts'

/** What a flow allows has changed: those who wait for a place may have one now. */
export async function nudgeFlowLimits(
  context: Pick<Context, 'api' | 'bus'>,
  { workspaceId }: Caller,
  flowId: string,
): Promise<void> {
  const keys = await listGateKeys(context.api, { workspaceId, flowId, limit: NUDGED_MAX })
  context.bus.nudgeLocks(keys.map((key) => ({ workspaceId, key })))
}

const NUDGED_MAX = 10_000
