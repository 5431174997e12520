import { now, sha256Hex } from '@millrace/runtime'
import {
  type ExecutionRecordRow,
  listChildren,
  listExecutions,
  type Page,
  readExecutionRecord,
  readExecutionValue,
  readPayloadSize,
  readPayloadText,
  readScriptSources,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import { executionWriter, type RecordFacts } from './execution-json.ts'
import { type ListInput, pageJson, parseFields, toListRequest } from './page-request.ts'

type Key = { readonly workspaceId: string; readonly id: string }

/** One row; throws `notFound`, also for another workspace's. */
export async function readRecord(context: Context, key: Key): Promise<ExecutionRecordRow> {
  const row = await readExecutionRecord(context.api, key)
  if (row === null) throw executionNotFound(key.id)
  return row
}

/** The record as JSON text, values of any size included. */
export async function getExecution(
  context: Context,
  caller: Caller,
  request: {
    readonly id: string
    readonly fields: readonly string[] | null
    readonly waitSeconds: number
    /** See CreateRequest. */
    readonly gone?: () => AbortSignal
  },
): Promise<{ json: string; ended: boolean }> {
  const writer = executionWriter(request.fields)
  const key = { workspaceId: caller.workspaceId, id: request.id }
  // Watched before it is read: an end between the two is not missed.
  const watch =
    request.waitSeconds > 0
      ? context.waiters.watch({ workspaceId: key.workspaceId, executionId: key.id })
      : null
  try {
    let row = await readRecord(context, key)
    if (watch !== null && row.ended_at === null) {
      await watch.ended(request.waitSeconds * 1_000, request.gone?.())
      row = await readRecord(context, key)
    }
    return { json: await recordJson(context, row, writer), ended: row.ended_at !== null }
  } finally {
    watch?.stop()
  }
}

async function recordJson(
  context: Context,
  row: ExecutionRecordRow,
  writer: ReturnType<typeof executionWriter>,
): Promise<string> {
  const facts = await factsFor(context, row.workspace_id, [row])
  return writer(row, { ...facts(row), ...(await inputAndOutput(context, row)) })
}

/** Large values show as null in lists: each has its own address. */
export async function listExecutionsJson(
  context: Context,
  caller: Caller,
  input: ListInput & { readonly trashed?: boolean | undefined },
): Promise<string> {
  const { trashed = false } = input
  const request = { ...toListRequest(caller.workspaceId, input), at: now(), trashed }
  return toPage(context, caller, input, () => listExecutions(context.api, request))
}

export async function listChildrenJson(
  context: Context,
  caller: Caller,
  input: ListInput & { id: string; depth?: number | undefined },
): Promise<string> {
  await readRecord(context, { workspaceId: caller.workspaceId, id: input.id })
  const request = {
    ...toListRequest(caller.workspaceId, input),
    parentId: input.id,
    depth: input.depth ?? 1,
  }
  return toPage(context, caller, input, () => listChildren(context.api, request))
}

async function toPage(
  context: Context,
  caller: Caller,
  input: ListInput,
  read: () => Promise<Page<ExecutionRecordRow>>,
): Promise<string> {
  const fields = parseFields(input.fields)
  const writer = executionWriter(fields)
  const page = await read()
  const withScript = fields === null || fields.includes('script')
  const facts = await factsFor(context, caller.workspaceId, withScript ? page.rows : [])
  return pageJson(
    page.rows.map((row) => writer(row, facts(row))),
    page,
  )
}

interface Sources {
  readonly byHash: Map<string, string>
  chars: number
}

/**
 * Sources never change under their hash, so what was read once is kept: by each gateway for itself,
 * since the simulation has many in one process.
 */
const sourcesOf = new WeakMap<Context['api'], Sources>()
const SOURCE_CHARS_MAX = 64 * 1_024 * 1_024

/** What the records of these rows show besides them, read in one query. */
export async function factsFor(
  context: Context,
  workspaceId: string,
  rows: readonly ExecutionRecordRow[],
): Promise<(row: ExecutionRecordRow) => RecordFacts> {
  const { organizationId, api } = context
  const sources = sourcesOf.get(api) ?? { byHash: new Map<string, string>(), chars: 0 }
  sourcesOf.set(api, sources)
  const { byHash } = sources
  const wanted = new Set(rows.flatMap((row) => row.script_hash ?? []))
  const missing = [...wanted].filter((hash) => !byHash.has(`${workspaceId}/${hash}`))
  const found = new Map<string, string>()
  if (missing.length > 0) {
    const read = await readScriptSources(api, { workspaceId, hashes: missing })
    for (const [hash, source] of read) {
      const json = JSON.stringify(source)
      found.set(hash, json)
      if (sources.chars > SOURCE_CHARS_MAX) {
        byHash.clear()
        sources.chars = 0
      }
      byHash.set(`${workspaceId}/${hash}`, json)
      sources.chars += json.length
    }
  }
  return (row) => {
    const hash = row.script_hash
    const script = hash === null ? null : (found.get(hash) ?? byHash.get(`${workspaceId}/${hash}`))
    return { organizationId, script: script ?? null }
  }
}

/** The large values of one row. */
export async function inputAndOutput(
  context: Context,
  row: ExecutionRecordRow,
): Promise<{ input: string | null; output: string | null }> {
  const read = (hash: string | null): Promise<string | null> =>
    hash === null
      ? Promise.resolve(null)
      : readPayloadText(context.api, { workspaceId: row.workspace_id, hash })
  const [input, output] = await Promise.all([
    row.input === null ? read(row.input_hash) : null,
    read(row.output_hash),
  ])
  return { input, output }
}

/** One value as JSON text. */
export async function readValueText(
  context: Context,
  key: Key & { which: 'input' | 'output' },
): Promise<string> {
  const found = await readExecutionValue(context.api, key)
  if (found === null) throw executionNotFound(key.id)
  if (found.hash === null) return found.value ?? 'null'
  const { workspaceId } = key
  return (await readPayloadText(context.api, { workspaceId, hash: found.hash })) ?? 'null'
}

/** Its size in bytes and its sha256, without the value. */
export async function readValueSize(
  context: Context,
  key: Key & { which: 'input' | 'output' },
): Promise<{ size: number; hash: string }> {
  const found = await readExecutionValue(context.api, key)
  if (found === null) throw executionNotFound(key.id)
  if (found.hash === null) {
    const text = found.value ?? 'null'
    return { size: Buffer.byteLength(text), hash: sha256Hex(text) }
  }
  const { workspaceId } = key
  const size = await readPayloadSize(context.api, { workspaceId, hash: found.hash })
  return { size: size ?? 0, hash: found.hash }
}
