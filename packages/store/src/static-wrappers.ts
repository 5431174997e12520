import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'
import type { JsonObject } from './wrap-targets.ts'

/** A wrapper that records may be given. */
export interface LinkableWrapper {
  readonly id: string
  readonly name: string
  /** JSON text: of its own inputs. */
  readonly input_schema: string | null
}

/** The wrappers of these ids and names, kept from the trash until the transaction ends. In no order. */
export function lockWrappers(
  tx: Queryable,
  request: { workspaceId: string; ids: readonly string[]; names: readonly string[] },
): Promise<LinkableWrapper[]> {
  return tx.query(statements.lockWrappers, [request.workspaceId, request.ids, request.names])
}

/**
 * Makes these the wrappers of a record, from the outermost on; none unwraps it. In the transaction of
 * `lockWrappers` and of the change of the record itself.
 */
export async function setStaticWrappers(
  tx: Queryable,
  change: {
    readonly workspaceId: string
    /** As in the path of its address. */
    readonly type: string
    readonly id: string
    readonly wrappers: readonly { readonly id: string; readonly input: JsonObject }[]
  },
): Promise<void> {
  const { workspaceId, type, id, wrappers } = change
  const links = wrappers.map(({ id: wrapperId, input }) => ({ wrapper_id: wrapperId, input }))
  await tx.query(statements.setStaticWrappers, [workspaceId, id, type, JSON.stringify(links)])
}

/** Whether a wrapper is, over any number of others, a wrapper of itself. */
export async function wrapsItself(
  tx: Queryable,
  key: { workspaceId: string; id: string },
): Promise<boolean> {
  return (await tx.query(statements.reaches, [key.workspaceId, key.id])).length > 0
}

/** A record that a wrapper stands around. */
export interface WrappedRow {
  readonly wrapped_type: string
  readonly wrapped_id: string
  readonly wrapped_name: string | null
}

/** What a wrapper stands around, at most ten of them; nobody gives it to more before the transaction ends. */
export async function lockWrapped(
  tx: Queryable,
  key: { workspaceId: string; id: string },
): Promise<WrappedRow[]> {
  const params = [key.workspaceId, key.id]
  await tx.query(statements.lockWrapper, params)
  return tx.query(statements.readWrapped, params)
}

const statements = loadStatements('static-wrappers', [
  'lockWrappers',
  'setStaticWrappers',
  'reaches',
  'lockWrapper',
  'readWrapped',
])
