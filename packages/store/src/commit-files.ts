import {
  type ActivationCommit,
  commitActivations,
  type CommitResult,
} from './commit-activations.ts'
import type { Database, Queryable } from './database.ts'
import {
  type FileContent,
  FILE_MAX_BYTES,
  saveFileIn,
  trashFileByName,
  writeContent,
} from './file-contents.ts'
import { insertMessages } from './messages.ts'

/**
 * `commitActivations` for batches in which somebody writes files or asks people. A message exists
 * with the commit that asks: nobody sees it before, and with a commit that is refused it never was.
 * Contents are stored first, and are nobody's; the commit of the activations and the change of the
 * files are one transaction. A crash between leaves contents that the sweep removes. `commit`: how
 * these items are committed.
 */
export async function commitWithFiles(
  db: Database,
  items: readonly ActivationCommit[],
  commit: (tx: Queryable) => Promise<CommitResult[]> = (tx) => commitActivations(tx, items),
): Promise<CommitResult[]> {
  const writes: Write[] = []
  for (const [index, { workspaceId, executionId, files = [] }] of items.entries())
    for (const { name, bytes, contentType } of files) {
      const content =
        bytes === null
          ? null
          : await writeContent(db, { workspaceId, bytes: [bytes], maxBytes: FILE_MAX_BYTES })
      writes.push({ index, workspaceId, executionId, name, content, contentType })
    }
  // Files are changed in one order by every batch, so two batches never wait for each other.
  writes.sort((a, b) => compare(a.workspaceId, b.workspaceId) || compare(a.name, b.name))
  return db.transaction(async (tx) => {
    const results = await commit(tx)
    for (const { index, workspaceId, executionId: by, name, content, contentType } of writes) {
      if (results[index]?.applied !== true) continue
      if (content === null) await trashFileByName(tx, { workspaceId, name, by })
      else await saveFileIn(tx, { workspaceId, name, content, contentType, by })
    }
    const applied = items.filter((_, index) => results[index]?.applied === true)
    await insertMessages(
      tx,
      applied.flatMap(({ messages }) => messages ?? []),
    )
    return results
  })
}

interface Write {
  /** Of the activation. */
  readonly index: number
  readonly workspaceId: string
  readonly executionId: string
  readonly name: string
  /** Null moves it to the trash. */
  readonly content: FileContent | null
  readonly contentType: string | null
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
