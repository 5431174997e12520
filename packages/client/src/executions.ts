import type { DebugRequest, DebugState, DebugStop, InspectRequest } from './execution-debug.ts'
import { waitForEnd } from './execution-wait.ts'
import {
  exportList,
  type ExportListOptions,
  exportOne,
  type ExportOptions,
  importDocuments,
  type ImportResult,
} from './execution-documents.ts'
import type {
  BatchResult,
  BulkRequest,
  BulkResult,
  ExecutionPatch,
  NewExecution,
  RerunRequest,
  SavepointRef,
} from './execution-requests.ts'
import type { Execution } from './execution-record.ts'
import { streamExecution, type ExecutionEvent, type StreamOptions } from './execution-stream.ts'
import type { LogEntry, Revert, Savepoint, Stand, TreeNode, Why } from './execution-views.ts'
import { iteratePages, listPage, type ListOptions, type Page } from './list.ts'
import { as } from './records.ts'
import type { Query } from './query.ts'
import type { Repeat, Transport } from './transport.ts'

export interface Executions {
  /** Answers with the record: ended, when `waitSeconds` was enough. */
  create(what: NewExecution, options?: CreateOptions): Promise<Execution>
  /** Up to 10,000 in one commit; ids in the order of the items. */
  createBatch(items: readonly NewExecution[], options?: CreateOptions): Promise<BatchResult>
  get(id: string): Promise<Execution>
  list(options?: ListOptions): Promise<Page<Execution>>
  iterate(options?: ListOptions): AsyncGenerator<Execution>
  children(id: string, options?: ListOptions & { depth?: number }): Promise<Page<Execution>>
  iterateChildren(id: string, options?: ListOptions): AsyncGenerator<Execution>
  tree(id: string): Promise<TreeNode>
  log(id: string, options?: ListOptions): Promise<Page<LogEntry>>
  iterateLog(id: string, options?: ListOptions): AsyncGenerator<LogEntry>
  /** Of the present generation, or of an earlier one. */
  savepoints(id: string, options?: ListOptions & { generation?: number }): Promise<Page<Savepoint>>
  /** How it stood there. `savepoint`: number, id or name. */
  savepoint(id: string, savepoint: string | number): Promise<Stand>
  reverts(id: string, options?: ListOptions): Promise<Page<Revert>>
  /** Takes it back to a savepoint and lets it go on from there. */
  revert(id: string, to: SavepointRef): Promise<Execution>
  /** Starts another one like it. Answers with its record: ended, when `waitSeconds` was enough. */
  rerun(id: string, what?: RerunRequest, options?: CreateOptions): Promise<Execution>
  /** With `chain`, followed to its root. */
  why(id: string, options?: { chain?: boolean }): Promise<Why>
  cancel(id: string, options?: { message?: string }): Promise<Execution>
  /** With `tree` all below it, too, that is no orphan. */
  pause(id: string, options?: TreeOptions): Promise<Execution>
  resume(id: string, options?: TreeOptions): Promise<Execution>
  /** Leaves a stop of its debugger, stops it at its next line, or changes its breakpoints. */
  debug(id: string, request: DebugRequest): Promise<Execution>
  /** How it stands with its debugger; with `waitSeconds`, as soon as it is stopped or has ended. */
  debugState(
    id: string,
    options?: { waitSeconds?: number; lines?: boolean; signal?: AbortSignal },
  ): Promise<DebugState>
  /** Takes it out of development mode, for good. */
  makeProductive(id: string): Promise<Execution>
  /** Call stack and variables as they were at one of its calls. */
  inspect(id: string, request?: InspectRequest): Promise<DebugStop>
  bulk(request: BulkRequest): Promise<BulkResult>
  /** Changes the fields that are given; null clears. */
  update(id: string, patch: ExecutionPatch): Promise<Execution>
  /** An ended one; it can be restored. */
  trash(id: string): Promise<void>
  restore(id: string): Promise<Execution>
  /** For ever, with all below it. */
  purge(id: string): Promise<void>
  /** YAML of an ended one, in pieces of text. */
  export(id: string, options?: ExportOptions): AsyncGenerator<string>
  /** YAML of all ended ones that a list would have, in pieces of text. */
  exportAll(options?: ExportListOptions): AsyncGenerator<string>
  /** What an export wrote, each under a new id: all or none. */
  import(yaml: string, options?: { readonly dryRun?: boolean }): Promise<ImportResult>
  /** Until it has ended. Errors: TimedOutError. */
  wait(id: string, options?: WaitOptions): Promise<Execution>
  /** What happens from now on, until it has ended; goes on by itself after a broken connection. */
  stream(id: string, options?: StreamOptions): AsyncGenerator<ExecutionEvent>
}

