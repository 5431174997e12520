import { monotonicMs } from '@millrace/runtime'
import {
  connectors,
  type ConnectorRow,
  createSchemaPins,
  type Database,
  flows,
  type FlowRow,
  type PinnedSchemas,
} from '@millrace/store'
import { compileSchema, type SchemaCheck } from '../json-schema.ts'

/** A flow as it is started: its row and what is made of it once. */
export interface CachedFlow {
  readonly row: FlowRow
  /** The source as a JSON string, for the record. */
  readonly scriptJson: string
  readonly checkInput: SchemaCheck | null
  /** What its executions keep of its schemas; null when it has none. */
  readonly schemas: PinnedSchemas | null
}

export type RecordName = { readonly id: string } | { readonly name: string }

/**
 * Flows and connectors by id and by name, kept for a second: thousands of starts a second ask once.
 * A change made through any gateway drops them at once, by the record nudge; a lost nudge costs the
 * second.
 */
export interface FlowCache {
  flow(workspaceId: string, key: RecordName): CachedFlow | null | Promise<CachedFlow | null>
  connector(
    workspaceId: string,
    key: RecordName,
  ): ConnectorRow | null | Promise<ConnectorRow | null>
  /** Forgets what is known of a workspace. */
  drop(workspaceId: string): void
}

const TTL_MS = 1_000
const MAX = 5_000

export function createFlowCache(db: Database): FlowCache {
  const pins = createSchemaPins(db)
  const ofFlows = createShortCache<CachedFlow>(async (workspaceId, key) => {
    const row = await flows.read(db, { workspaceId, ...key })
    if (row === null) return null
    // Also for one that is known: what is started is to be seen in use.
    const { input_schema: input, output_schema: output } = row
    const schemas = await pins.pin(workspaceId, { input, output })
    const known = compiled.get(row.id)
    if (known !== undefined && isSame(known.row, row)) return known
    const flow = {
      row,
      scriptJson: JSON.stringify(row.script),
      checkInput: input === null ? null : compileSchema(input, '/input_schema'),
      schemas,
    }
    if (compiled.size >= MAX) compiled.clear()
    compiled.set(row.id, flow)
    return flow
  })
  // Outlives the second: compiling a schema costs more than asking whether it has changed.
  const compiled = new Map<string, CachedFlow>()
  const ofConnectors = createShortCache<ConnectorRow>((workspaceId, key) =>
    connectors.read(db, { workspaceId, ...key }),
  )
  return {
    flow: ofFlows.get,
    connector: ofConnectors.get,
    drop(workspaceId) {
      ofFlows.drop(workspaceId)
      ofConnectors.drop(workspaceId)
    },
  }
}

const isSame = (a: FlowRow, b: FlowRow): boolean =>
  a.modified_at === b.modified_at &&
  a.script_hash === b.script_hash &&
  a.name === b.name &&
  a.input_schema === b.input_schema &&
  a.output_schema === b.output_schema &&
  a.concurrency === b.concurrency &&
  a.rate_limit === b.rate_limit &&
  a.max_runtime_seconds === b.max_runtime_seconds &&
  a.project_name === b.project_name

/** What `load` finds, kept for a second per workspace and name. */
export function createShortCache<T>(
  load: (workspaceId: string, key: RecordName) => Promise<T | null>,
): {
  get: (workspaceId: string, key: RecordName) => T | null | Promise<T | null>
  drop: (workspaceId: string) => void
} {
  const entries = new Map<string, Entry<T>>()
  // Raised by a drop: what was being read before it must not be kept after it.
  let epoch = 0

  function get(workspaceId: string, key: RecordName): T | null | Promise<T | null> {
    const name = 'id' in key ? `${workspaceId}/id/${key.id}` : `${workspaceId}/name/${key.name}`
    const entry = entries.get(name)
    if (entry !== undefined && (entry.until === null || entry.until > monotonicMs()))
      return entry.value
    const begun = epoch
    const value = load(workspaceId, key).then(
      (found) => {
        if (entries.get(name)?.value === value) {
          if (found === null || begun !== epoch) entries.delete(name)
          else entries.set(name, { value: found, until: monotonicMs() + TTL_MS })
        }
        return found
      },
      (error: unknown) => {
        if (entries.get(name)?.value === value) entries.delete(name)
        throw error
      },
    )
    if (entries.size >= MAX) entries.clear()
    entries.set(name, { value, until: null })
    return value
  }

  return {
    get,
    drop(workspaceId) {
      epoch += 1
      for (const name of entries.keys()) if (name.startsWith(workspaceId)) entries.delete(name)
    },
  }
}

interface Entry<T> {
  readonly value: T | Promise<T | null>
  /** Null while it is being read. */
  readonly until: number | null
}
