import { newId } from '@millrace/runtime'
import type { Database, Queryable } from './database.ts'
import { putScripts } from './resolve.ts'
import { scriptHash } from './scripts.ts'
import { loadStatements } from './statement.ts'

/** A wrapper that comes with the product. */
export interface StandardWrapper {
  readonly name: string
  readonly description: string
  /** TypeScript. */
  readonly source: string
  /** JSON text: of its own inputs. */
  readonly inputSchema: string
}

/**
 * Gives every workspace the wrappers of this version of the product. What people have changed, renamed
 * or put into the trash stays as they have it. Twice does it once.
 */
export async function updateStandardWrappers(
  db: Database,
  standard: readonly StandardWrapper[],
): Promise<void> {
  const params = [JSON.stringify(standard.map(toRow))]
  const outdated = await db.query<{ id: string }>(statements.outdatedWorkspaces, params)
  for (const { id } of outdated)
    await db.transaction((tx) => installStandardWrappers(tx, id, standard))
}

/** The same for one workspace, such as one that is being founded. */
export async function installStandardWrappers(
  tx: Queryable,
  workspaceId: string,
  standard: readonly StandardWrapper[],
): Promise<void> {
  const scripts = standard.map(({ source }) => ({ workspaceId, ...asScript(source) }))
  await putScripts(tx, scripts)
  const rows = standard.map((wrapper) => ({ id: newId(), ...toRow(wrapper) }))
  await tx.query(statements.installStandardWrappers, [workspaceId, JSON.stringify(rows)])
}

const asScript = (source: string) => ({ language: 'typescript', source }) as const

const toRow = ({ name, description, source, inputSchema }: StandardWrapper) => ({
  name,
  description,
  script_hash: scriptHash(asScript(source)),
  input_schema: inputSchema,
})

const statements = loadStatements('standard-wrappers', [
  'outdatedWorkspaces',
  'installStandardWrappers',
])
