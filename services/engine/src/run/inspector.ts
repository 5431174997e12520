import type { Json } from '@millrace/replay'
import { type Inspected, inspect, type Sandbox } from '@millrace/sandbox'
import { type Database, loadForActivation } from '@millrace/store'
import { inputOf } from './load-held.ts'
import { bytesReferredTo, isTooMuch, TOO_MUCH } from './past.ts'
import { internalize } from './payload-values.ts'
import type { Realms } from './realms.ts'

export interface InspectRequest {
  readonly workspaceId: string
  readonly executionId: string
  /** A call or a stop of its present history. */
  readonly seq: number
  /** JavaScript, evaluated there; what it changes is thrown away. */
  readonly expressions: readonly string[]
}

/** Looks into executions as they were at a call; see `inspect` of the sandbox. */
export interface Inspector {
  /** `failed`: why there is nothing to look at, in a sentence. */
  look(request: InspectRequest): Promise<Inspected>
  close(): Promise<void>
}

/**
 * Runs what is looked at in a sandbox of its own, made when somebody asks first: an expression without
 * an end takes nobody else along.
 */
export function createInspector({
  db,
  realms,
  makeSandbox,
}: {
  readonly db: Database
  readonly realms: Realms
  readonly makeSandbox: () => Sandbox
}): Inspector {
  let aside: Sandbox | null = null

  return {
    async look({ workspaceId, executionId, seq, expressions }) {
      const [row] = await loadForActivation(db, [{ workspaceId, executionId }])
      if (row === undefined) return { failed: `there is no execution ${executionId}` }
      if (row.scriptHash === null) return { failed: 'a connection has no code to look into' }
      const realm = await realms.load(workspaceId, row.scriptHash)
      if (realm === null) return { failed: 'its script is not in this workspace any more' }
      if (!row.isWhole || isTooMuch(row.bytes + bytesReferredTo(row))) return { failed: TOO_MUCH }
      const [text, past] = await Promise.all([inputOf(db, row), internalize(db, workspaceId, row)])
      const input = JSON.parse(text) as Json
      const { generation, type, name, parentId } = row
      const startedAt = row.startedAt ?? 0
      const self = { id: executionId, workspaceId, generation, type, name, parentId, startedAt }
      aside ??= makeSandbox()
      const { script } = realm
      return inspect(aside, { workspaceId, script, self, input, ...past, seq, expressions })
    },
    close: async () => aside?.close(),
  }
}
