import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from './cli-error.ts'
import type { Deps } from './deps.ts'
import { EXIT } from './exit-code.ts'
import { readProfiles, type Profile, type Profiles } from './profile-file.ts'

/** Whom to talk to, and where that was found. */
export interface Server {
  readonly url: string
  readonly apiKey: string | null
  readonly source: string
}

/**
 * The server of `--profile`; else of the environment; else of the current profile; else of a local
 * stack. A key is only ever sent to the address that it was stored with, unless it comes from
 * MILLRACE_API_KEY.
 */
export async function findServer(deps: Deps, profileName: string | null): Promise<Server> {
  const profiles = await readProfiles(deps)
  if (profileName !== null) return fromProfile(profiles, profileName)

  const stored = await storedServers(deps, profiles)
  const url = nonEmpty(deps.env['MILLRACE_URL'])
  const key = nonEmpty(deps.env['MILLRACE_API_KEY'])
  if (url !== null) {
    const keeper = stored.find((server) => sameOrigin(server.url, url))
    return { url, apiKey: key ?? keeper?.apiKey ?? null, source: 'MILLRACE_URL' }
  }
  const [first] = stored
  if (first === undefined) {
    throw new CliError('no server to talk to: there is no profile and no local stack here', {
      exitCode: EXIT.away,
      way: 'start a local stack with `make up`, or use `millrace login --url <url>`, or set MILLRACE_URL and MILLRACE_API_KEY',
    })
  }
  return key === null ? first : { ...first, apiKey: key }
}

function fromProfile(profiles: Profiles, name: string): Server {
  const profile = profiles.profiles[name]
  if (profile === undefined) {
    const known = Object.keys(profiles.profiles)
    throw new CliError(`there is no profile "${name}"`, {
      exitCode: EXIT.refused,
      way:
        known.length === 0
          ? 'add it with `millrace profile add`'
          : `known profiles: ${known.join(', ')}`,
    })
  }
  return toServer(name, profile)
}

async function storedServers(deps: Deps, profiles: Profiles): Promise<Server[]> {
  const current = profiles.current === null ? undefined : profiles.profiles[profiles.current]
  const others = Object.entries(profiles.profiles).filter(([name]) => name !== profiles.current)
  const local = await localStack(deps)
  const first =
    current === undefined || profiles.current === null ? [] : [toServer(profiles.current, current)]
  // Profiles that are not current come last: they only ever lend their key to MILLRACE_URL.
  const rest =
    nonEmpty(deps.env['MILLRACE_URL']) === null
      ? []
      : others.map(([name, profile]) => toServer(name, profile))
  return [...first, ...local, ...rest]
}

async function localStack(deps: Deps): Promise<Server[]> {
  const home = nonEmpty(deps.env['MILLRACE_HOME'])
  const path =
    home === null ? join(deps.cwd, '.millrace', 'credentials.json') : join(home, 'credentials.json')
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return []
  const credentials: unknown = parse(text, path)
  if (
    typeof credentials !== 'object' ||
    credentials === null ||
    !('url' in credentials) ||
    typeof credentials.url !== 'string'
  ) {
    throw new CliError(`${path} names no url`, {
      way: 'start the local stack again with `make up`',
    })
  }
  const apiKey =
    'api_key' in credentials && typeof credentials.api_key === 'string' ? credentials.api_key : null
  return [{ url: credentials.url, apiKey, source: path }]
}

function toServer(name: string, profile: Profile): Server {
  return { url: profile.url, apiKey: profile.api_key, source: `profile ${name}` }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CliError(`${path} is not JSON`)
  }
}

export function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}

function nonEmpty(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value
}
