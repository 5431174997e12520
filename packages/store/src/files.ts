import { createRecordStore, type ProjectRecordRow } from './records.ts'

export interface FileRow extends ProjectRecordRow {
  readonly content_id: string
  /** Bytes. */
  readonly size: number
  /** sha256 of the content, in hex. */
  readonly hash: string
  readonly content_type: string | null
}

export interface FileRowFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly content_id: string
  readonly size: number
  readonly hash: string
  readonly content_type?: string | null
}

export const files = createRecordStore<FileRow, FileRowFields>('files')
