import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { monotonicMs } from '@millrace/runtime'
import { type Stack, until } from '../../stack/index.ts'
import { signal } from '../../stack/processes.ts'
import type { Rng } from '../rng.ts'
import { descendantsOf } from './process.ts'
import { injectFault } from './strace.ts'

/** Several stacks may share a machine: what is slow is not broken. */
const PATIENCE_MS = 60_000

/** Of the stack's own Postgres, as superuser, past all proxies. */
export const postgresUrl = (home: string): string =>
  readFileSync(join(home, 'run', 'postgres.url'), 'utf8').trim()

/** Until it takes sessions. */
export async function postgresAccepts(url: string, timeoutMs = PATIENCE_MS): Promise<void> {
  await until(() => ask(url, 'SELECT 1').then(() => true), {
    what: 'Postgres accepts sessions',
    timeoutMs,
  })
}

/**
 * `pg_ctl stop -m immediate`: every session dies where it stands, and the next start recovers from the
 * log. The supervisor starts it.
 */
export async function crashPostgres(stack: Stack): Promise<void> {
  const former = stack.kill('postgres', 1, 'SIGQUIT')
  await until(() => stack.pidsOf('postgres').some((pid) => pid !== former), {
    what: 'another postgres',
    timeoutMs: PATIENCE_MS,
  })
  await postgresAccepts(postgresUrl(stack.home))
}

/** Until a session of the services is in a transaction. Answers with how many are. */
export async function untilInTransaction(url: string, withinMs = 5_000): Promise<number> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const deadline = monotonicMs() + withinMs
    for (;;) {
      const { rows } = await client.query<{ sessions: number }>(
        `SELECT count(*)::int AS sessions FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL`,
      )
      const sessions = rows[0]?.sessions ?? 0
      if (sessions > 0 || monotonicMs() > deadline) return sessions
    }
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** pg_terminate_backend for one of the services' sessions. Its application, or null when there is none. */
export async function terminateBackend(url: string, rng: Rng): Promise<string | null> {
  const backend = await pickBackend(url, rng)
  if (backend === null) return null
  await ask(url, 'SELECT pg_terminate_backend($1)', [backend.pid])
  return backend.application
}

/**
 * kill -9 of one session: the server believes its shared memory damaged, ends all sessions and
 * recovers. Resolves when it takes sessions again.
 */
export async function killBackend(url: string, rng: Rng): Promise<string | null> {
  const backend = await pickBackend(url, rng)
  if (backend === null) return null
  const before = await startedAt(url)
  signal(backend.pid, 'SIGKILL')
  await until(async () => (await startedAt(url)) !== before, {
    what: 'Postgres begins anew',
    timeoutMs: PATIENCE_MS,
  })
  return backend.application
}

/**
 * The disk fails the `nth` fsync of whichever process of the server comes to it first: the server
 * must not go on as if it were written, so it panics and recovers. Resolves when it takes sessions
 * again; false when nobody came to it in time.
 */
export async function failFsync(
  { url, postmaster }: { readonly url: string; readonly postmaster: number },
  { nth, withinMs = 10_000 }: { readonly nth: number; readonly withinMs?: number },
): Promise<boolean> {
  const hit = await injectFault({
    pids: [postmaster, ...descendantsOf(postmaster)],
    follow: true,
    calls: ['fsync', 'fdatasync'],
    fault: `error=EIO:when=${nth}`,
    withinMs,
  })
  await postgresAccepts(url)
  return hit
}

/** pg_control's last start, in the words of the server; a session that cannot be had throws. */
async function startedAt(url: string): Promise<string> {
  // pg_postmaster_start_time stays over a recovery; the background writer does not.
  const rows = await ask<{ at: string }>(
    url,
    `SELECT string_agg(pid::text, ',' ORDER BY pid) AS at FROM pg_stat_activity
     WHERE backend_type IN ('checkpointer', 'background writer', 'walwriter')`,
  )
  return rows[0]?.at ?? ''
}

async function pickBackend(
  url: string,
  rng: Rng,
): Promise<{ pid: number; application: string } | null> {
  const backends = await ask<{ pid: number; application: string }>(
    url,
    `SELECT pid, application_name AS application FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
     ORDER BY backend_start, pid`,
  )
  return backends.length === 0 ? null : rng.pick(backends)
}

async function ask<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(text, [...values])).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
