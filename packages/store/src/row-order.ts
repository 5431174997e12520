/**
 * Compares rows of executions in the order in which every statement locks them, that of the primary
 * key: two batches that lock in one order never wait for each other.
 */
export const byRow = (a: Row, b: Row): number =>
  compare(a.workspaceId, b.workspaceId) || compare(a.executionId, b.executionId)

interface Row {
  readonly workspaceId: string
  readonly executionId: string
}

// Ids are written in lower case, so that their text sorts as Postgres sorts the ids.
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Comes before every id: where a walk in the order of ids begins. */
export const ZERO_ID = '00000000-0000-0000-0000-000000000000'
