import { createHash } from 'node:crypto'
import { newId, ServiceError } from '@millrace/runtime'
import type { Database, Queryable } from './database.ts'
import { loadStatements } from './statement.ts'
import type { SweepOptions } from './sweep-in-steps.ts'

const sql = loadStatements('file-contents', [
  'beginContent',
  'putChunk',
  'keepContent',
  'dropContent',
  'lockFile',
  'lockFileById',
  'replaceContent',
  'insertFile',
  'trashByName',
  'findFiles',
  'readChunk',
  'unusedContents',
  'removeUnused',
])

/**
 * How much of a content is in memory at once, for each up- or download. Large enough that a statement
 * per piece costs little, small enough that hundreds of transfers fit into a process.
 */
export const FILE_CHUNK_BYTES = 256 * 1_024

/** The largest content: at the pace of a slow line, what an hour brings. */
export const FILE_MAX_BYTES = 1_024 * 1_048_576

/** A content that was written and that nobody has yet. */
export interface FileContent {
  readonly id: string
  /** Bytes. */
  readonly size: number
  /** sha256 in hex. */
  readonly hash: string
}

/**
 * Writes a content piece by piece, each in a commit of its own; at most one piece is in memory. It is
 * nobody's until `saveFile`: a crash, or a throw of `bytes`, leaves pieces that the sweep removes.
 * Throws `tooLarge` past `maxBytes`.
 */
export async function writeContent(
  db: Queryable,
  options: {
    readonly workspaceId: string
    readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
    readonly maxBytes: number
  },
): Promise<FileContent> {
  const { workspaceId, bytes, maxBytes } = options
  const id = newId()
  const hash = createHash('sha256')
  let size = 0
  let ordinal = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  await db.query(sql.beginContent, [workspaceId, id])

  async function flush(): Promise<void> {
    const chunk = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    await db.query(sql.putChunk, [workspaceId, id, ordinal, chunk])
    ordinal += 1
    // An upload may take longer than the sweep waits.
    if (ordinal % KEEP_EVERY === 0) await db.query(sql.keepContent, [workspaceId, id])
  }

  try {
    for await (const part of bytes) {
      size += part.length
      if (size > maxBytes) throw fileTooLarge(maxBytes)
      hash.update(part)
      let rest = part
      while (waitingBytes + rest.length >= FILE_CHUNK_BYTES) {
        const room = FILE_CHUNK_BYTES - waitingBytes
        waiting.push(rest.subarray(0, room))
        rest = rest.subarray(room)
        await flush()
      }
      if (rest.length > 0) waiting.push(rest)
      waitingBytes += rest.length
    }
    if (waitingBytes > 0) await flush()
  } catch (error) {
    await db.query(sql.dropContent, [workspaceId, id]).catch(() => undefined)
    throw error
  }
  return { id, size, hash: hash.digest('hex') }
}

const KEEP_EVERY = 64

export const fileTooLarge = (maxBytes: number): ServiceError =>
  new ServiceError(
    'tooLarge',
    `The content is larger than ${Math.floor(maxBytes / 1_048_576)} MiB, the most that is accepted here. Send less, or in several files.`,
  )

export interface SavedFile {
  readonly id: string
  readonly isNew: boolean
}

/**
 * Gives a content to the file of that name, which is made if there is none: from this commit on
 * readers get the new one, and those who read the old one read on. Null content type keeps the one
 * that there was.
 */
export function saveFile(
  db: Pick<Database, 'transaction'>,
  file: NewFileContent,
): Promise<SavedFile> {
  return db.transaction((tx) => saveFileIn(tx, file))
}

/** A content for a file, and who gives it. */
interface GivenContent {
  readonly workspaceId: string
  readonly content: FileContent
  /** Null keeps the one that there was. */
  readonly contentType: string | null
  readonly by: string | null
}

export interface NewFileContent extends GivenContent {
  readonly name: string
}

/** The same inside of somebody's transaction. */
export async function saveFileIn(tx: Queryable, file: NewFileContent): Promise<SavedFile> {
  const { workspaceId, name, content, contentType, by } = file
  await holdContent(tx, file)
  const size = [content.size, content.hash]
  const fresh = [workspaceId, newId(), name, content.id, ...size, contentType, by]
  for (;;) {
    const [made] = await tx.query<{ id: string }>(sql.insertFile, fresh)
    if (made !== undefined) return { id: made.id, isNew: true }
    const [old] = await tx.query<LockedFile>(sql.lockFile, [workspaceId, name])
    // Moved to the trash between both: the name is free.
    if (old === undefined) continue
    await replaceContent(tx, old, file)
    return { id: old.id, isNew: false }
  }
}