export interface CreateOptions {
  /** Seconds to wait for the end before answering, 300 at most. */
  readonly waitSeconds?: number | undefined
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal | undefined
}

export interface TreeOptions {
  readonly tree?: boolean | undefined
}

export interface WaitOptions {
  /** For ever by default. */
  readonly timeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export function createExecutionsApi(transport: Transport): Executions {
  const one = (id: string, rest = '') => `/execution/${encodeURIComponent(id)}${rest}`
  const read = async <T>(path: string, query: Query = {}) =>
    as<T>(await transport.send({ method: 'GET', path, query }))
  const post = async <T>(path: string, body: unknown, options: PostOptions = {}) =>
    as<T>(
      await transport.send({
        method: 'POST',
        path,
        query: { wait: options.waitSeconds },
        body,
        ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
        ...(options.repeat === undefined ? {} : { repeat: options.repeat }),
        signal: options.signal,
      }),
    )
  const remove = async (id: string, permanently: boolean): Promise<void> => {
    const query = { permanently: permanently ? true : undefined }
    await transport.send({ method: 'DELETE', path: one(id), query })
  }
  const list = (options?: ListOptions) => listPage<Execution>(transport, '/execution', options)
  const children = (id: string, options: ListOptions & { depth?: number } = {}) =>
    listPage<Execution>(transport, one(id, '/children'), options, { depth: options.depth })
  const savepoints = (id: string, options: ListOptions & { generation?: number } = {}) =>
    listPage<Savepoint>(transport, one(id, '/savepoint'), options, {
      generation: options.generation,
    })
  const log = (id: string, options?: ListOptions) =>
    listPage<LogEntry>(transport, one(id, '/log'), options)

  return {
    create: (what, options) => post<Execution>('/execution', what, options),
    createBatch: (items, options) => post<BatchResult>('/execution/batch', { items }, options),
    get: (id) => read<Execution>(one(id)),
    list,
    iterate: (options) => iteratePages(list, options),
    children,
    iterateChildren: (id, options) => iteratePages((page) => children(id, page), options),
    tree: (id) => read<TreeNode>(one(id, '/tree')),
    log,
    iterateLog: (id, options) => iteratePages((page) => log(id, page), options),
    savepoints,
    savepoint: (id, savepoint) =>
      read<Stand>(one(id, `/savepoint/${encodeURIComponent(savepoint)}`)),
    reverts: (id, options) => listPage<Revert>(transport, one(id, '/revert'), options),
    revert: (id, to) => post<Execution>(one(id, '/revert'), to),
    rerun: (id, what, options) => post<Execution>(one(id, '/rerun'), what ?? {}, options),
    why: (id, options) =>
      read<Why>(one(id, '/why'), { chain: options?.chain === true ? true : undefined }),
    cancel: (id, options) => post<Execution>(one(id, '/cancel'), options ?? {}),
    pause: (id, options) => post<Execution>(one(id, '/pause'), treeOf(options)),
    resume: (id, options) => post<Execution>(one(id, '/resume'), treeOf(options)),
    debug: (id, request) => post<Execution>(one(id, '/debug'), request),
    debugState: async (id, { waitSeconds, lines, signal } = {}) =>
      as<DebugState>(
        await transport.send({
          method: 'GET',
          path: one(id, '/debug'),
          query: { wait: waitSeconds, lines },
          signal,
        }),
      ),
    makeProductive: (id) => post<Execution>(one(id, '/productive'), {}),
    inspect: (id, request) =>
      post<DebugStop>(one(id, '/inspect'), request ?? {}, { repeat: 'freely' }),
    bulk: (request) => post<BulkResult>('/execution/bulk', request),
    update: async (id, patch) =>
      as<Execution>(await transport.send({ method: 'PATCH', path: one(id), body: patch })),
    trash: (id) => remove(id, false),
    restore: (id) => post<Execution>(one(id, '/restore'), {}),
    purge: (id) => remove(id, true),
    export: (id, options) => exportOne(transport, id, options),
    exportAll: (options) => exportList(transport, options),
    import: (yaml, options) => importDocuments(transport, yaml, options),
    wait: (id, options) => waitForEnd(transport, id, options),
    stream: (id, options) => streamExecution(transport, id, options),
  }
}

interface PostOptions extends CreateOptions {
  readonly repeat?: Repeat
}

const treeOf = (options: TreeOptions = {}) => (options.tree === true ? { tree: true } : {})
