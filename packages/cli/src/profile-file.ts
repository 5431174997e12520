import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CliError } from './cli-error.ts'
import type { Deps } from './deps.ts'

/** Named servers and which of them is meant when nothing is said. */
export interface Profiles {
  readonly current: string | null
  readonly profiles: Readonly<Record<string, Profile>>
}

export interface Profile {
  readonly url: string
  /** An API key, or the token of a login. */
  readonly api_key: string | null
  /** RFC 3339, for the token of a login. */
  readonly expires_at?: string | null
}

type Where = Pick<Deps, 'env' | 'homeDir'>

export function profilePath({ env, homeDir }: Where): string {
  const configured = env['XDG_CONFIG_HOME']
  const base = configured === undefined || configured === '' ? join(homeDir, '.config') : configured
  return join(base, 'millrace', 'profiles.json')
}

export async function readProfiles(where: Where): Promise<Profiles> {
  const path = profilePath(where)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new CliError(`cannot read ${path}: ${message}`)
  })
  if (text === null) return { current: null, profiles: {} }
  try {
    const { current = null, profiles = {} } = JSON.parse(text) as Partial<Profiles>
    return { current, profiles }
  } catch {
    throw new CliError(`${path} is not JSON`, { way: 'mend or remove the file' })
  }
}

/**
 * Writes the file anew, readable by its owner alone. A crash half way leaves the old one.
 * It holds keys, so it is never open to others, not even for a moment.
 */
export async function writeProfiles(where: Where, profiles: Profiles): Promise<void> {
  const path = profilePath(where)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.new`
  await writeFile(draft, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, path)
}
