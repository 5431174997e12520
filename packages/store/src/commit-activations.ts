import type { Status } from '@millrace/execution'
import { type Database, inTransaction, type Queryable } from './database.ts'
import { sql } from './executions-sql.ts'
import { isLimited, openLimits } from './limits.ts'
import type { NewMessage } from './messages.ts'
import { newExecutionRow, type NewExecution } from './new-execution.ts'
import { payloadOf, putPayloads, type Payload } from './payloads.ts'
import { pgTextOrNull } from './pg-text.ts'
import { recordset } from './recordset.ts'
import { byRow } from './row-order.ts'

/** Everything that one activation of one execution leaves behind; all of it or nothing is kept. */
export interface ActivationCommit {
  readonly workspaceId: string
  readonly executionId: string
  /** The version the activation ran on: the guard. */
  readonly version: number
  readonly generation: number
  /** The status of its oldest open wait, WAITING_ENGINE to give it back, or its end. */
  readonly status: Status
  readonly ended: boolean
  /** The last positioned answer that the code has seen: with a newer one it goes to WAITING_ENGINE. */
  readonly consumed: number
  readonly processId: string
  readonly startedAt: number
  readonly line: number | null
  readonly lastCommand: string | null
  readonly name: string | null
  /** undefined leaves it alone. */
  readonly message?: string | null | undefined
  /** JSON text; undefined leaves it alone. */
  readonly output?: string | undefined
  /** The time shown as scheduled_for: seconds from now, or ms since 1970. */
  readonly dueIn: number | null
  readonly dueAt: number | null
  /** Whether it has or had waits in the table: an end then removes them. */
  readonly hasWaits: boolean
  readonly history: {
    readonly firstSeq: number
    readonly lastSeq: number
    readonly entries: string
  } | null
  readonly log: { readonly firstSeq: number; readonly lines: string } | null
  readonly children: readonly NewExecution[]
  readonly waits: readonly NewWait[]
  readonly lockRequests: readonly NewLockRequest[]
  readonly settings: readonly {
    readonly id: string
    readonly name: string
    readonly value: string
  }[]
  /** Present when it writes any: `commitWithFiles` takes it then. */
  readonly files?: readonly NewFile[]
  /** Present when it asks people: `commitWithFiles` takes it then. */
  readonly messages?: readonly NewMessage[]
}

/** A file that is written. */
export interface NewFile {
  readonly name: string
  /** Null moves it to the trash. */
  readonly bytes: Uint8Array | null
  /** Null keeps the one that it has. */
  readonly contentType: string | null
}

/** A wait to open. `members`: the executions of a DEPENDENCY over several, in the caller's order. */
export interface NewWait {
  readonly seq: number
  readonly kind: 'TIMER' | 'DEPENDENCY' | 'LOCK' | 'RESPONSE' | 'CONTROL' | 'RECORD'
  readonly returnWhen: string | null
  readonly needed: number | null
  readonly ref: string | null
  readonly subject: string | null
  readonly dueIn: number | null
  readonly dueAt: number | null
  readonly members: readonly string[]
}

export interface NewLockRequest {
  readonly seq: number
  readonly key: string
  readonly action: 'acquire' | 'release'
  readonly capacity: number
}

/** What became of it. Not `applied`: somebody moved the execution meanwhile, the activation never happened. */
export type CommitResult =
  | { readonly applied: false }
  | {
      readonly applied: true
      readonly version: number
      readonly status: Status
      readonly answered: number
      readonly watched: boolean
      readonly parentId: string | null
    }

/**
 * Commits activations in one statement, each guarded by the version it ran on (fencing inside the
 * commit): history, log, children, waits, lock requests and the move itself. Results are in order.
 *
 * A crash before it leaves nothing: pure work is done again. A crash after it and before the nudges
 * leaves rows that the sweep finds.
 */
export async function commitActivations(
  db: Queryable | Database,
  items: readonly ActivationCommit[],
): Promise<CommitResult[]> {
  const order = items.map((item, ordinal) => ({ item, ordinal }))
  order.sort((a, b) => byRow(a.item, b.item))
  const payloads: Payload[] = []
  const rows = order.map(({ item, ordinal }) => {
    const payload = item.output === undefined ? null : payloadOf(item.workspaceId, item.output)
    if (payload !== null) payloads.push(payload)
    return {
      columns: columnsOf(item, ordinal, payload),
      output: payload === null ? (item.output ?? null) : null,
      item,
    }
  })
  const aligned = [
    recordset(rows.map((row) => row.columns)),
    rows.map((row) => row.output),
    rows.map((row) => row.item.history?.entries ?? null),
    rows.map((row) => row.item.log?.lines ?? null),
  ]
  const short = items.every(isShort)
  const effects = short ? [] : effectParams(order, payloads)
  await putPayloads(db, payloads)
  const params = [...aligned, ...effects]
  const moved = short
    ? await db.query<MovedRow>(sql.endActivations, params)
    : await commitWithLimits(db, items, params)

  const results: CommitResult[] = items.map(() => ({ applied: false }))
  for (const row of moved)
    results[row.ordinal] = {
      applied: true,
      version: row.version,
      status: row.status,
      answered: row.answered,
      watched: row.watched,
      parentId: row.parent_execution_id,
    }
  return results
}

