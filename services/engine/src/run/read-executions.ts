import { PAST_MAX_BYTES } from '@millrace/replay'
import {
  type Batcher,
  createBatcher,
  type Database,
  type LoadedExecution,
  loadForActivation,
} from '@millrace/store'
import { type LargePasts, SMALL_BYTES } from './large-pasts.ts'
import { isTooMuch } from './past.ts'

export interface ReadKey {
  readonly workspaceId: string
  readonly executionId: string
  /** Only the answers behind this position, and no history. */
  readonly after?: number
}

/**
 * Null: there is none. What comes is whole, unless it has more bytes than anybody can replay. What is large
 * has its turn among large pasts.
 */
export type ReadExecution = (key: ReadKey) => Promise<LoadedExecution | null>

/**
 * Reads executions in natural batches: one statement for all that need it at the same time. What has
 * more than its share of a batch's bytes, or is large, is read again when it is its turn.
 */
export function createReader(db: Database, pasts: LargePasts): ReadExecution {
  const batcher: Batcher<ReadKey, LoadedExecution | null> = createBatcher({
    concurrency: 2,
    run: (keys) => load(keys, Math.min(SMALL_BYTES, Math.floor(BATCH_BYTES / keys.length))),
  })
  const large: Batcher<ReadKey & { readonly bytes: number }, LoadedExecution | null> =
    createBatcher({
      bytesOf: ({ bytes }) => bytes,
      maxBytes: BATCH_BYTES,
      run: (keys) => load(keys, PAST_MAX_BYTES),
    })

  async function load(keys: readonly ReadKey[], maxBytes: number) {
    const rows = await loadForActivation(db, keys, maxBytes)
    const byId = new Map(rows.map((row) => [`${row.executionId}/${row.workspaceId}`, row]))
    return keys.map((key) => byId.get(`${key.executionId}/${key.workspaceId}`) ?? null)
  }

  return async (key) => {
    const row = await batcher.add(key)
    if (row === null || row.isWhole || isTooMuch(row.bytes)) return row
    await pasts.enter(key.executionId, row.bytes)
    return large.add({ ...key, bytes: row.bytes })
  }
}

/** Of history and answers in one statement. */
const BATCH_BYTES = 64 * 1_024 * 1_024
