import type { Json } from './json.ts'

/**
 * A record of the workspace (a flow, a connector, a webhook, …), by its name or id. The rules are those
 * of the API: what it would refuse throws InvalidInputError, whose `details.errors` says where, or for a
 * name that is taken an EngineException with the `code` conflict; `workspace_id`, `id`, `created_by` and
 * the other fields that the server keeps cannot be written; secrets show as `***`. A change has happened
 * when its promise is resolved, once, whatever dies meanwhile.
 */
export interface StoredRecord {
  /** Such as `flow`. */
  readonly type: string
  /** The name or the id by which it is addressed. */
  readonly key: string
  exists(): Promise<boolean>
  /**
   * Fields of the record, from what is known already or was `set`, else from the record. One field gives
   * its value, several an array, none the record as an object. Throws ResourceNotFoundError when there is
   * none.
   */
  get(): Promise<{ [field: string]: any }>
  get(field: string): Promise<any>
  get(...fields: string[]): Promise<any[]>
  /** As `get`, always from the record as it is now. */
  load(): Promise<{ [field: string]: any }>
  load(field: string): Promise<any>
  load(...fields: string[]): Promise<any[]>
  /** Notes values for `get` and for the next `save`; asks nothing. Null clears, absent leaves alone. */
  set(fields: { readonly [field: string]: unknown }): void
  /**
   * Writes what was `set` and `fields`, which win. Makes the record when there is none of that name; of
   * one that exists what is not named stays as it is.
   */
  save(fields?: { readonly [field: string]: unknown }): Promise<this>
  /** To the trash; false when there is none. */
  delete(): Promise<boolean>
  /**
   * Makes another one like it, but for `fields`. Without a `name` it is called `<name> copy`. Schedules
   * and webhooks are disabled in their copy.
   */
  clone(fields?: { readonly [field: string]: unknown }): Promise<StoredRecord>
  toJSON(): Json
}

/** One condition of a list, or several: what lists over HTTP understand. */
export type Filter =
  | {
      readonly field: string
      readonly op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'like' | 'ilike' | 'in' | 'is_null'
      /** Of `like` a text in which % stands for any characters. */
      readonly value?: Json
    }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }

/** Which records a list holds. */
export interface ListOptions {
  readonly filter?: Filter
  /** Such as `-created_at,name`; default by name, executions and messages the newest first. */
  readonly order?: string
  /** At most so many. Without it a list of more than 10,000 throws InvalidInputError. */
  readonly limit?: number
}

/** An address as the inputs of a REST connection. */
export interface RestAddress {
  readonly scheme: 'https' | 'http'
  readonly host: string
  readonly port?: number
  readonly path: string
  readonly query: { name: string; value: string }[]
  /** Of a user and password before the host. */
  readonly authentication?: {
    readonly authentication_method: 'basic'
    readonly username: string
    readonly password: string
  }
}
