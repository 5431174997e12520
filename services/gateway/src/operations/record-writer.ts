import type { Bus } from '@millrace/bus'
import { newId } from '@millrace/runtime'
import { type Database, insertAudit } from '@millrace/store'
import type { Caller } from '../context.ts'
import type { CalledWebhooks } from './called-webhooks.ts'
import type { FlowCache } from './flow-cache.ts'

/** The last four: what people do to a schedule. */
type RecordAction =
  'create' | 'update' | 'trash' | 'restore' | 'remove' | 'pause' | 'resume' | 'trigger' | 'backfill'

/** What follows every change of a record. */
export interface RecordWriter {
  /** Caches everywhere drop it, and it is noted who did it. After the commit. */
  changed(
    caller: Caller,
    change: {
      type: string
      id: string
      action: RecordAction
    },
  ): Promise<void>
}

export function createRecordWriter(deps: {
  api: Database
  bus: Bus
  flows: FlowCache
  webhooks: CalledWebhooks
}): RecordWriter {
  const { api, bus, flows, webhooks } = deps
  return {
    async changed({ workspaceId, userId }, { type, id, action }) {
      flows.drop(workspaceId)
      if (type === 'webhook') webhooks.drop()
      bus.nudgeRecords([{ workspaceId, type, id }])
      await insertAudit(api, {
        workspaceId,
        id: newId(),
        actorId: userId,
        action: `${type}.${action}`,
        subject: `${type} ${id}`,
        details: null,
      })
    },
  }
}
