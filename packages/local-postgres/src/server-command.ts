import { join } from 'node:path'
import { binariesFolder } from './binaries.ts'
import { postgresUser } from './postgres-user.ts'
import { runAs, type Command } from './run-as.ts'

export interface ServerOptions {
  /** Absolute path of a data folder that initialisePostgres made. */
  readonly folder: string
  /** On 127.0.0.1, and nowhere else: no unix socket either. */
  readonly port: number
  /** `name=value` of postgresql.conf. */
  readonly settings?: readonly string[]
}

/**
 * The command of a server in the foreground, which logs to stderr. SIGINT ends it fast and clean;
 * after SIGKILL the next start recovers.
 */
export function serverCommand({ folder, port, settings = [] }: ServerOptions): Command {
  const program = join(binariesFolder(), 'postgres')
  const all = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    ...settings,
  ]
  const args = ['-D', folder, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])]
  return runAs(postgresUser(), { program, args, paths: [program, folder] })
}
