import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { UserIds } from './postgres-user.ts'

/** What to give to `spawn`. The process that comes of it is the program itself, not a shell. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly options: { readonly uid?: number; readonly gid?: number; readonly cwd: string }
}

/**
 * A command as another user. When `paths` lie below a folder which that user may not enter (a
 * checkout in /root, a home of mode 0700), it is given one capability of root's and no other: to
 * read and to pass through folders. So nobody has to open up a private folder for Postgres.
 */
export function runAs(
  user: UserIds | null,
  { program, args, paths }: { program: string; args: readonly string[]; paths: readonly string[] },
): Command {
  if (user === null) return { command: program, args, options: { cwd: '/' } }
  const closed = paths.flatMap((path) => closedFolder(path, user) ?? [])[0]
  if (closed === undefined) return { command: program, args, options: { ...user, cwd: '/' } }
  const capability = passThrough()
  if (capability === null)
    throw new Error(
      `Postgres runs as user ${user.uid}, which may not enter ${closed}. ` +
        `Either \`chmod o+x ${closed}\`, or move the checkout and MILLRACE_HOME to a folder that others may enter, such as /opt.`,
    )
  const only = `-all,+${capability}`
  return {
    command: 'setpriv',
    args: [
      // access(2) would otherwise leave the capability out of account.
      ...['--securebits', '+no_setuid_fixup'],
      ...['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'],
      ...[`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`],
      ...[program, ...args],
    ],
    options: { cwd: '/' },
  }
}

/** The topmost folder above `path` that the user may not enter. */
function closedFolder(path: string, { uid, gid }: UserIds): string | undefined {
  const folders: string[] = []
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    folders.unshift(folder)
  return folders.find((folder) => {
    const { mode, uid: owner, gid: group } = statSync(folder)
    if (owner === uid) return (mode & 0o100) === 0
    if (group === gid) return (mode & 0o010) === 0
    return (mode & 0o001) === 0
  })
}

/** The weakest capability for it that this process has: containers often keep only the second. */
function passThrough(): string | null {
  if (process.platform !== 'linux') return null
  const held = BigInt(
    `0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  )
  const has = (bit: bigint): boolean => ((held >> bit) & 1n) === 1n
  const [DAC_OVERRIDE, DAC_READ_SEARCH, SETPCAP] = [1n, 2n, 8n] as const
  if (!has(SETPCAP)) return null
  if (has(DAC_READ_SEARCH)) return 'dac_read_search'
  return has(DAC_OVERRIDE) ? 'dac_override' : null
}
