import type { Queryable } from './database.ts'
import { toRefRows } from './resolve.ts'
import { loadStatements } from './statement.ts'

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A wrapper as somebody names it: by name or id, with what it is given besides what it wraps. */
export interface WrapperUse {
  readonly ref: string
  readonly input: JsonObject
}

/** Something that is to be started, and the wrappers that may stand around it. */
export interface WrapTarget {
  readonly workspaceId: string
  /**
   * What a wrapper is told: the fields of the request that starts it (`flow_id`, `input_value`, …),
   * its `type` and its `name`.
   */
  readonly wrapped: JsonObject
  /** Those of the call, from the outermost on. They stand outside of the static ones. */
  readonly wrappers: readonly WrapperUse[]
  /** The records whose static wrappers apply, those of the first one outside. */
  readonly staticOf: readonly string[]
}

export interface ResolvedWrapper {
  readonly id: string
  readonly name: string
  readonly script_hash: string
  /** JSON text: of its own inputs. */
  readonly input_schema: string | null
  readonly is_wrapped: boolean
}

/**
 * `wrapper`: runs instead, with this input. `named`: the wrappers of the call, in its order.
 * `unknown`: the call names one that is not there. `circle`: wrappers that wrap each other. Null: it
 * has no wrappers (any more).
 */
export type Wrapping =
  | {
      readonly kind: 'wrapper'
      readonly id: string
      readonly name: string
      readonly scriptHash: string
      readonly input: JsonObject
      readonly named: readonly ResolvedWrapper[]
    }
  | { readonly kind: 'unknown'; readonly index: number; readonly ref: string }
  | { readonly kind: 'circle'; readonly name: string }
  | null

/** Wrappers around wrappers, at most. */
const DEPTH_MAX = 32

/**
 * Finds for each target the wrapper that runs in its place. The first one of the chain is told how to
 * start the target and which wrappers are still to come; when it has static wrappers of its own, it is
 * itself what the first of those is told to start, and so on. Two reads for each level of this, and
 * hardly anything has more than one.
 */
export async function wrapTargets(
  db: Queryable,
  targets: readonly WrapTarget[],
): Promise<Wrapping[]> {
  const found: Wrapping[] = targets.map(() => null)
  let pending: readonly Pending[] = targets.map((target, place) => ({ ...target, place }))
  for (let depth = 0; pending.length > 0; depth += 1) {
    const [named, fixed] = await Promise.all([readNamed(db, pending), readStatic(db, pending)])
    const next: Pending[] = []
    for (const [at, target] of pending.entries()) {
      const { place } = target
      const step = wrapOnce(target, named[at] ?? [], fixed[at] ?? [])
      if (step === null) continue
      if (step.kind === 'unknown') found[place] = step
      else if (depth === DEPTH_MAX) found[place] = { kind: 'circle', name: step.head.name }
      else {
        const { head, input } = step
        // The wrappers of the call are those of the first level; below it there are static ones only.
        const before = found[place]
        const callers = before?.kind === 'wrapper' ? before.named : step.named
        const { id, name, script_hash: scriptHash } = head
        found[place] = { kind: 'wrapper', id, name, scriptHash, input, named: callers }
        if (head.is_wrapped) next.push(asTarget(target, head, input))
      }
    }
    pending = next
  }
  return found
}

interface Pending extends WrapTarget {
  /** Among the targets that were asked for. */
  readonly place: number
}

interface Link extends Pick<ResolvedWrapper, 'id' | 'name' | 'script_hash' | 'is_wrapped'> {
  readonly own: JsonObject
}

function wrapOnce(
  { wrappers, wrapped }: WrapTarget,
  resolved: readonly (ResolvedWrapper | null)[],
  fixed: readonly Link[],
):
  | { kind: 'unknown'; index: number; ref: string }
  | { kind: 'head'; head: Link; input: JsonObject; named: readonly ResolvedWrapper[] }
  | null {
  const chain: Link[] = []
  const named: ResolvedWrapper[] = []
  for (const [index, { ref, input }] of wrappers.entries()) {
    const wrapper = resolved[index] ?? null
    if (wrapper === null) return { kind: 'unknown', index, ref }
    named.push(wrapper)
    chain.push({ ...wrapper, own: input })
  }
  chain.push(...fixed)
  const [head, ...inner] = chain
  if (head === undefined) return null
  const rest = inner.map(({ id, name, own }) => ({ id, name, input: own }))
  const told = rest.length === 0 ? wrapped : { ...wrapped, wrappers: rest }
  return { kind: 'head', head, input: { ...head.own, wrapped: told }, named }
}

/** A wrapper that has wrappers of its own, as what they are told to start. */
function asTarget(target: Pending, head: Link, input: JsonObject): Pending {
  const { workspaceId, place } = target
  const name = target.wrapped['name'] ?? head.name
  const facts = { type: 'WRAPPER', wrapper_id: head.id, wrapper_name: head.name, name }
  return {
    workspaceId,
    place,
    wrapped: { ...facts, input_value: input },
    wrappers: [],
    staticOf: [head.id],
  }
}

/** In the order of `refs`; null for what does not exist in its workspace. */
export async function resolveWrappers(
  db: Queryable,
  refs: readonly { readonly workspaceId: string; readonly ref: string }[],
): Promise<(ResolvedWrapper | null)[]> {
  const found: (ResolvedWrapper | null)[] = refs.map(() => null)
  if (refs.length === 0) return found
  const rows = await db.query<ResolvedWrapper & { place: number }>(sql.resolveWrappers, [
    JSON.stringify(toRefRows(refs)),
  ])
  for (const row of rows) found[row.place] = row
  return found
}

/** For each target the wrappers that its call names. */
async function readNamed(
  db: Queryable,
  targets: readonly WrapTarget[],
): Promise<(ResolvedWrapper | null)[][]> {
  const refs = targets.flatMap(({ workspaceId, wrappers }) =>
    wrappers.map(({ ref }) => ({ workspaceId, ref })),
  )
  const resolved = await resolveWrappers(db, refs)
  let to = 0
  return targets.map(({ wrappers }) => {
    to += wrappers.length
    return resolved.slice(to - wrappers.length, to)
  })
}

/** For each target the static ones. */
async function readStatic(db: Queryable, targets: readonly WrapTarget[]): Promise<Link[][]> {
  const found: Link[][] = targets.map(() => [])
  const asked = targets.flatMap(({ workspaceId, staticOf }, at) =>
    staticOf.map((id) => ({ at, workspace_id: workspaceId, id })),
  )
  if (asked.length === 0) return found
  const rows = await db.query<StaticRow>(sql.readStaticWrappers, [
    JSON.stringify(asked.map(({ workspace_id, id }, place) => ({ place, workspace_id, id }))),
  ])
  for (const { place, input, ...wrapper } of rows)
    found[asked[place]?.at ?? -1]?.push({ ...wrapper, own: JSON.parse(input) as JsonObject })
  return found
}

interface StaticRow extends Omit<Link, 'own'> {
  readonly place: number
  /** JSON text. */
  readonly input: string
}

const sql = loadStatements('wrapping', ['resolveWrappers', 'readStaticWrappers'])