/**
 * Gives a content to the file of that id, whatever its name is by now. False, and nothing is changed,
 * when there is none outside of the trash any more.
 */
export function saveFileById(
  db: Pick<Database, 'transaction'>,
  file: GivenContent & { readonly id: string },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    await holdContent(tx, file)
    const [old] = await tx.query<LockedFile>(sql.lockFileById, [file.workspaceId, file.id])
    if (old === undefined) return false
    await replaceContent(tx, old, file)
    return true
  })
}

interface LockedFile {
  readonly id: string
  readonly content_id: string
}

/** Until the commit the sweep leaves it alone. */
async function holdContent(tx: Queryable, { workspaceId, content }: GivenContent): Promise<void> {
  const kept = await tx.query(sql.keepContent, [workspaceId, content.id])
  if (kept.length === 0)
    throw new ServiceError(
      'conflict',
      'The upload took so long that what had come of it was removed. Send it again.',
    )
}

async function replaceContent(tx: Queryable, old: LockedFile, file: GivenContent): Promise<void> {
  const { workspaceId, content, contentType, by } = file
  const { id, size, hash } = content
  await tx.query(sql.replaceContent, [workspaceId, old.id, id, size, hash, contentType, by])
  // From now it counts how long nobody has it.
  await tx.query(sql.keepContent, [workspaceId, old.content_id])
}

/** About to be given to one more file: the sweep leaves it alone for now. */
export async function keepContent(
  db: Queryable,
  key: { readonly workspaceId: string; readonly contentId: string },
): Promise<void> {
  await db.query(sql.keepContent, [key.workspaceId, key.contentId])
}

export interface FoundFile {
  readonly id: string
  readonly content_id: string
  readonly size: number
  readonly hash: string
  readonly content_type: string | null
}

/** Files by name, in order; null for what is not there. */
export async function findFiles(
  db: Queryable,
  keys: readonly { readonly workspaceId: string; readonly name: string }[],
): Promise<(FoundFile | null)[]> {
  const param = keys.map(({ workspaceId, name }, place) => ({
    place,
    workspace_id: workspaceId,
    name,
  }))
  const rows = await db.query<FoundFile & { place: number }>(sql.findFiles, [JSON.stringify(param)])
  const found: (FoundFile | null)[] = keys.map(() => null)
  for (const row of rows) found[row.place] = row
  return found
}

/** Moves the file of that name to the trash; false when there is none. */
export async function trashFileByName(
  db: Queryable,
  key: { readonly workspaceId: string; readonly name: string; readonly by: string | null },
): Promise<boolean> {
  const rows = await db.query(sql.trashByName, [key.workspaceId, key.name, key.by])
  return rows.length > 0
}

/**
 * The bytes from `from` up to and without `to`, a piece at a time. Throws `unavailable` when the
 * content was replaced and removed while it was read, which takes an hour.
 */
export async function* readContent(
  db: Queryable,
  content: {
    readonly workspaceId: string
    readonly contentId: string
    readonly from: number
    readonly to: number
  },
): AsyncGenerator<Buffer> {
  const { workspaceId, contentId, from, to } = content
  let at = from
  while (at < to) {
    const ordinal = Math.floor(at / FILE_CHUNK_BYTES)
    const params = [workspaceId, contentId, ordinal]
    const [row] = await db.query<{ bytes: Buffer }>(sql.readChunk, params)
    if (row === undefined)
      throw new ServiceError('unavailable', 'The content was replaced while it was read.')
    const start = ordinal * FILE_CHUNK_BYTES
    const piece = row.bytes.subarray(at - start, Math.min(to - start, row.bytes.length))
    if (piece.length === 0) return
    yield piece
    at += piece.length
  }
}

/** Removes what uploads that broke off, replacements and removed files have left. */
export async function sweepContents(db: Queryable, { signal }: SweepOptions = {}): Promise<void> {
  for (;;) {
    const params = [CONTENTS_AT_ONCE]
    const rows = await db.query<{ workspace_id: string; id: string }>(sql.unusedContents, params)
    for (const row of rows) {
      if (signal?.aborted === true) return
      await db.query(sql.removeUnused, [row.workspace_id, row.id])
    }
    if (rows.length < CONTENTS_AT_ONCE) return
  }
}

const CONTENTS_AT_ONCE = 1_000
