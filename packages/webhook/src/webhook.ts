import type { RateLimit } from './rate-limit.ts'
import type { SignatureConfig } from './signature-config.ts'

/** Methods that a webhook can be called with. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

export const EXECUTION_LOCATIONS = ['flow', 'webhook'] as const
export type ExecutionLocation = (typeof EXECUTION_LOCATIONS)[number]

/** The fields of a webhook's record that are its own, checked and with their defaults. */
export interface WebhookFields {
  /** Part of the URL: `/webhook/<name>/call`. */
  readonly name: string
  readonly description: string | null
  readonly project_id: string | null
  readonly project_name: string | null
  /** The flow that a call starts, by one of the two. */
  readonly flow_id: string | null
  readonly flow_name: string | null
  /** Where its executions live: in the flow's project, or in the webhook's own. */
  readonly execution_location: ExecutionLocation
  /** Off when created: a URL that starts things is opened on purpose. */
  readonly is_enabled: boolean
  /** Whether executions are productive, or run in development mode. */
  readonly is_productive: boolean
  /** Has to come with each call: in the query, in a JSON payload, or in `key_header`. */
  readonly key: string | null
  readonly key_header: string | null
  readonly signature: SignatureConfig | null
  /** Addresses and CIDRs that may call; empty: all. */
  readonly allow_from: readonly string[]
  readonly rate_limit: RateLimit | null
  /** How long a delivery is known again and starts nothing more, in seconds. */
  readonly replay_window_seconds: number
  readonly methods: readonly Method[]
  /** What a call without `async=` gets: true an answer at once, false the result. */
  readonly is_async: boolean
  /** How long a call waits for the result, in seconds. */
  readonly wait_seconds: number
}
