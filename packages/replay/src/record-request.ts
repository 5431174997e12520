import type { Json } from './history.ts'

/**
 * What the code asks of the records of one type. `key`: a name or an id. `fields`: null for all of them.
 * `limit`: null for as many as a list may have.
 */
export type RecordRequest = { readonly type: string } & (
  | { readonly action: 'exists'; readonly key: string }
  | { readonly action: 'read'; readonly key: string; readonly fields: readonly string[] | null }
  | { readonly action: 'save'; readonly key: string; readonly values: RecordValues }
  | { readonly action: 'clone'; readonly key: string; readonly values: RecordValues }
  | { readonly action: 'delete'; readonly key: string }
  | {
      readonly action: 'list'
      readonly filter: Json
      readonly order: string | null
      readonly limit: number | null
    }
)

interface RecordValues {
  readonly [field: string]: Json
}
