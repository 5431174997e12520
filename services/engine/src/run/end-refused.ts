import type { CommitItem } from './committer.ts'

/** What the message of an execution says when Postgres takes nothing of what its code has asked for. */
export const refusedMessage = (why: string): string =>
  `Postgres refuses what the code leaves behind: ${why}. Nothing of this activation is kept; correct the value in the code, and start it anew`

/**
 * In place of a commit that Postgres refuses: the end of its execution, with what was refused and
 * nothing else of the activation. `why`: what Postgres says.
 */
export function endRefused({ commit, debug }: CommitItem, why: string): CommitItem {
  const { workspaceId, executionId, version, generation } = commit
  const { consumed, processId, startedAt, line, hasWaits } = commit
  return {
    commit: {
      workspaceId,
      executionId,
      version,
      generation,
      status: 'ENDED_ERROR',
      ended: true,
      consumed,
      processId,
      startedAt,
      line,
      lastCommand: null,
      name: null,
      message: refusedMessage(why),
      output: 'null',
      dueIn: null,
      dueAt: null,
      hasWaits,
      history: null,
      log: null,
      children: [],
      waits: [],
      lockRequests: [],
      settings: [],
    },
    payloads: [],
    foreign: [],
    foreignMessages: [],
    // Whatever it holds, its manager hears of it.
    announceEnd: true,
    debug: debug === null ? null : { stop: null },
  }
}
