import type { WorkspaceFiles } from '@millrace/connectors'
import {
  type Database,
  FILE_MAX_BYTES,
  findFiles,
  readContent,
  saveFile,
  writeContent,
} from '@millrace/store'

/**
 * The files of a connection's workspace. What it stores is there as soon as it is whole: a crash
 * before the connection's end is told leaves the new content, and a repeat stores it again.
 */
export function filesOf(
  db: Database,
  { workspaceId, executionId: by }: { readonly workspaceId: string; readonly executionId: string },
): WorkspaceFiles {
  return {
    maxBytes: FILE_MAX_BYTES,
    async find(name) {
      const [file] = await findFiles(db, [{ workspaceId, name }])
      if (!file) return null
      const { content_id: contentId, size } = file
      return {
        name,
        size,
        contentType: file.content_type,
        read: () => readContent(db, { workspaceId, contentId, from: 0, to: size }),
      }
    },
    async save({ name, bytes, contentType }) {
      const content = await writeContent(db, { workspaceId, bytes, maxBytes: FILE_MAX_BYTES })
      await saveFile(db, { workspaceId, name, content, contentType, by })
      return { size: content.size, hash: content.hash }
    },
  }
}
