import { ServiceError } from '@millrace/runtime'
import {
  type Database,
  type LinkableWrapper,
  lockWrapped,
  lockWrappers,
  type Queryable,
  type RecordAct,
  setStaticWrappers,
  wrappers,
  wrapsItself,
} from '@millrace/store'
import { invalid } from '../problem.ts'
import type { WrapperUsesBody } from '../schemas/parts.ts'
import { checkWrapperInput } from './wrapper-input.ts'

/**
 * Changes a record and, where the body names them (null: none), the wrappers that always stand around
 * it: both or neither. `change` says whether the record was there.
 */
export async function withWrappers(
  db: Database,
  record: {
    readonly workspaceId: string
    readonly type: string
    readonly id: string
    /** As its schema lets it in. */
    readonly wrappers: unknown
  },
  change: (db: Queryable) => Promise<boolean>,
): Promise<boolean> {
  const uses = record.wrappers as WrapperUsesBody | null | undefined
  if (uses === undefined) return change(db)
  const { workspaceId, type, id } = record
  return db.transaction(async (tx) => {
    const links = await toLinks(tx, workspaceId, uses ?? [])
    if (!(await change(tx))) return false
    await setStaticWrappers(tx, { workspaceId, type, id, wrappers: links })
    if (type === 'wrapper' && (await wrapsItself(tx, { workspaceId, id })))
      throw invalid([
        { pointer: '/wrappers', message: 'would make it wrap itself; leave one of them out' },
      ])
    return true
  })
}

async function toLinks(
  tx: Queryable,
  workspaceId: string,
  uses: WrapperUsesBody,
): Promise<{ id: string; input: Readonly<Record<string, unknown>> }[]> {
  const ids = uses.flatMap((use) => use.id?.toLowerCase() ?? [])
  const names = uses.flatMap((use) => (use.id === undefined ? (use.name ?? []) : []))
  const found = uses.length === 0 ? [] : await lockWrappers(tx, { workspaceId, ids, names })
  return uses.map((use, index) => {
    const pointer = `/wrappers/${index}`
    const wrapper = found.find((one) => isNamed(one, use))
    if (wrapper === undefined)
      throw invalid([{ pointer, message: 'names no wrapper of this workspace by id or name' }])
    const input = use.input ?? {}
    checkWrapperInput(wrapper.input_schema, input, `${pointer}/input`)
    return { id: wrapper.id, input }
  })
}

const isNamed = (wrapper: LinkableWrapper, use: WrapperUsesBody[number]): boolean =>
  use.id === undefined ? wrapper.name === use.name : wrapper.id === use.id.toLowerCase()

/** What a record that may be wrapped shows of it. */
export const wrappersJson = (row: {
  readonly is_wrapped: boolean
  readonly wrappers: string | null
}): Record<string, string> => ({
  is_wrapped: String(row.is_wrapped),
  wrappers: row.wrappers ?? '[]',
})

/** Wrappers as records, of which none goes away while something needs it to start. */
export const unlinkedWrappers = {
  ...wrappers,
  trash: (db: Database, act: RecordAct): Promise<boolean> =>
    db.transaction(async (tx) => {
      await refuseLinked(tx, act)
      return wrappers.trash(tx, act)
    }),
  remove: (db: Database, key: { workspaceId: string; id: string }): Promise<boolean> =>
    db.transaction(async (tx) => {
      await refuseLinked(tx, key)
      return wrappers.remove(tx, key)
    }),
}

async function refuseLinked(
  tx: Queryable,
  key: { workspaceId: string; id: string },
): Promise<void> {
  const wrapped = await lockWrapped(tx, key)
  if (wrapped.length === 0) return
  const shown = wrapped.map((row) => `${row.wrapped_type} ${row.wrapped_name ?? row.wrapped_id}`)
  throw new ServiceError(
    'conflict',
    `It always stands around ${shown.join(', ')}${wrapped.length === 10 ? ', …' : ''}. Take it off there first, with PATCH and other wrappers.`,
  )
}
