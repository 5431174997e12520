import { readFileSync } from 'node:fs'
import type { Home } from './home.ts'

/** The environment of a child: that of this process, then `own`. The only reader of it besides config.ts. */
export const childEnvironment = (
  own: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv => ({
  ...process.env,
  ...own,
})

/**
 * What MILLRACE_HOME/child-env.json sets for a service (`engine`) and for one process of it
 * (`engine-1`), if there is such a file: it is read at every start, so that a single process can be
 * given another setting, clock or address while the rest goes on.
 */
export function environmentOverrides(
  home: Home,
  service: string,
  name: string,
): Readonly<Record<string, string>> {
  const all = readOverrides(home.childEnvironment)
  return { ...all[service], ...all[name] }
}

function readOverrides(path: string): Record<string, Record<string, string>> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
