import { sha256Hex } from '@millrace/runtime'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

/** Source that executions pin by its hash, so that editing a flow never changes a run. */
export interface Script {
  readonly language: 'typescript' | 'python'
  readonly source: string
}

/** sha256 (hex) of language, a NUL byte and the source. */
export const scriptHash = ({ language, source }: Script): string =>
  sha256Hex(`${language}\0${source}`)

/** Keeps a script and returns its hash. Keeping it twice keeps it once. */
export async function putScript(
  db: Queryable,
  workspaceId: string,
  script: Script,
): Promise<string> {
  const hash = scriptHash(script)
  await db.query(statements.putScript, [workspaceId, hash, script.language, script.source])
  return hash
}

export async function readScript(
  db: Queryable,
  workspaceId: string,
  hash: string,
): Promise<Script | null> {
  const rows = await db.query<Script>(statements.readScript, [workspaceId, hash])
  return rows[0] ?? null
}

const statements = loadStatements('scripts', ['putScript', 'readScript'])
