import { iteratePages, listPage, type ListOptions, type Page } from './list.ts'
import type { Query } from './query.ts'
import type { Repeat, Transport } from './transport.ts'

/** What every kind of record can do. `key` is an id, or a name with `by: 'name'`. */
export interface Records<T, New> {
  create(record: New): Promise<T>
  get(key: string, options?: By): Promise<T>
  update(key: string, fields: Partial<New>, options?: By): Promise<T>
  /** To the trash; with `permanently` for good. */
  delete(key: string, options?: By & { permanently?: boolean }): Promise<void>
  restore(key: string, options?: By): Promise<T>
  list(options?: ListOptions): Promise<Page<T>>
  iterate(options?: ListOptions): AsyncGenerator<T>
}

/** Records whose first answer holds a secret, which the server keeps for no second asking. */
export interface ShownOnce<T, New> {
  /** One try, unless it surely was not done. */
  create(record: New): Promise<T>
  get(id: string): Promise<T>
  list(options?: Pick<ListOptions, 'limit' | 'cursor'>): Promise<Page<T>>
  iterate(options?: Pick<ListOptions, 'limit' | 'cursor'>): AsyncGenerator<T>
}

export interface By {
  readonly by?: 'id' | 'name'
}

/** `repeatCreate`: whether the server heeds an Idempotency-Key when one is made. */
export function createRecords<T, New>(
  transport: Transport,
  type: string,
  { repeatCreate = 'keyed' }: { readonly repeatCreate?: Repeat } = {},
): Records<T, New> {
  const one = (key: string) => `/${type}/${encodeURIComponent(key)}`
  const list = (options?: ListOptions) => listPage<T>(transport, `/${type}`, options)
  return {
    create: async (record) =>
      as<T>(
        await transport.send({
          method: 'POST',
          path: `/${type}`,
          body: record,
          repeat: repeatCreate,
        }),
      ),
    get: async (key, options) =>
      as<T>(await transport.send({ method: 'GET', path: one(key), query: byQuery(options) })),
    update: async (key, fields, options) =>
      as<T>(
        await transport.send({
          method: 'PATCH',
          path: one(key),
          query: byQuery(options),
          body: fields,
        }),
      ),
    delete: async (key, options) => {
      const query = {
        ...byQuery(options),
        permanently: options?.permanently === true ? true : undefined,
      }
      await transport.send({ method: 'DELETE', path: one(key), query })
    },
    restore: async (key, options) =>
      as<T>(
        await transport.send({
          method: 'POST',
          path: `${one(key)}/restore`,
          query: byQuery(options),
        }),
      ),
    list,
    iterate: (options) => iteratePages(list, options),
  }
}

export function createShownOnce<T, New>(transport: Transport, type: string): ShownOnce<T, New> {
  const { create, get, list, iterate } = createRecords<T, New>(transport, type, {
    repeatCreate: 'never',
  })
  return { create, get, list, iterate }
}

export function byQuery(options: By | undefined): Query {
  return options?.by === 'name' ? { by: 'name' } : {}
}

/** The server's schemas are the client's types: answers are trusted, not checked again. */
export function as<T>(answer: { readonly body: unknown }): T {
  return answer.body as T
}
