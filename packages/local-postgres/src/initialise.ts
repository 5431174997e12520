import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binariesFolder } from './binaries.ts'
import { postgresUser } from './postgres-user.ts'
import { runAs } from './run-as.ts'

export interface InitialiseOptions {
  /** Absolute path of the data folder; its parent exists. */
  readonly folder: string
  /** The superuser and its password. */
  readonly user: string
  readonly password: string
  /** For initdb, such as `--no-sync`. */
  readonly flags?: readonly string[]
}

/**
 * Makes a data folder, unless it is there. UTF-8 with the collation that Postgres brings itself, so
 * that no order depends on the machine. A crash half way leaves `<folder>.new`, which the next call
 * throws away; the folder itself is complete or absent. Throws with what initdb said.
 */
export async function initialisePostgres(options: InitialiseOptions): Promise<void> {
  const { folder, user, password, flags = [] } = options
  if (existsSync(join(folder, 'PG_VERSION'))) return
  const owner = postgresUser()
  const making = `${folder}.new`
  const passwordFile = `${folder}.password`
  rmSync(making, { recursive: true, force: true })
  rmSync(passwordFile, { force: true })
  mkdirSync(making, { mode: 0o700 })
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
    if (owner !== null)
      for (const path of [making, passwordFile]) chownSync(path, owner.uid, owner.gid)
    await initdb(owner, [
      ...['--pgdata', making, '--username', user, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'utf8', '--locale', 'C'],
      ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ...flags,
    ])
    renameSync(making, folder)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

async function initdb(owner: ReturnType<typeof postgresUser>, args: string[]): Promise<void> {
  const folder = binariesFolder()
  const program = join(folder, 'initdb')
  const paths = [program, args[1] ?? '']
  const { command, args: all, options } = runAs(owner, { program, args, paths })
  const child = spawn(command, all, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`initdb failed (${code}):\n${output.trim()}`)
}
