import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { StoredRows } from '../evidence.ts'

/** The stack's own Postgres, asked directly: past proxies and past the services. */
export interface StackDatabase extends AsyncDisposable {
  sql<T extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<T[]>
  /** Everything the checkers look at. */
  readRows(): Promise<StoredRows>
  installAudit(): Promise<void>
}

export function openDatabase(home: string): StackDatabase {
  const url = readFileSync(join(home, 'run', 'postgres.url'), 'utf8').trim()
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 3_000 })
  pool.on('error', () => undefined) // the server is killed on purpose
  const sql: StackDatabase['sql'] = async <T extends object>(text: string, values = []) =>
    (await pool.query<T>(text, [...values])).rows
  return {
    sql,
    readRows: async () => ({
      executions: await sql(EXECUTIONS),
      savepoints: await sql(SAVEPOINTS),
      answers: await sql(ANSWERS),
      attempts: await sql(ATTEMPTS),
      left: await sql(LEFT),
      reverts: await sql(REVERTS),
      messages: await sql(MESSAGES),
      hooked: await sql(HOOKED),
      gates: await sql(GATES),
      events: await sql(EVENTS),
    }),
    installAudit: async () => {
      await pool.query(readFileSync(join(import.meta.dirname, '..', 'audit.sql'), 'utf8'))
    },
    [Symbol.asyncDispose]: () => pool.end().catch(() => undefined),
  }
}

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`

const EXECUTIONS = `
  SELECT e.id, e.type, e.status, e.name, e.message, coalesce(e.output, p.body::json) AS output,
    e.generation, e.answered, e.recoveries, e.parent_execution_id AS parent, e.orphan,
    ${ms('e.created_at')} AS "createdAt", ${ms('e.started_at')} AS "startedAt",
    ${ms('e.scheduled_for')} AS "scheduledFor", ${ms('e.ended_at')} AS "endedAt",
    e.xmin::text::float8 AS xmin
  FROM execution e
  LEFT JOIN payload p ON p.workspace_id = e.workspace_id AND p.hash = e.output_hash
  ORDER BY e.id`

const SAVEPOINTS = `
  SELECT s.execution_id AS execution, s.generation, s.first_seq AS "firstSeq", s.last_seq AS "lastSeq",
    ARRAY(SELECT (entry->>'seq')::integer FROM json_array_elements(s.entries) AS entry) AS seqs,
    ${ms('s.created_at')} AS "createdAt", s.xmin::text::float8 AS xmin
  FROM savepoint s ORDER BY s.execution_id, s.generation, s.first_seq`

const ANSWERS = `
  SELECT a.execution_id AS execution, a.generation, a.position, a.seq, a.outcome->>'kind' AS kind,
    ${ms('a.created_at')} AS "createdAt", a.xmin::text::float8 AS xmin
  FROM answer a ORDER BY a.execution_id, a.generation, a.position`

const ATTEMPTS = `
  SELECT a.execution_id AS execution, e.parent_execution_id AS parent, a.attempt, a.repeat_class AS "repeatClass",
    ${ms('a.started_at')} AS "startedAt", a.outcome, a.xmin::text::float8 AS xmin
  FROM connection_attempt a
  LEFT JOIN execution e ON e.workspace_id = a.workspace_id AND e.id = a.execution_id
  ORDER BY a.execution_id, a.attempt`

const LEFT = `
  SELECT 'wait' AS what, execution_id AS execution, kind || ' ' || seq AS detail FROM wait
  UNION ALL SELECT 'member', execution_id, seq::text FROM wait_member
  UNION ALL SELECT 'request', execution_id, action || ' ' || key FROM lock_request
  UNION ALL SELECT 'holder', execution_id, key FROM lock_holder`

const REVERTS = `
  SELECT execution_id AS execution, generation, seq, created_by IS NULL AS own
  FROM revert ORDER BY execution_id, generation`

/** Those of the load, as with webhooks: what a row asks and calls besides it judges itself. */
const MESSAGES = `
  SELECT id, execution_id AS execution, generation, status, response->>'string' AS answer
  FROM message WHERE title LIKE 'chaos%' ORDER BY id`

const HOOKED = `
  SELECT e.id, coalesce(e.input #>> '{payload,json,delivery}', '') AS delivery
  FROM execution e JOIN webhook w ON w.workspace_id = e.workspace_id AND w.id::text = e.extra->>'webhook_id'
  WHERE w.name = 'chaos' ORDER BY e.id`

const GATES = `
  SELECT key, execution_id AS execution, capacity FROM start_gate ORDER BY key, execution_id`

const EVENTS = `
  SELECT n::float8 AS n, ${ms('at')} AS at, xid::float8 AS xid, what, execution_id AS execution, detail
  FROM chaos.event ORDER BY n`
