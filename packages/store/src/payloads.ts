import { sha256Hex } from '@millrace/runtime'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('payloads', ['putPayloads', 'readPayloads'])

/** JSON text above this many characters goes to the payload table: rows stay narrow, copies are free. */
export const INLINE_MAX_CHARS = 32 * 1_024

/** A JSON text in the payload table. `hash`: sha256 in hex. */
export interface Payload {
  readonly workspaceId: string
  readonly hash: string
  readonly text: string
}

/** The payload a JSON text must become, or null when it is small enough to stay in its row. */
export function payloadOf(workspaceId: string, text: string): Payload | null {
  return text.length > INLINE_MAX_CHARS ? { workspaceId, hash: sha256Hex(text), text } : null
}

/**
 * Stores payloads by content; those that exist already stay. Runs before the commit that refers to
 * them: a crash between leaves an unreferenced payload, which retention removes.
 */
export async function putPayloads(db: Queryable, payloads: readonly Payload[]): Promise<void> {
  if (payloads.length === 0) return
  const keys = payloads.map(({ workspaceId, hash, text }) => ({
    workspace_id: workspaceId,
    hash,
    size: Buffer.byteLength(text),
  }))
  await db.query(sql.putPayloads, [JSON.stringify(keys), payloads.map((payload) => payload.text)])
}

/** JSON texts by `<workspaceId>/<hash>`. A payload that is not there is absent from the map. */
export async function readPayloads(
  db: Queryable,
  keys: readonly { readonly workspaceId: string; readonly hash: string }[],
): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map()
  const rows = await db.query<{ workspace_id: string; hash: string; body: string }>(
    sql.readPayloads,
    [JSON.stringify(keys.map(({ workspaceId, hash }) => ({ workspace_id: workspaceId, hash })))],
  )
  return new Map(rows.map((row) => [`${row.workspace_id}/${row.hash}`, row.body]))
}
