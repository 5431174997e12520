import type { Bus, Subscription } from '@millrace/bus'
import type { Context } from '../context.ts'

/** A record was changed through some gateway: caches drop what they know of its workspace. */
export function consumeRecordNudges(
  bus: Bus,
  { flows, webhooks, authenticator }: Pick<Context, 'flows' | 'webhooks' | 'authenticator'>,
): Subscription {
  return bus.onRecordNudge((items) => {
    for (const { workspaceId, type } of items) {
      if (type === 'api_key' || type === 'user') authenticator.clear()
      else if (type === 'webhook') webhooks.drop()
      else flows.drop(workspaceId)
    }
  })
}
