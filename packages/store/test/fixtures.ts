import type { ActivationCommit } from '../src/commit-activations.ts'
import type { NewExecution } from '../src/new-execution.ts'

/** A flow that is ready to run; `over` names what matters to the test. */
export function newExecution(
  over: Partial<NewExecution> & Pick<NewExecution, 'workspaceId' | 'id'>,
): NewExecution {
  return {
    type: 'FLOW',
    name: null,
    flowId: null,
    connectorId: null,
    connectorType: null,
    scriptHash: 'ab',
    projectId: null,
    input: 'null',
    parentId: null,
    topId: over.id,
    orphan: false,
    isProductive: true,
    priority: 0,
    createdBy: null,
    traceparent: null,
    scheduledFor: null,
    paused: false,
    extra: null,
    ...over,
  }
}

/** The end of a first activation that has left nothing behind; `over` names what matters. */
export function newCommit(
  over: Partial<ActivationCommit> &
    Pick<ActivationCommit, 'workspaceId' | 'executionId' | 'processId'>,
): ActivationCommit {
  return {
    version: 1,
    generation: 1,
    status: 'ENDED_SUCCESS',
    ended: true,
    consumed: 0,
    startedAt: 1_700_000_000_000,
    line: null,
    lastCommand: null,
    name: null,
    dueIn: null,
    dueAt: null,
    hasWaits: false,
    history: null,
    log: null,
    children: [],
    waits: [],
    lockRequests: [],
    settings: [],
    ...over,
  }
}
