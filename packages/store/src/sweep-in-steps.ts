import type { Queryable } from './database.ts'
import type { Statement } from './statement.ts'

/**
 * Runs a statement that removes at most $1 rows and returns them, until there are no more or `signal`
 * aborts: more may have gathered than one statement removes in its time, and a stop waits for one step.
 */
export async function sweepInSteps(
  db: Queryable,
  statement: Statement,
  { params = [], signal }: SweepOptions & { readonly params?: readonly unknown[] } = {},
): Promise<void> {
  while ((await db.query(statement, [AT_ONCE, ...params])).length === AT_ONCE)
    if (signal?.aborted === true) return
}

export interface SweepOptions {
  /** Aborts when the process stops: what is left is for the next sweep. */
  readonly signal?: AbortSignal
}

const AT_ONCE = 2_000
