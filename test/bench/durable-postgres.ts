import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialisePostgres, serverCommand, tunedSettings } from '@millrace/local-postgres'
import { freePort } from '@millrace/runtime'
import pg from 'pg'
import { until } from '../stack/index.ts'

export interface DurablePostgres extends AsyncDisposable {
  /** Of an empty database `bench`. */
  readonly url: string
}

/** The same server with the same settings as `make up` runs, for a peer that needs one. */
export async function startDurablePostgres(): Promise<DurablePostgres> {
  const home = mkdtempSync(join(tmpdir(), 'bench-postgres-'))
  const folder = join(home, 'data')
  await initialisePostgres({ folder, user: 'bench', password: 'bench' })
  const port = await freePort()
  const { command, args, options } = serverCommand({ folder, port, settings: tunedSettings() })
  const server = spawn(command, args, { ...options, stdio: 'ignore' })
  const url = (database: string): string => `postgres://bench:bench@127.0.0.1:${port}/${database}`
  await until(() => createDatabase(url('postgres')), { what: 'Postgres', timeoutMs: 30_000 })
  return {
    url: url('bench'),
    async [Symbol.asyncDispose]() {
      server.kill('SIGINT')
      await once(server, 'exit')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function createDatabase(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE DATABASE bench')
  await client.end()
  return true
}
