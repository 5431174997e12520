/** The files of a workspace, as connectors see them; whoever makes attempts says where they are. */
export interface WorkspaceFiles {
  /** Null: there is none of that name. */
  find(name: string): Promise<SourceFile | null>
  /**
   * Stores what comes, a piece at a time, and gives it to the file of that name at once. A throw of
   * `bytes` leaves the file as it was. Throws past `maxBytes`.
   */
  save(file: DestinationFile): Promise<StoredContent>
  readonly maxBytes: number
}

/** A file whose content is sent. */
export interface SourceFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly contentType: string | null
  /** The content, anew for each call. */
  read(): AsyncIterable<Uint8Array>
}

export interface DestinationFile {
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
  readonly contentType: string | null
}

export interface StoredContent {
  /** Bytes. */
  readonly size: number
  /** sha256 in hex. */
  readonly hash: string
}

/** For those who have none: the test of a connector. */
export const NO_FILES: WorkspaceFiles = {
  find: () => Promise.resolve(null),
  save: () => Promise.reject(new Error('there are no files here')),
  maxBytes: 0,
}
