import { ServiceError } from '@millrace/runtime'
import { served, type ServedService } from '@millrace/runtime/grpc'
import { type Database, readExecution } from '@millrace/store'
import { engineService, pb } from '@millrace/wire'
import type { Inspector } from '../run/inspector.ts'
import type { Runner } from '../run/runner.ts'

/** What this engine has in its memory; for people who look for an execution that does not move. */
export function createEngineService({
  db,
  runner,
  inspector,
  processId,
}: {
  readonly db: Database
  readonly runner: Runner
  readonly inspector: Inspector
  readonly processId: string
}): ServedService {
  const presenceOf = (executionId: string): pb.Presence => {
    if (runner.isRunning(executionId)) return pb.Presence.ACTIVE
    return runner.heldOf(executionId) === null ? pb.Presence.ABSENT : pb.Presence.WARM
  }

  return served(engineService, {
    where: ({ executionId }) =>
      Promise.resolve({ processId, presence: presenceOf(executionId), since: undefined }),

    async inspect({ workspaceId, executionId, seq, expressions }) {
      const seen = await inspector.look({ workspaceId, executionId, seq, expressions })
      return {
        result:
          'stop' in seen
            ? { $case: 'stop', value: JSON.stringify(seen.stop) }
            : { $case: 'failed', value: seen.failed },
      }
    },

    async dump({ workspaceId, executionId }) {
      const row = await readExecution(db, { workspaceId, executionId })
      if (row === null) throw new ServiceError('notFound', `there is no execution ${executionId}`)
      const held = runner.heldOf(executionId)
      const ours = held?.workspaceId === workspaceId ? held : null
      return {
        presence: presenceOf(executionId),
        version: ours?.version ?? row.version,
        generation: ours?.generation ?? row.generation,
        answered: row.answered,
        consumed: ours?.consumed ?? 0,
        detail: {
          status: row.status,
          row_version: row.version,
          script_hash: row.script_hash_hex,
          waits: [...(ours?.waits ?? [])].map(([seq, { kind, dueAt }]) => ({
            seq,
            kind,
            due_at: dueAt,
          })),
        },
      }
    },
  })
}
