import {
  type Batcher,
  type ConnectionEnd,
  type ConnectionEndResult,
  createBatcher,
  endConnections,
} from '@millrace/store'
import type { ConnectorContext } from '../context.ts'
import { persist } from './persist.ts'

/**
 * Writes ends in batches and tells of them: commit, then nudge. What an attempt brought home must
 * not be lost because Postgres is away, so it is written until that is back.
 */
export function createEnds({ db, bus, log }: ConnectorContext): {
  end(item: ConnectionEnd): Promise<ConnectionEndResult>
} {
  const batcher: Batcher<ConnectionEnd, ConnectionEndResult> = createBatcher({
    run: (items) => persist(log, () => endConnections(db, items)),
    bytesOf: (item) => 1_024 + item.output.length,
  })

  return {
    async end(item) {
      const result = await batcher.add(item)
      if (!result.applied) return result
      const { workspaceId, executionId, status } = item
      const { version, parentId, watched } = result
      bus.publishMoved([{ workspaceId, executionId, version, status, parentId }])
      if (parentId !== null || watched) bus.publishEnded([{ workspaceId, executionId, status }])
      return result
    },
  }
}
