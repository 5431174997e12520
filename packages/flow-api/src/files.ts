import type { StoredRecord } from './records.ts'

/**
 * A file of the workspace: a content under a name that is a path. What is written is there for others
 * once this execution has got past its next wait, or has ended; a write replaces the whole content,
 * so that nobody ever reads a part of it. At most 16 MiB; connections move larger ones.
 */
export interface File extends StoredRecord {
  /** Such as `reports/2026/sales.csv`; at most 512 characters. */
  readonly name: string
  /**
   * The content as text. Throws ResourceNotFoundError when there is no such file, and
   * InvalidInputError when it is not UTF-8 or is too large.
   */
  getText(): Promise<string>
  getBytes(): Promise<Uint8Array>
  getBase64(): Promise<string>
  /** What is known of it without reading it; null when there is no such file. */
  getFacts(): Promise<FileFacts | null>
  /** Replaces the content; makes the file when there is none. */
  setText(content: string): Promise<void>
  setBytes(content: Uint8Array): Promise<void>
  setBase64(content: string): Promise<void>
}

export interface FileFacts {
  /** Bytes. */
  readonly size: number
  /** sha256 in hex. */
  readonly hash: string
  readonly content_type: string | null
}
