import { newId } from '@millrace/runtime'
import type { Held } from './held.ts'

/** A root that has just been loaded and has called nothing yet; `over` says what else it is. */
export function newHeld(over: Partial<Held> = {}): Held {
  const { workspaceId = newId(), executionId = newId() } = over
  return {
    workspaceId,
    executionId,
    generation: 1,
    realm: { workspaceId, script: { hash: '', language: 'typescript', source: '' } },
    type: 'SCRIPT',
    name: null,
    parentId: null,
    topId: executionId,
    traceparent: null,
    startedAt: 1_000,
    outputSchema: null,
    waits: new Map(),
    version: 1,
    consumed: 0,
    past: 0,
    hadWaits: false,
    askedForLocks: false,
    inheritance: null,
    debug: null,
    ...over,
  }
}
