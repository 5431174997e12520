import { type Database, readCalledWebhook } from '@millrace/store'
import { createShortCache } from './flow-cache.ts'
import { configOf, type WebhookConfig } from './webhook-record.ts'

/** A webhook as its calls see it. */
export interface CalledWebhook {
  readonly workspaceId: string
  readonly id: string
  readonly projectId: string | null
  readonly flowId: string
  readonly fields: WebhookConfig & { readonly is_enabled: boolean }
}

/**
 * Webhooks by their addresses, kept for a second. A change made through any gateway drops them at
 * once, by the record nudge; a lost nudge costs the second.
 */
export interface CalledWebhooks {
  /** `key`: the part of the address that names it, an id or a name. */
  get(key: string): CalledWebhook | null | Promise<CalledWebhook | null>
  drop(): void
}

export function createCalledWebhooks(db: Database): CalledWebhooks {
  // An address names no workspace, so the cache knows none.
  const cache = createShortCache<CalledWebhook>(async (_none, key) => {
    const row = await readCalledWebhook(db, key)
    if (row === null) return null
    return {
      workspaceId: row.workspace_id,
      id: row.id,
      projectId: row.project_id,
      flowId: row.flow_id,
      fields: { ...configOf(row.config), is_enabled: row.is_enabled },
    }
  })
  return {
    get(key) {
      // What no name may hold is nobody's, and Postgres would refuse it.
      if (key.length > NAME_MAX || key.includes('\0') || !key.isWellFormed()) return null
      return cache.get('', UUID.test(key) ? { id: key.toLowerCase() } : { name: key })
    },
    drop: () => cache.drop(''),
  }
}

const NAME_MAX = 128
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
