import { monotonicMs, sha256Hex } from '@millrace/runtime'
import type { Queryable } from './database.ts'
import { type Payload, putPayloads } from './payloads.ts'

/**
 * The schemas that an execution was created with, as its `extra` names them: sha256 (hex) of their JSON
 * texts, which are payloads. Editing its flow changes neither what it was checked against nor what its
 * output has to be.
 */
export interface PinnedSchemas {
  readonly input_schema_hash?: string
  readonly output_schema_hash?: string
}

export interface SchemaPins {
  /**
   * Stores the schemas of a flow (JSON texts) before an execution refers to them; null when it has
   * none. Whoever goes on starting asks again within a few minutes, so that retention sees them in use.
   */
  pin(
    workspaceId: string,
    schemas: { readonly input: string | null; readonly output: string | null },
  ): Promise<PinnedSchemas | null>
}

export function createSchemaPins(db: Queryable): SchemaPins {
  /** When each was put, by this process's own count of ms. */
  const putAt = new Map<string, number>()

  return {
    async pin(workspaceId, { input, output }) {
      if (input === null && output === null) return null
      const payloads: Payload[] = []
      const hashOf = (text: string): string => {
        const hash = sha256Hex(text)
        const key = `${workspaceId}/${hash}`
        const before = putAt.get(key)
        if (before === undefined || monotonicMs() - before > AGAIN_MS)
          payloads.push({ workspaceId, hash, text })
        return hash
      }
      const pinned = {
        ...(input !== null && { input_schema_hash: hashOf(input) }),
        ...(output !== null && { output_schema_hash: hashOf(output) }),
      }
      if (payloads.length > 0) {
        const at = monotonicMs()
        await putPayloads(db, payloads)
        if (putAt.size > REMEMBERED_MAX) putAt.clear()
        for (const { hash } of payloads) putAt.set(`${workspaceId}/${hash}`, at)
      }
      return pinned
    },
  }
}

// Retention leaves what was put within its time and five minutes more.
const AGAIN_MS = 60_000
const REMEMBERED_MAX = 10_000
