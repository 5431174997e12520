import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface UserIds {
  readonly uid: number
  readonly gid: number
}

/**
 * Who runs Postgres when root starts it: `postgres`, created when missing, or `nobody` on machines
 * without useradd. null: whoever runs this process does.
 */
export function postgresUser(): UserIds | null {
  if (process.getuid?.() !== 0) return null
  const found = idsOf('postgres')
  if (found !== null) return found
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], {
    stdio: 'ignore',
  })
  const made = idsOf('postgres') ?? idsOf('nobody')
  if (made === null)
    throw new Error(
      'Postgres refuses to run as root, and no user `postgres` could be made. Create one, or run this as another user.',
    )
  return made
}

function idsOf(name: string): UserIds | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) }
}
