import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('leases', [
  'registerProcess',
  'renewProcess',
  'removeProcess',
  'liveProcesses',
])

/** A running service process. Its lease is judged by Postgres's clock alone. */
export interface ProcessRow {
  readonly processId: string
  readonly service: string
  /** host:port of its internal gRPC server */
  readonly address: string | null
}

/** How long a process may be silent before its executions are given to others. */
export const PROCESS_LEASE_TTL_MS = 10_000
/** A third of the lease: two renewals may fail before it runs out. */
export const PROCESS_LEASE_RENEW_MS = 3_000

export async function registerProcess(
  db: Queryable,
  {
    processId,
    service,
    address,
    ttlMs = PROCESS_LEASE_TTL_MS,
  }: ProcessRow & { readonly ttlMs?: number },
): Promise<void> {
  await db.query(sql.registerProcess, [processId, service, address, ttlMs])
}

/** False: the lease ran out, others may hold its executions; the process must let go of all of them. */
export async function renewProcess(
  db: Queryable,
  {
    processId,
    ttlMs = PROCESS_LEASE_TTL_MS,
  }: { readonly processId: string; readonly ttlMs?: number },
): Promise<boolean> {
  return (await db.query(sql.renewProcess, [processId, ttlMs])).length > 0
}

export async function removeProcess(db: Queryable, processId: string): Promise<void> {
  await db.query(sql.removeProcess, [processId])
}

export async function liveProcesses(db: Queryable): Promise<ProcessRow[]> {
  const rows = await db.query<{ process_id: string; service: string; address: string | null }>(
    sql.liveProcesses,
  )
  return rows.map((row) => ({
    processId: row.process_id,
    service: row.service,
    address: row.address,
  }))
}