/** Only children that are limited cost a transaction. */
async function commitWithLimits(
  db: Queryable | Database,
  items: readonly ActivationCommit[],
  params: readonly unknown[],
): Promise<MovedRow[]> {
  if (!items.some(({ children }) => children.some(isLimited)))
    return db.query<MovedRow>(sql.commitActivations, params)
  return inTransaction(db, async (tx) => {
    const moved = await tx.query<MovedRow>(sql.commitActivations, params)
    const born = moved.flatMap(({ ordinal }) => items[ordinal]?.children ?? [])
    await openLimits(tx, born.filter(isLimited))
    return moved
  })
}

/** It ends and brings no children, waits, requests or settings: most of all executions do. */
export function isShort(item: ActivationCommit): boolean {
  return (
    item.ended &&
    !item.hasWaits &&
    item.files === undefined &&
    item.messages === undefined &&
    item.children.length + item.waits.length + item.lockRequests.length + item.settings.length === 0
  )
}

function columnsOf(
  item: ActivationCommit,
  ordinal: number,
  payload: Payload | null,
): Record<string, unknown> {
  return {
    ordinal,
    workspace_id: item.workspaceId,
    id: item.executionId,
    version: item.version,
    generation: item.generation,
    status: item.status,
    ended: item.ended,
    consumed: item.consumed,
    process_id: item.processId,
    started_at: item.startedAt,
    lineno: item.line,
    last_command: pgTextOrNull(item.lastCommand),
    name: pgTextOrNull(item.name),
    has_message: item.message !== undefined,
    message: pgTextOrNull(item.message ?? null),
    has_output: item.output !== undefined,
    output_hash: payload?.hash ?? null,
    due_in: item.dueIn,
    due_at: item.dueAt,
    has_waits: item.hasWaits,
    first_seq: item.history?.firstSeq ?? null,
    last_seq: item.history?.lastSeq ?? null,
    log_seq: item.log?.firstSeq ?? null,
  }
}

/** Parameters $5 to $12 of commitActivations: what the moved rows bring with them. */
function effectParams(
  order: readonly { readonly item: ActivationCommit; readonly ordinal: number }[],
  payloads: Payload[],
): unknown[] {
  const children: Record<string, unknown>[] = []
  const childInputs: (string | null)[] = []
  const childExtras: (string | null)[] = []
  const waits: unknown[] = []
  const members: unknown[] = []
  const requests: unknown[] = []
  const settings: unknown[] = []
  const settingValues: string[] = []
  for (const { item, ordinal: owner } of order) {
    const place = { owner, workspace_id: item.workspaceId, execution_id: item.executionId }
    for (const child of item.children) {
      const row = newExecutionRow(child)
      if (row.payload !== null) payloads.push(row.payload)
      children.push({ owner, ...row.columns })
      childInputs.push(row.input)
      childExtras.push(child.extra)
    }
    for (const wait of item.waits) {
      waits.push({
        ...place,
        generation: item.generation,
        seq: wait.seq,
        kind: wait.kind,
        return_when: wait.returnWhen,
        needed: wait.needed,
        ref: wait.ref,
        subject: pgTextOrNull(wait.subject),
        due_in: wait.dueIn,
        due_at: wait.dueAt,
      })
      for (const [at, member] of wait.members.entries())
        members.push({ ...place, member_id: member, seq: wait.seq, ordinal: at })
    }
    for (const request of item.lockRequests)
      requests.push({ ...place, generation: item.generation, ...request })
    for (const setting of item.settings) {
      settings.push({
        owner,
        workspace_id: item.workspaceId,
        id: setting.id,
        name: setting.name,
        modified_by: item.executionId,
      })
      settingValues.push(setting.value)
    }
  }
  return [
    recordset(children),
    childInputs,
    childExtras,
    JSON.stringify(waits),
    JSON.stringify(members),
    JSON.stringify(requests),
    JSON.stringify(settings),
    settingValues,
  ]
}

interface MovedRow {
  ordinal: number
  version: number
  status: Status
  answered: number
  watched: boolean
  parent_execution_id: string | null
}
