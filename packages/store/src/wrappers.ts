import { createRecordStore, type ProjectRecordRow } from './records.ts'

/** A wrapper with the source it runs now. JSON columns are text. */
export interface WrapperRow extends ProjectRecordRow {
  readonly script_hash: string
  readonly language: string
  readonly script: string
  /** Of its own inputs. */
  readonly input_schema: string | null
  readonly is_wrapped: boolean
  /** Its own static wrappers. */
  readonly wrappers: string | null
  /** The wrapper of the product that it was installed as; null for one that people have made. */
  readonly standard_name: string | null
  /** Whether people have changed it since: it is then left alone. Null for one of their own. */
  readonly is_changed: boolean | null
}

/** What may be written. The script itself goes to `putScript` first. The schema is JSON text. */
export interface WrapperFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly script_hash: string
  readonly input_schema?: string | null
}

/** Before `trash` and `remove` ask `lockWrapped` in the same transaction: what it wraps needs it. */
export const wrappers = createRecordStore<WrapperRow, WrapperFields>('wrappers')
